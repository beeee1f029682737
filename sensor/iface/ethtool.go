package iface

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Commands and sizes of linux/ethtool.h.
const (
	ringParams   = 0x10
	stringList   = 0x1b
	stringSets   = 0x37
	getFeatures  = 0x3a
	setFeatures  = 0x3b
	featureNames = 4  // ETH_SS_FEATURES
	nameSize     = 32 // ETH_GSTRING_LEN
	maxFeatures  = 1024
)

// ethtool does one SIOCETHTOOL on an interface; request begins with the command and
// is changed in place. Any kind of socket will do: one that a sandbox allows.
func ethtool(name string, request []byte) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	defer unix.Close(fd)
	ifreq := struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}{data: unsafe.Pointer(&request[0])}
	copy(ifreq.name[:unix.IFNAMSIZ-1], name)
	if _, _, no := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&ifreq))); no != 0 {
		return no
	}
	return nil
}

// words is a request of 32-bit words in the order of this machine.
func words(w ...uint32) []byte {
	var b []byte
	for _, x := range w {
		b = binary.NativeEndian.AppendUint32(b, x)
	}
	return b
}

func word(b []byte, i int) uint32 { return binary.NativeEndian.Uint32(b[4*i:]) }

// featureIndex is the number of each offload by the name that `ethtool -k` shows in full.
func featureIndex(name string) (map[string]int, error) {
	info := words(stringSets, 0, 1<<featureNames, 0, 0)
	if err := ethtool(name, info); err != nil {
		return nil, err
	}
	n := int(word(info, 4))
	if n == 0 || n > maxFeatures {
		return nil, unix.EOPNOTSUPP
	}
	list := append(words(stringList, featureNames, uint32(n)), make([]byte, n*nameSize)...)
	if err := ethtool(name, list); err != nil {
		return nil, err
	}
	index := make(map[string]int, n)
	for i := range n {
		text, _, _ := bytes.Cut(list[12+i*nameSize:12+(i+1)*nameSize], []byte{0})
		index[string(text)] = i
	}
	return index, nil
}

// feature is how one offload of an interface stands.
type feature struct {
	on    bool
	fixed bool // the driver lets nobody change it
}

// features reads the offloads of an interface by name.
func features(name string) (map[string]feature, error) {
	index, err := featureIndex(name)
	if err != nil {
		return nil, err
	}
	blocks := (len(index) + 31) / 32
	state := append(words(getFeatures, uint32(blocks)), make([]byte, blocks*16)...)
	if err := ethtool(name, state); err != nil {
		return nil, err
	}
	all := make(map[string]feature, len(index))
	for name, i := range index {
		block, bit := 2+i/32*4, uint32(1)<<(i%32)
		available, active, never := word(state, block), word(state, block+2), word(state, block+3)
		all[name] = feature{on: active&bit != 0, fixed: available&bit == 0 || never&bit != 0}
	}
	return all, nil
}

// setFeature switches one offload.
func setFeature(name, which string, on bool) error {
	index, err := featureIndex(name)
	if err != nil {
		return err
	}
	i, known := index[which]
	if !known {
		return unix.EOPNOTSUPP
	}
	blocks := (len(index) + 31) / 32
	ask := append(words(setFeatures, uint32(blocks)), make([]byte, blocks*8)...)
	at, bit := 8+i/32*8, uint32(1)<<(i%32)
	binary.NativeEndian.PutUint32(ask[at:], bit)
	if on {
		binary.NativeEndian.PutUint32(ask[at+4:], bit)
	}
	return ethtool(name, ask)
}

// Offloads lists what this host changes in the frames of an interface before they are
// seen, by the full names of `ethtool -k`; none where the driver does not say.
func Offloads(name string) (on []string) {
	all, _ := features(name)
	for _, which := range offloads {
		if all[which].on {
			on = append(on, which)
		}
	}
	return on
}

// Ring is how many frames the card's receive ring holds, and could hold; 0 unknown.
func Ring(name string) (now, most uint32) {
	r := append(words(ringParams), make([]byte, 32)...)
	if ethtool(name, r) != nil {
		return 0, 0
	}
	return word(r, 5), word(r, 1)
}

// Driver is the name of an interface's driver, "" unknown.
func Driver(name string) string {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	info, err := unix.IoctlGetEthtoolDrvinfo(fd, name)
	if err != nil {
		return ""
	}
	return unix.ByteSliceToString(info.Driver[:])
}
