package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/iface"
)

func init() {
	register(Spec{
		Name: "ring",
		Doc:  "an interface of this host, through rings that the kernel fills (AF_PACKET, TPACKET_V3)",
		Live: true,
		Match: func(name string, _ []byte) bool {
			all, err := iface.Names()
			return err == nil && slices.Contains(all, name)
		},
		Open: Live,
	})
}

// ErrPermission says that the process may not capture.
var ErrPermission = errors.New("not permitted")

const (
	blockSize   = 1 << 20 // bytes: the largest frame that the kernel hands over fits (GRO: 512 KiB)
	ringDefault = 32 << 20
	retireAfter = 20                     // ms until the kernel hands over a block that is not full
	pollFor     = 100 * time.Millisecond // of silence until ErrIdle
)

// Live opens o.Rings rings (at least one) on an interface. All packets between two
// addresses come to one ring, both directions and all fragments of them; of a
// tunnel the inner addresses count. Nothing is ever sent, and the interface is
// not changed but for its promiscuous mode, which ends with the rings.
//
// The rings follow the interface: when it goes down, is removed and made again, or
// is renamed, Read returns ErrIdle until there are packets again and Stats.Blind
// of the first ring records the time.
func Live(name string, o Options) ([]Source, error) {
	n := max(o.Rings, 1)
	l, err := newLink(name)
	if err != nil {
		return nil, err
	}
	var rings []Source
	for i := range n {
		l.users++
		r := &ring{link: l, first: i == 0, shared: n > 1, blocks: max(2, max(o.Buffer, 0)/blockSize), name: name, fd: -1}
		if o.Buffer <= 0 {
			r.blocks = ringDefault / blockSize
		}
		rings = append(rings, newWatch(r))
		if err = r.open(); err != nil {
			return nil, errors.Join(err, Join(rings).Close())
		}
	}
	for _, s := range rings {
		if err = s.(*watch).rings[0].hear(); err != nil {
			return nil, errors.Join(err, Join(rings).Close())
		}
	}
	return rings, nil
}

// ring is one TPACKET_V3 ring (packet(7), Documentation/networking/packet_mmap.rst).
type ring struct {
	link          *link
	first, shared bool
	name          string // as it was asked for
	blocks        int
	raw           bool // frames begin at the network header

	memory  []byte
	block   int    // the one to read
	offset  uint32 // of the next packet in the block, 0 when the block is not begun
	left    uint32 // packets in the block
	packets uint64
	bytes   uint64
	shown   struct{ packets, bytes atomic.Uint64 }

	followed time.Time // when the interface was last looked at

	mu    sync.Mutex // held to change fd and to add up the kernel's counters
	fd    int        // -1 while the interface is down or gone
	stats struct{ seen, dropped, freezes uint64 }
}

// open makes the ring's socket, still deaf, or leaves fd at -1 when the interface is not up.
func (r *ring) open() error {
	index, up := r.link.look()
	if !up {
		return nil
	}
	fd, memory, err := r.listen(index)
	if err != nil {
		return err
	}
	r.raw = r.link.sort != linkEthernet
	r.block, r.offset, r.left = 0, 0, 0
	r.mu.Lock()
	r.fd, r.memory = fd, memory
	r.mu.Unlock()
	return nil
}

// hear opens the ears of the ring: not before it is in its group, or it would get
// what another ring gets too.
func (r *ring) hear() error {
	if r.fd < 0 {
		return nil
	}
	if err := unix.SetsockoptInt(r.fd, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0); err != nil {
		return r.refused("open the filter", err)
	}
	r.link.sees()
	return nil
}

// listen opens a socket without a protocol until its ring stands, so that no packet
// of another interface gets in, and with a filter that lets nothing pass until hear.
func (r *ring) listen(index int) (fd int, memory []byte, err error) {
	fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, nil, r.refused("open a packet socket", err)
	}
	defer func() {
		if err != nil {
			unix.Munmap(memory)
			unix.Close(fd)
		}
	}()
	if err = unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return fd, nil, r.refused("ask for TPACKET_V3", err)
	}
	nothing := unix.SockFprog{Len: 1, Filter: &unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K}}
	if err = unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &nothing); err != nil {
		return fd, nil, r.refused("set a filter", err)
	}
	const frame = 2048 // only has to divide a block: frames of any size follow each other in it
	request := unix.TpacketReq3{
		Block_size: blockSize, Block_nr: uint32(r.blocks),
		Frame_size: frame, Frame_nr: uint32(r.blocks) * (blockSize / frame),
		Retire_blk_tov: retireAfter,
	}
	if err = unix.SetsockoptTpacketReq3(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &request); err != nil {
		return fd, nil, r.refused(fmt.Sprintf("make a ring of %d MiB", r.blocks), err)
	}
	memory, err = unix.Mmap(fd, 0, r.blocks*blockSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fd, nil, r.refused("map the ring", err)
	}
	member := unix.PacketMreq{Ifindex: int32(index), Type: unix.PACKET_MR_PROMISC}
	if err = unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &member); err != nil {
		return fd, memory, r.refused("switch on promiscuous mode", err)
	}
	if err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: everyProtocol(), Ifindex: index}); err != nil {
		return fd, memory, r.refused("listen", err)
	}
	if r.shared {
		err = r.link.join(fd)
	}
	return fd, memory, err
}

// everyProtocol is ETH_P_ALL as a packet socket wants it, in network order.
func everyProtocol() uint16 {
	return binary.NativeEndian.Uint16([]byte{unix.ETH_P_ALL >> 8, unix.ETH_P_ALL & 0xff})
}

// refused words an error for the person who started the capture.
func (r *ring) refused(what string, err error) error {
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return fmt.Errorf("capture on %s needs CAP_NET_RAW: run as root, or give the program the right "+
			"(setcap cap_net_raw,cap_net_admin,cap_bpf+ep): %w: %w", r.name, ErrPermission, err)
	}
	return fmt.Errorf("capture on %s: %s: %w", r.name, what, err)
}

// ready reports whether there is a packet to hand out, and looks at the interface now and then.
func (r *ring) ready() (bool, error) {
	unread := r.left > 0 || r.nextBlock()
	if time.Since(r.followed) < pollFor {
		return unread, nil
	}
	return unread, r.follow(unread)
}

// nextBlock gives the block that was read back to the kernel and begins the next if that is full.
func (r *ring) nextBlock() bool {
	if r.fd < 0 {
		return false
	}
	if r.offset != 0 {
		atomic.StoreUint32(&r.header().Block_status, unix.TP_STATUS_KERNEL)
		r.offset = 0
		r.block = (r.block + 1) % r.blocks
		r.show()
	}
	h := r.header()
	if atomic.LoadUint32(&h.Block_status)&unix.TP_STATUS_USER == 0 {
		return false
	}
	r.left = h.Num_pkts
	r.offset = h.Offset_to_first_pkt
	return true
}

func (r *ring) header() *unix.TpacketHdrV1 {
	d := (*unix.TpacketBlockDesc)(unsafe.Pointer(&r.memory[r.block*blockSize]))
	return (*unix.TpacketHdrV1)(unsafe.Pointer(&d.Hdr))
}

func (r *ring) packet(p *event.Packet) {
	at := uint32(r.block)*blockSize + r.offset
	h := (*unix.Tpacket3Hdr)(unsafe.Pointer(&r.memory[at]))
	begin, size, wire := uint32(h.Mac), h.Snaplen, h.Len
	p.Link = linkEthernet
	if r.raw {
		p.Link = linkRaw
		if cut := uint32(h.Net) - begin; h.Net > h.Mac && cut <= size {
			begin, size, wire = uint32(h.Net), size-cut, wire-cut
		}
	}
	p.Data = r.memory[at+begin : at+begin+size : at+begin+size]
	p.Time = int64(h.Sec)*1e9 + int64(h.Nsec)
	p.Wire = wire
	p.Segment = 0
	p.Unsummed = h.Status&unix.TP_STATUS_CSUMNOTREADY != 0
	p.Tag = 0
	if h.Status&unix.TP_STATUS_VLAN_VALID != 0 {
		p.Tag = 0x8100<<16 | h.Hv1.Vlan_tci&0xffff
		if h.Status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
			p.Tag = uint32(h.Hv1.Vlan_tpid)<<16 | h.Hv1.Vlan_tci&0xffff
		}
	}
	r.packets++
	r.bytes += uint64(size)
	r.offset += h.Next_offset
	r.left--
}

// follow makes the ring listen to the interface as it is now; not while packets
// are unread, which would be lost with the socket.
func (r *ring) follow(unread bool) error {
	r.followed = time.Now()
	if r.fd >= 0 {
		// The kernel says so once, then goes on by itself when the same interface returns.
		if no, _ := unix.GetsockoptInt(r.fd, unix.SOL_SOCKET, unix.SO_ERROR); unix.Errno(no) == unix.ENETDOWN {
			r.link.dark()
		}
	}
	index, up := r.link.look()
	if !up {
		return nil
	}
	if r.fd >= 0 && r.bound() == index {
		r.link.sees()
		return nil
	}
	if unread {
		return nil
	}
	err := r.shut()
	if err == nil {
		err = r.open()
	}
	if err == nil {
		err = r.hear()
	}
	if errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENXIO) || errors.Is(err, unix.ENETDOWN) || errors.Is(err, unix.EINVAL) {
		return nil // gone again meanwhile: the next look knows
	}
	return err
}

// bound is the interface the kernel holds the socket to, -1 once that was removed.
func (r *ring) bound() int {
	to, err := unix.Getsockname(r.fd)
	if err != nil {
		return -1
	}
	if l, ok := to.(*unix.SockaddrLinklayer); ok {
		return l.Ifindex
	}
	return -1
}

// count adds the kernel's counters, which begin at 0 after each look; the caller holds the lock.
func (r *ring) count() {
	if r.fd < 0 {
		return
	}
	s, err := unix.GetsockoptTpacketStatsV3(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return
	}
	r.stats.seen += uint64(s.Packets) // drops are among them
	r.stats.dropped += uint64(s.Drops)
	r.stats.freezes += uint64(s.Freeze_q_cnt)
}

// shut closes the socket and gives the memory back, which also ends promiscuous mode.
func (r *ring) shut() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fd < 0 {
		return nil
	}
	r.count()
	err := errors.Join(os.NewSyscallError("munmap", unix.Munmap(r.memory)), os.NewSyscallError("close", unix.Close(r.fd)))
	r.fd, r.memory = -1, nil
	r.left, r.offset = 0, 0
	r.show()
	return err
}

func (r *ring) free() error {
	r.show()
	defer r.link.leave()
	return r.shut()
}

// show lets Stats hear of the packets handed out.
func (r *ring) show() {
	r.shown.packets.Store(r.packets)
	r.shown.bytes.Store(r.bytes)
}

// addTo adds what this ring counted.
func (r *ring) addTo(s *Stats) {
	r.mu.Lock()
	r.count()
	s.Seen += r.stats.seen
	s.Dropped += r.stats.dropped
	s.Freezes += r.stats.freezes
	r.mu.Unlock()
	s.Delivered += r.shown.packets.Load()
	s.Bytes += r.shown.bytes.Load()
	if r.first {
		r.link.mu.Lock()
		s.Notes = append(s.Notes, r.link.notes...)
		s.Blind = append(s.Blind, r.link.blind...)
		r.link.mu.Unlock()
	}
}
