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
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
	"github.com/brandmelder/brandmelder/sensor/proto"
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

// watch runs one detector over the events as the line does.
func watch(t *testing.T, name string, zones []know.Zone, events []*event.Event) ([]event.Finding, *baseline.Store) {
	t.Helper()
	k, err := know.New(know.Config{Zones: zones})
	if err != nil {
		t.Fatal(err)
	}
	env := Env{Know: k, State: baseline.NewStore()}
	i := slices.IndexFunc(All(), func(s *Spec) bool { return s.Name == name })
	spec := All()[i]
	d, err := spec.New(env, func(any) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	var found []event.Finding
	named := namesIn(events)
	report := func(f event.Finding) {
		namesNobody(t, named, f.Facts)
		f.Severity = cmp.Or(f.Severity, spec.Severity)
		found = append(found, f)
	}
	tick := int64(0)
	for _, e := range events {
		for tick = cmp.Or(tick, e.Time+TickEvery); tick <= e.Time; tick += TickEvery {
			d.Tick(tick, report)
		}
		k.Observe(e)
		if slices.Contains(spec.Wants, e.Kind) {
			d.Observe(e, report)
		}
	}
	d.Tick(tick, report)
	return found, env.State
}

// namesIn are the names of people and hosts in the events of a test.
func namesIn(events []*event.Event) map[string]bool {
	personal, named := map[string]bool{}, map[string]bool{}
	for _, s := range proto.All() {
		for _, table := range s.Tables {
			for i := range table.Fields {
				if f := &table.Fields[i]; f.Privacy == event.Personal && !strings.HasPrefix(f.Path, "dns.") { // of a name that was asked for, the domain is nobody's
					personal[f.Path] = true
				}
			}
		}
	}
	note := func(s string) {
		if len(s) >= 5 { // shorter ones are in too many words
			named[strings.ToLower(s)] = true
		}
	}
	for _, e := range events {
		if l, ok := e.Data.(*event.Login); ok {
			note(l.User)
			note(l.Workstation)
			continue
		}
		if e.Data == nil {
			continue
		}
		table := e.Data.Table()
		for i := range table.Fields {
			if path := table.Fields[i].Path; personal[path] {
				note(event.TextOf(e.Data, path))
			}
		}
	}
	return named
}

// namesNobody refuses facts that are called technical and hold a name: they would
// go to every output as they are.
func namesNobody(t *testing.T, named map[string]bool, facts event.Record) {
	t.Helper()
	if facts == nil || len(named) == 0 {
		return
	}
	table := facts.Table()
	for i := range table.Fields {
		f := &table.Fields[i]
		if f.Privacy == event.Personal {
			continue
		}
		for _, s := range append(event.TextsOf(facts, f.Path), event.TextOf(facts, f.Path)) {
			if named[strings.ToLower(s)] {
				t.Errorf("%s is technical and names %s", f.Path, s)
			}
		}
	}
}
