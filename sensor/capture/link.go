package capture

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/iface"
)

// Link types of what an interface delivers.
const (
	linkEthernet event.LinkType = 1
	linkRaw      event.LinkType = 101 // begins with the IP header
)

const (
	maxBlind  = 256
	linkEvery = 50 * time.Millisecond // between two looks at an interface
)

// link follows an interface: by its number while that exists, so that a rename
// changes nothing, else by the name it had. The rings of an interface share it.
type link struct {
	mu      sync.Mutex
	netlink *netlink.Handle // bound to the namespace in which it was made
	name    string
	index   int
	trouble Reason // why nothing can come, "" when packets can
	sort    event.LinkType
	looked  time.Time
	seen    int64 // ns since 1970, when it last was up
	users   int
	group   int // fanout group of the interface as it is now, 0 none yet
	blind   []Blindness
	notes   []string
}

// newLink finds the interface. It need not be up.
func newLink(name string) (*link, error) {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("capture: netlink: %w", err)
	}
	found, err := h.LinkByName(name)
	if err != nil {
		h.Close()
		return nil, notThere(name, err)
	}
	l := &link{netlink: h, name: name, seen: time.Now().UnixNano()}
	l.take(found)
	l.notes = append(l.notes, offloads(name)...)
	if l.trouble != "" {
		l.notes = append(l.notes, fmt.Sprintf("%s is %s: nothing is seen until that ends", name, l.trouble))
		l.lost(l.trouble)
	}
	return l, nil
}

// notThere lists what could have been meant.
func notThere(name string, err error) error {
	var missing netlink.LinkNotFoundError
	if !errors.As(err, &missing) {
		return fmt.Errorf("capture: look up the interface %s: %w", name, err)
	}
	all, err := iface.Names()
	if err != nil {
		return fmt.Errorf("capture: there is no interface %s", name)
	}
	return fmt.Errorf("capture: there is no interface %s; there are: %s", name, strings.Join(all, ", "))
}

func (l *link) take(found netlink.Link) {
	a := found.Attrs()
	l.index = a.Index
	switch {
	case a.Flags&net.FlagUp == 0:
		l.trouble = Down
	case a.RawFlags&unix.IFF_LOWER_UP == 0:
		l.trouble = NoCarrier
	default:
		l.trouble = ""
	}
	l.sort = linkRaw
	if a.EncapType == "ether" || a.EncapType == "loopback" {
		l.sort = linkEthernet
	}
	l.looked = time.Now()
}

// look brings the link up to date and says whether packets can come.
func (l *link) look() (index int, up bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.looked) < linkEvery {
		return l.index, l.trouble == ""
	}
	l.looked = time.Now()
	found, err := l.netlink.LinkByIndex(l.index)
	if err != nil {
		found, err = l.netlink.LinkByName(l.name)
	}
	if err != nil {
		l.trouble = Gone
	} else {
		l.renamed(found.Attrs().Name)
		if found.Attrs().Index != l.index {
			l.group = 0 // a group stays bound to the interface it began with
		}
		l.take(found)
	}
	if l.trouble == "" {
		l.seen = l.looked.UnixNano()
	} else {
		l.lost(l.trouble)
	}
	return l.index, l.trouble == ""
}

func (l *link) renamed(name string) {
	if name == l.name {
		return
	}
	l.note(l.name + " is now called " + name)
	l.name = name
}

// called is what the interface is called now, or was when it was there.
func (l *link) called() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.name
}

// lost begins a blindness, unless one lasts; the caller holds the lock. An interface
// is down for a moment before it is gone.
func (l *link) lost(why Reason) {
	if n := len(l.blind); n > 0 && l.blind[n-1].To == 0 {
		if why == Gone {
			l.blind[n-1].Reason = Gone
		}
		return
	}
	if len(l.blind) == maxBlind {
		l.blind = slices.Delete(l.blind, 0, 1)
	}
	l.blind = append(l.blind, Blindness{From: l.seen, Interface: l.name, Reason: why})
}

// dark records that a ring heard its interface go down, however shortly.
func (l *link) dark() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost(Down)
	l.looked = time.Time{}
}

// sees ends a blindness: a ring listens to an interface that is up.
func (l *link) sees() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.blind); n > 0 && l.blind[n-1].To == 0 {
		l.blind[n-1].To = time.Now().UnixNano()
	}
}

// note adds a sentence once; the caller holds the lock.
func (l *link) note(text string) {
	if len(l.notes) < maxBlind && !slices.Contains(l.notes, text) {
		l.notes = append(l.notes, text)
	}
}

// leave closes the link with its last ring.
func (l *link) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.users--; l.users == 0 {
		l.netlink.Close()
	}
}

// offloads tells what the card or the kernel changes in frames before they are seen.
func offloads(name string) (notes []string) {
	for _, which := range iface.Offloads(name) {
		notes = append(notes, fmt.Sprintf("%s: %s is on, so frames are not seen as they crossed the wire: brandmelder iface prepare %s", name, which, name))
	}
	return notes
}

// DefaultRoute is the interface of the default route with the best metric, IPv4 before IPv6.
func DefaultRoute() (string, error) {
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		routes, err := netlink.RouteList(nil, family)
		if err != nil {
			return "", fmt.Errorf("capture: list routes: %w", err)
		}
		slices.SortStableFunc(routes, func(a, b netlink.Route) int { return a.Priority - b.Priority })
		for _, r := range routes {
			if !everywhere(r.Dst) {
				continue
			}
			index := r.LinkIndex
			if index == 0 && len(r.MultiPath) > 0 {
				index = r.MultiPath[0].LinkIndex
			}
			if l, err := netlink.LinkByIndex(index); err == nil {
				return l.Attrs().Name, nil
			}
		}
	}
	return "", errors.New("capture: there is no default route; name an interface")
}

func everywhere(to *net.IPNet) bool {
	if to == nil {
		return true
	}
	ones, _ := to.Mask.Size()
	return ones == 0 && to.IP.IsUnspecified()
}
