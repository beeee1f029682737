package pipeline

import (
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/detect"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

const (
	floodPairs = 500_000
	// Bytes that all maps of the detectors may take, the knowledge about addresses not
	// counted.
	floodMemory = 200e6
)

// shelf is all detectors over one store, without a desk.
type shelf struct {
	know      *know.Know
	state     *baseline.Store
	specs     []*detect.Spec
	detectors []detect.Detector
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	k, err := know.New(know.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s := &shelf{know: k, state: baseline.NewStore(), specs: detect.All()}
	for _, spec := range s.specs {
		d, err := spec.New(detect.Env{Know: k, State: s.state}, func(any) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		s.detectors = append(s.detectors, d)
	}
	return s
}

func (s *shelf) observe(e *event.Event) {
	for i, spec := range s.specs {
		if slices.Contains(spec.Wants, e.Kind) || slices.Contains(spec.Wants, detect.AllKinds) {
			s.detectors[i].Observe(e, func(event.Finding) {})
		}
	}
}

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestStateUnderAFlood has half a million pairs of hosts do each thing that detectors
// keep something of, so that no map is left empty: together they stay within the
// memory that the design gives them, and each within its own cap.
func TestStateUnderAFlood(t *testing.T) {
	if os.Getenv("BRANDMELDER_WEEK") == "" {
		t.Skip("BRANDMELDER_WEEK is not set: make eval-week")
	}
	w, s := newWeek(1, .01), newShelf(t)
	before := heapInUse()
	for i := range floodPairs {
		w.flood(i)
		for n := range w.events {
			s.observe(&w.events[n])
		}
		w.events = w.events[:0]
	}
	used := heapInUse() - before
	fmt.Printf("%d MB for %d pairs\n", used/1e6, floodPairs)
	if used > floodMemory {
		t.Errorf("%d MB for %d pairs, at most %.0f are allowed", used/1e6, floodPairs, floodMemory/1e6)
	}
	filled := 0
	for _, g := range append(s.state.Gauges(), s.know.Gauges()...) {
		if g.Len() > g.Cap() {
			t.Errorf("%s: %d of %d", g.Name(), g.Len(), g.Cap())
		}
		if g.Evicted() > 0 {
			filled++
		}
	}
	if filled < 20 {
		t.Errorf("the flood filled %d maps only", filled)
	}
	runtime.KeepAlive(s)
}

// flood is what pair i of hosts does, one millisecond after the pair before.
func (w *week) flood(i int) {
	at := w.begin + int64(i)*1_000_000
	client := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
	server := netip.AddrFrom4([4]byte{byte(11 + i>>16), byte(i), byte(i >> 8), 9})
	name := fmt.Sprintf("n%d", i)
	switch i % 10 {
	case 0:
		w.ask(at, client, "a1b2c3d4e5f6a7b8c9d0", name+".nl", "TXT", "NXDOMAIN")
	case 1:
		w.page(at, client, service(server, 8081), proto.HTTP{Host: name + ".nl", Method: "POST", Path: "/" + name, UserAgent: "Mozilla/4.0", Body: [2]int64{900, 900}, Class: [2]string{"binary", "exe-pe"}})
	case 2:
		f := w.talk(at, client, service(server, 8443), talkOf{app: "tls", last: second, up: 300e6, down: 900})
		w.say("tls", at, f, &proto.TLS{Established: true, Server: []proto.Certificate{{Subject: "CN=" + name, SelfSigned: true}}})
	case 3:
		f := w.talk(at, client, service(server, 445), talkOf{app: "smb", last: second})
		w.logon(at, f, "smb", "ntlm", name, event.Failure)
		w.say("smb", at, f, closed("ADMIN$", `Temp\a.exe`, 0, 900, "exe-pe"))
	case 4:
		w.fail(at, client, service(server, uint16(i)), tcpNumber, false)
	case 5:
		f := w.talk(at, client, service(server, 4444), talkOf{app: "talk", last: second})
		w.say("talk", at, f, &proto.Talk{Turns: 9, Messages: [2]int64{9, 9}, Class: [2]string{"binary", "binary"}, Frame: [2]string{"binary", "binary"}})
	case 6:
		for _, c := range [][2]string{{"svcctl", "CreateServiceW"}, {"winreg", "BaseRegSaveKey"}, {"samr", "SamrEnumerateUsersInDomain"}, {"efsrpc", "EfsRpcOpenFileRaw"}} {
			w.call(at, client, server, "", c[0], c[1])
		}
	case 7:
		f := w.talk(at, client, service(server, 88), talkOf{app: "kerberos", number: udpNumber})
		w.say("kerberos", at, f, &proto.Kerberos{Request: "TGS", Answer: "TGS-REP", Client: name, Service: name, Offered: []int32{23}, Ticket: 23, Reply: 23, TGT: 18, Error: -1})
		w.say("kerberos", at, f, &proto.Kerberos{Request: "AS", Answer: "KRB-ERROR", Client: name, Error: 6})
	case 8:
		f := w.talk(at, client, service(server, 104), talkOf{app: "dicom"})
		w.say("dicom", at, f, &proto.DICOM{Kind: "association", Calling: name, Called: name, Result: "rejected", Reason: "called-ae-not-recognized"})
		w.say("dicom", at, f, &proto.DICOM{Kind: "operation", Calling: name, Operation: "c-move", Destination: name, Requests: 500})
	case 9:
		f := w.talk(at, client, service(server, 502), talkOf{app: "modbus"})
		w.say("ot", at, f, controlledOften)
	}
}

var controlledOften = controlled("ReinitializeDevice", "state", 5)
