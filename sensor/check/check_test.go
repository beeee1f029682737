package check

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestEveryQuestionHasADoc(t *testing.T) {
	all := All()
	if len(all) < 15 {
		t.Errorf("only %d questions", len(all))
	}
	for _, s := range all {
		if s.Doc == "" || strings.HasSuffix(s.Doc, ".") || s.Run == nil {
			t.Errorf("%s: Doc %q", s.Name, s.Doc)
		}
	}
}

func TestRegisterTwice(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("registered twice")
		}
	}()
	register(Spec{Name: "clock"})
}

// The clock of the machine cannot be set for a test: what was seen of one is judged.
func TestClock(t *testing.T) {
	good := clockState{now: written.AddDate(0, 1, 0), synced: true, off: 20 * time.Millisecond}
	for want, change := range map[string]func(*clockState){
		"":                               func(*clockState) {},
		"the clock is in the past: 1970": func(c *clockState) { c.now = time.Unix(0, 0) },
		"no program keeps the clock":     func(c *clockState) { c.synced = false },
		"may be off by 3s":               func(c *clockState) { c.off = 3 * time.Second },
		"was set by -1h0m0s":             func(c *clockState) { c.jump = -time.Hour },
	} {
		c := good
		change(&c)
		found := c.judge()
		if want == "" && len(found) == 0 {
			continue
		}
		if len(found) != 1 || want == "" || !strings.Contains(found[0].What.EN, want) || found[0].What.NL == "" {
			t.Errorf("%q: %+v", want, found)
		}
	}
	if jump := (wallClock() - steadyClock()); jump <= 0 {
		t.Errorf("clocks %v", jump)
	}
}

func TestLoss(t *testing.T) {
	e := &Env{Command: "brandmelder"}
	for words, s := range map[string]*Sight{
		"the kernel dropped 20 packets":          {Packets: 1000, Dropped: 20},
		"the card had no room for 20 packets":    {Packets: 1000, Missed: 20},
		"":                                       {Packets: 100_000, Dropped: 20, Missed: 20},
		"7 packets were sent by the mirror port": {Packets: 1000, Sent: 7},
	} {
		e.once.Do(func() {})
		s.Name, s.Up, e.Mirror = "eth1", true, []string{"eth1"}
		e.sights = []*Sight{s}
		found := loss(e)
		if words == "" && len(found) == 0 {
			continue
		}
		if len(found) != 1 || words == "" || !strings.Contains(found[0].What.EN, words) {
			t.Errorf("%q: %+v", words, found)
		}
	}
}

// An interface that the host itself uses is proposed only where no other sees anything.
func TestProposal(t *testing.T) {
	e := &Env{}
	e.once.Do(func() {})
	own, mirror, silent := &Sight{Name: "own", Foreign: 1000, Own: []string{"has an address"}}, &Sight{Name: "mirror", Foreign: 100}, &Sight{Name: "silent", Foreign: 3}
	for want, sights := range map[string][]*Sight{"mirror": {own, mirror, silent}, "own": {own, silent}, "": {silent}} {
		if e.sights = sights; e.Proposal() != want {
			t.Errorf("%q, want %q", e.Proposal(), want)
		}
	}
}

// A mirror port that works and shows two hosts is noted; one with a ward on it is not.
func TestThinMirror(t *testing.T) {
	few := map[netip.Addr]struct{}{netip.MustParseAddr("10.0.0.1"): {}, netip.MustParseAddr("10.0.0.2"): {}}
	ward := map[netip.Addr]struct{}{}
	for i := range byte(fewHosts) {
		ward[netip.AddrFrom4([4]byte{10, 0, 1, i})] = struct{}{}
	}
	for name, c := range map[string]struct {
		sight *Sight
		want  int
	}{
		"two hosts": {&Sight{Name: "mirror", Foreign: 1000, Hosts: few}, 1},
		"a ward":    {&Sight{Name: "mirror", Foreign: 1000, Hosts: ward}, 0},
		"nothing":   {&Sight{Name: "mirror", Foreign: 1, Hosts: few}, 0},
	} {
		e := &Env{Mirror: []string{"mirror"}}
		e.once.Do(func() {})
		e.sights = []*Sight{c.sight}
		if found := e.thin(); len(found) != c.want || c.want == 1 && !found[0].Note {
			t.Errorf("%s: %v", name, found)
		}
	}
}

func TestShort(t *testing.T) {
	frame := make([]byte, 14, 64)
	frame[12] = 8
	ip := append(frame, 0x45, 0)
	ip = binary.BigEndian.AppendUint16(ip, 40)
	ip = append(ip, make([]byte, 36)...)
	if short(ip, 54) || !short(ip, 53) || short(ip[:16], 16) {
		t.Error("IPv4")
	}
	tagged := append(append(append([]byte{}, ip[:12]...), 0x81, 0, 0, 5), ip[12:]...)
	if short(tagged, 58) || !short(tagged, 57) {
		t.Error("IPv4 with a tag")
	}
}

func TestZoneOfPublicAddressesIsNotJudged(t *testing.T) {
	z := Zone{Name: "dmz", Networks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}}
	if z.unseen(nil) {
		t.Error("judged")
	}
	z.Networks = append(z.Networks, netip.MustParsePrefix("10.1.0.0/16"))
	if !z.unseen(map[netip.Addr]struct{}{netip.MustParseAddr("10.2.0.1"): {}}) || z.unseen(map[netip.Addr]struct{}{netip.MustParseAddr("10.1.0.1"): {}}) {
		t.Error("wrong")
	}
}

// The disk is full where next to nothing is free, however large the state has become; a state of its full size beside
// what it spares is right.
func TestCrowded(t *testing.T) {
	for name, c := range map[string]struct {
		free, used uint64
		gb         float64
		want       string
	}{
		"nothing free beside a state that is too large": {0, 5e9, 2, "the disk is full: 0 MB free"},
		"little free beside a state that is too large":  {100 << 20, 5e9, 2, ""},
		"nothing free beside a small state":             {0, 1e9, 2, "the disk is full"},
		"less than is spared":                           {200 << 20, 1e9, 2, "the disk is full"},
		"too small for what it may become":              {1e9, 1e6, 2, "the state may grow to 2 GB"},
		"full size":                                     {leastFree, 2e9, 2, ""},
		"full size of the smallest":                     {15e6, 6e7, 0.06, ""},
	} {
		found := crowded("/state", c.free, c.used, c.gb)
		if c.want == "" && len(found) == 0 {
			continue
		}
		if len(found) != 1 || c.want == "" || !strings.Contains(found[0].What.EN, c.want) {
			t.Errorf("%s: %+v", name, found)
		}
	}
}
