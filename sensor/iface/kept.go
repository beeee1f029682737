package iface

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/brandmelder/brandmelder/sensor/lasting"
)

// kept is what an interface was like before it was prepared. It lies in a file from
// before the first change to after the last one was undone, so that it can be undone
// by another process. It is kept by number, since a name may change meanwhile, and is
// of the link address too, since a number may be used again.
type kept struct {
	Name   string  `json:"name"`
	Index  int     `json:"index"`
	MAC    string  `json:"mac"`
	Before []value `json:"before"` // all that prepare may change, in the order of traits

	path string
}

// value is one trait as it was.
type value struct {
	Trait string `json:"trait"`
	Value string `json:"value"`
}

// RunDir is where what was before is kept until it is restored: what systemd made for
// the unit, else the system's, else the user's own. Like the settings themselves it
// does not outlive the machine's start.
func RunDir() string {
	if dir, _, _ := strings.Cut(os.Getenv("RUNTIME_DIRECTORY"), ":"); dir != "" {
		return dir
	}
	if home := os.Getenv("XDG_RUNTIME_DIR"); os.Geteuid() != 0 && filepath.IsAbs(home) {
		return filepath.Join(home, "brandmelder")
	}
	return "/run/brandmelder"
}

// namespace is the number of the network that this thread is in: interfaces of two
// networks may have the same number.
func namespace() (uint64, error) {
	var s unix.Stat_t
	if err := unix.Stat("/proc/thread-self/ns/net", &s); err != nil {
		return 0, fmt.Errorf("own network namespace: %w", err)
	}
	return s.Ino, nil
}

func keptPath(dir string, index int) (string, error) {
	n, err := namespace()
	return filepath.Join(dir, fmt.Sprintf("iface-%d-%d.json", n, index)), err
}

// keptOf reads what is kept of an interface; a new one with nothing kept if there is
// none, or if it is of an interface that had this number before.
func keptOf(dir string, l netlink.Link) (*kept, error) {
	a := l.Attrs()
	path, err := keptPath(dir, a.Index)
	if err != nil {
		return nil, err
	}
	k, err := readKept(path)
	if errors.Is(err, os.ErrNotExist) || err == nil && k.MAC != a.HardwareAddr.String() {
		return &kept{Name: a.Name, Index: a.Index, MAC: a.HardwareAddr.String(), path: path}, nil
	}
	return k, err
}

func readKept(path string) (*kept, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	k := &kept{path: path}
	if err := json.Unmarshal(b, k); err != nil {
		return nil, fmt.Errorf("%s cannot be read, so nobody knows what the interface was like; remove it: %w", path, err)
	}
	return k, nil
}

// allKept reads everything that is kept of this network's interfaces.
func allKept(dir string) (all []*kept, err error) {
	n, err := namespace()
	if err != nil {
		return nil, err
	}
	paths, err := filepath.Glob(filepath.Join(dir, fmt.Sprintf("iface-%d-*.json", n)))
	for _, path := range paths {
		k, failed := readKept(path)
		if failed != nil {
			return nil, failed
		}
		all = append(all, k)
	}
	return all, err
}

func (k *kept) has(trait string) bool {
	for _, v := range k.Before {
		if v.Trait == trait {
			return true
		}
	}
	return false
}

func (k *kept) save() error {
	b, err := json.Marshal(k)
	if err != nil {
		return err
	}
	return lasting.Disk{}.Place(k.path, append(b, '\n'))
}

func (k *kept) forget() error {
	if err := os.Remove(k.path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
