package alert

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/detect"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
)

// start is a quarter past some hour, so that windows are crossed on purpose.
const start = 1_700_000_100*second/window*window + 15*minute

var (
	inside  = netip.MustParseAddr("10.1.0.5")
	server  = netip.MustParseAddr("10.2.0.9")
	outside = netip.MustParseAddr("192.0.2.80")
)

// trial is a desk with what it wrote.
type trial struct {
	*Desk
	docs []event.Doc
}

func newTrial(t *testing.T, change func(*Config)) *trial {
	t.Helper()
	k, err := know.New(know.Config{Zones: []know.Zone{{
		Name: "radiology", Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")},
		Role: "medical", Owner: "Radiology", Contact: "+31 20 555 0100",
	}}})
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Observer: &event.Observer{Name: "test", Namespace: "default"}, Lang: "en", Seed: []byte("seed"), Know: k}
	if change != nil {
		change(&c)
	}
	tr := &trial{}
	tr.Desk = New(c, func(d event.Doc) { tr.docs = append(tr.docs, d) })
	tr.specs["login-bruteforce"] = &detect.Spec{
		Name: "login-bruteforce", Doc: "many failed logins", Technique: []string{"T1110.001", "T1021"},
	}
	return tr
}

// object is a decoded document.
type object map[string]any

func decoded(t *testing.T, d event.Doc) object {
	t.Helper()
	var o object
	if err := json.Unmarshal(d.JSON, &o); err != nil {
		t.Fatalf("%v in %s", err, d.JSON)
	}
	return o
}

// at is the value at a path, nil where there is none.
func (o object) at(path string) any {
	var v any = map[string]any(o)
	for name := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

// of lists the documents of a dataset.
func (tr *trial) of(t *testing.T, dataset string) []object {
	t.Helper()
	var out []object
	for _, d := range tr.docs {
		if d.Dataset == dataset {
			out = append(out, decoded(t, d))
		}
	}
	return out
}

// column is one path of each document.
func column(list []object, path string) []any {
	out := make([]any, len(list))
	for i, o := range list {
		out[i] = o.at(path)
	}
	return out
}

// guessing is a finding like those of a detector of failed logins.
func guessing(after int64, severity event.Severity) event.Finding {
	return event.Finding{
		Detector: "login-bruteforce", Family: "login-bruteforce", Key: "10.1.0.5 10.2.0.9 ssh",
		Time: start + after, Onset: start + after - 30*second,
		Subject: event.Entity{Asset: "10.1.0.5", Addr: inside, Name: "viewer-7"},
		Peer:    event.Entity{Asset: "10.2.0.9", Addr: server},
		Port:    22, Flows: []event.FlowRef{ref(uint16(40000 + after/second))}, FlowsTotal: 12,
		Observed: event.Measure{Value: 24, Unit: "attempts", N: 24},
		Baseline: event.Measure{Value: 10, Unit: "attempts"},
		Score:    90, Severity: severity,
	}
}

func ref(port uint16) event.FlowRef {
	return event.FlowRef{
		Key:   event.Key{A: inside.As16(), B: server.As16(), APort: port, BPort: 22, Proto: 6},
		Start: start, CommunityID: "1:abc", Ingress: "mirror0",
	}
}

// from is a finding of one host against another, of its own story.
func from(subject, peer netip.Addr, family string, after int64, severity event.Severity) event.Finding {
	return event.Finding{
		Detector: family, Family: family, Key: subject.String() + " " + peer.String(), Time: start + after,
		Subject: event.Entity{Addr: subject}, Peer: event.Entity{Addr: peer}, Severity: severity,
	}
}
