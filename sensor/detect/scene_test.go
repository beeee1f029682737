package detect

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// scene is some like events. Each of Count counts up what Vary names: client,
// server, port, proto, user.
type scene struct {
	Kind           string
	T, Every       float64 // s
	Client, Server string
	Proto          uint8
	Port           uint16
	State          string
	History        string
	Answered, Mid  bool
	Protocol, User string
	Outcome        string
	Clear          bool
	Count          int
	Vary           []string
	MAC            string         // link address of the server
	Leads          [2]uint32      // of a flow: exchanges that client and server led
	Beat           float64        // of a flow: s between its latest openings
	Fields         map[string]any // facts of a parser's record, by path; "{n}" in a text is the count
}

const sceneBegin = 1_700_000_000_000_000_000

func readScenes(t *testing.T, detector, file string) []scene {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", detector, file+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var out []scene
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatalf("%s/%s: %v", detector, file, err)
	}
	return out
}

func sceneEvents(scenes []scene) []*event.Event {
	var out []*event.Event
	for i := range scenes {
		for n := range max(scenes[i].Count, 1) {
			out = append(out, scenes[i].event(n, len(out)))
		}
	}
	slices.SortStableFunc(out, func(a, b *event.Event) int { return cmp.Compare(a.Time, b.Time) })
	return out
}

func (s *scene) event(n, number int) *event.Event {
	client, server, port, user := netip.MustParseAddr(s.Client), netip.MustParseAddr(s.Server), s.Port, s.User
	protocol := cmp.Or(s.Proto, 6)
	for _, v := range s.Vary {
		switch v {
		case "client":
			client = addrPlus(client, n)
		case "server":
			server = addrPlus(server, n)
		case "port":
			port += uint16(n)
		case "proto":
			protocol += uint8(n)
		case "user":
			user = fmt.Sprintf("%s%d", user, n)
		}
	}
	at := sceneBegin + int64((s.T+s.Every*float64(n))*1e9)
	f := &event.Flow{
		Client: netip.AddrPortFrom(client, uint16(40000+number%20000)), Server: netip.AddrPortFrom(server, port),
		Proto: protocol, Start: at, Number: uint64(number), MidStream: s.Mid,
		Key: event.Key{A: client.As16(), B: server.As16(), APort: uint16(number), BPort: port},
	}
	if s.Proto == protoICMP { // type and code stand for ports
		f.Client, f.Server = netip.AddrPortFrom(client, echoRequest), netip.AddrPortFrom(server, 0)
	}
	if hw, err := net.ParseMAC(s.MAC); err == nil {
		f.ServerMAC = event.MAC(hw)
	}
	e := &event.Event{Kind: s.Kind, Time: at, Flow: f}
	switch s.Kind {
	case "auth":
		l := &event.Login{Protocol: s.Protocol, User: user, Clear: s.Clear}
		l.Outcome = map[string]event.Outcome{"success": event.Success, "failure": event.Failure}[s.Outcome]
		if s.Outcome == event.Unheard {
			l.Reason = event.Unheard
		}
		e.Data = l
	case "arp":
		e.Flow, e.Data = nil, &arpScene{client, server}
		if s.Fields != nil {
			e.Data = newFactScene("arp", s.Fields, n)
		}
	case "flow.start", "flow.alive", "flow.end":
		e.Data, f.App = s.traffic(at), s.Protocol
	default:
		if s.Fields != nil {
			e.Data = newFactScene(s.Kind, s.Fields, n)
			f.App = s.Protocol
			break
		}
		e.Data = s.traffic(at)
	}
	return e
}

func (s *scene) traffic(at int64) *event.Traffic {
	tr := &event.Traffic{First: at, Last: at, History: s.History, OneWay: !s.Answered, Leads: s.Leads}
	for n := 7; n >= 0 && s.Beat > 0; n-- {
		tr.Openings = append(tr.Openings, at-int64(float64(n)*s.Beat*second))
	}
	for st := event.StateNone; st <= event.StateOTH; st++ {
		if st.String() == s.State {
			tr.State = st
		}
	}
	tr.Total[event.Client].Packets = 1
	if s.Answered {
		tr.Total[event.Server].Packets = 1
	}
	return tr
}

type arpScene struct{ sender, target netip.Addr }

func (*arpScene) Table() *event.Table { return arpSceneTable }

var arpSceneTable = event.NewTable("arp", "",
	event.IP("brandmelder.arp.sender.ip", event.Technical, "", func(a *arpScene) netip.Addr { return a.sender }),
	event.IP("brandmelder.arp.target.ip", event.Technical, "", func(a *arpScene) netip.Addr { return a.target }),
	event.String("brandmelder.arp.operation", event.Technical, "", func(*arpScene) (string, bool) { return "request", true }),
)

func addrPlus(a netip.Addr, n int) netip.Addr {
	b := a.As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	v += uint32(n)
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}
