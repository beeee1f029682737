package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/detect"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
	"github.com/brandmelder/brandmelder/sensor/output"
	"github.com/brandmelder/brandmelder/sensor/pipeline"
)

// pseudonym is what stands in a name's place.
var pseudonym = regexp.MustCompile(`\bp-[0-9a-f]`)

// planted is in every name of a person or host.
const planted = "plantedname"

func codes(t *testing.T) *output.Pseudonyms {
	t.Helper()
	s := settings{Config: config.Default()}
	p, err := s.pseudonyms([]byte("the secret of this sensor"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func parsed(t *testing.T, d event.Doc) event.Document {
	t.Helper()
	o, err := event.ParseDocument(d.JSON)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// plantedFacts are facts of a detector with a value of each of its fields, those
// of people with a planted name.
func plantedFacts(table *event.Table) event.Record {
	d := event.Document{}
	for i := range table.Fields {
		f := &table.Fields[i]
		if f.Type == event.TypeObject {
			continue
		}
		word := fmt.Sprint("word", i)
		if f.Privacy == event.Personal {
			word = fmt.Sprint(planted, i)
		}
		var v any = map[event.Type]any{event.TypeIP: "192.0.2.9", event.TypeDate: "2026-03-01T12:00:00.000000000Z", event.TypeBool: true}[f.Type]
		switch f.Type {
		case event.TypeLong, event.TypeFloat:
			v = json.Number("7")
		case event.TypeKeyword, event.TypeText, event.TypeWildcard:
			v = word
		}
		if f.List {
			v = []any{v, v}
		}
		place(d, f.Path, v)
	}
	return table.Stored(d)
}

func place(d map[string]any, path string, v any) {
	name, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		d[name] = v
		return
	}
	inner, _ := d[name].(map[string]any)
	if inner == nil {
		inner = map[string]any{}
		d[name] = inner
	}
	place(inner, rest, v)
}

// alertsOf raises a finding of each detector, with everything that it can say.
func alertsOf(t *testing.T) (docs []event.Doc) {
	k, err := know.New(know.Config{})
	if err != nil {
		t.Fatal(err)
	}
	desk := alert.New(alert.Config{
		Observer: &event.Observer{Name: "s", Namespace: "default"}, Lang: "en", Seed: []byte("seed"), Know: k,
	}, func(d event.Doc) { docs = append(docs, d) })
	a, b := netip.MustParseAddr("10.1.0.5"), netip.MustParseAddr("10.2.0.9")
	for i, s := range detect.All() {
		f := event.Finding{
			Detector: s.Name, Family: s.Family, Key: s.Name, Time: 1_700_000_000e9 + int64(i)*1e9, Severity: event.High, Port: 445,
			Subject:  event.Entity{Addr: a, Name: planted + "-ward", User: planted + "-ann", Domain: planted + "-care"},
			Peer:     event.Entity{Addr: b, Name: planted + "-files"},
			Observed: event.Measure{Value: 7, Unit: "attempts"}, Baseline: event.Measure{Value: 3, Unit: "attempts"}, FlowsTotal: 3,
		}
		if s.Facts != nil {
			f.Facts = plantedFacts(s.Facts)
		}
		desk.Raise(f)
		f.Peer, f.Key, f.Related = event.Entity{}, s.Name+" many", []netip.Addr{b, b.Next(), a, a.Next()}
		desk.Raise(f)
	}
	desk.Close(1_700_000_100e9)
	return docs
}

// Worded anew from its document, an alert says what it said: so a view with other
// names differs in them alone.
func TestRewordSaysTheSame(t *testing.T) {
	n := 0
	for _, d := range append(alertsOf(t), trafficDocs(t)...) {
		if d.Dataset != "alert" && d.Dataset != "incident" {
			continue
		}
		n++
		want, got := parsed(t, d), parsed(t, d)
		place(got, "message", "gone")
		if d.Dataset == "alert" {
			place(got, "brandmelder.text.nl.title", "gone")
		}
		alert.Reword("en", got)
		if diff := cmp.Diff(plain(want), plain(got)); diff != "" {
			t.Error(diff)
		}
	}
	if n < 4*len(detect.All()) {
		t.Errorf("only %d documents", n)
	}
}

// No name of a person or host is anywhere in the view with pseudonyms, sentences
// included, whatever the detector; and every alert keeps its sentences.
func TestNobodyIsNamedInTheViewWithPseudonyms(t *testing.T) {
	p, named, coded := codes(t), map[string]bool{}, map[string]bool{}
	for _, d := range append(alertsOf(t), trafficDocs(t)...) {
		c, err := p.Doc(d)
		if err != nil {
			t.Fatal(err)
		}
		if s := strings.ToLower(string(c.JSON)); strings.Contains(s, planted) {
			t.Errorf("a name is in %s", s)
		}
		full, view := parsed(t, d), parsed(t, c)
		if strings.Contains(strings.ToLower(string(d.JSON)), planted) {
			named[d.Dataset] = true
		}
		if d.Dataset != "alert" && d.Dataset != "incident" {
			continue
		}
		for _, path := range []string{
			"message", "brandmelder.text.en.title", "brandmelder.text.en.message", "brandmelder.text.en.why", "brandmelder.text.en.other",
			"brandmelder.text.nl.title", "brandmelder.text.nl.message", "brandmelder.text.nl.why", "brandmelder.text.nl.other",
			"brandmelder.text.en.steps", "brandmelder.text.nl.steps",
		} {
			before, after := fmt.Sprint(full.At(path)), fmt.Sprint(view.At(path))
			if (full.At(path) == nil) != (view.At(path) == nil) {
				t.Errorf("%s was %q and is %q", path, before, after)
			}
			if was := strings.Contains(strings.ToLower(before), planted); was != pseudonym.MatchString(after) {
				t.Errorf("%s: %q became %q", path, before, after)
			} else if was {
				coded[fmt.Sprint(full.At("brandmelder.detector"))] = true
			}
		}
	}
	for _, dataset := range []string{"alert", "incident", "auth", "dhcp", "flow", "file"} {
		if !named[dataset] {
			t.Errorf("no document of %s has a name: nothing was tried there", dataset)
		}
	}
	for _, s := range detect.All() {
		if !coded[s.Name] {
			t.Errorf("no sentence of %s named anybody: nothing was tried there", s.Name)
		}
	}
}

// trafficDocs are the documents of real traffic of hosts and people with planted
// names: the exercise, and logins that are refused.
func trafficDocs(t *testing.T) []event.Doc {
	t.Helper()
	trace := craft.NewTrace()
	trace.Now = 1_795_612_600e9 // half a minute before the exercise was recorded
	for i, ip := range []string{"10.3.0.5", "10.3.0.80", "172.31.250.10", "172.31.250.20"} {
		trace.Datagram(shelf, craft.NewHost(ip), 67, 68, leaseOf(ip, fmt.Sprint(planted, "-host", i)))
	}
	for i := range uint16(30) {
		c := trace.Open(ward, shelf, 31000+i, 21)
		c.Answer("220 ready\r\n")
		c.Ask(fmt.Sprintf("USER %s-user%d\r\n", planted, i%3))
		c.Answer("331 password\r\n")
		c.Ask("PASS x\r\n")
		c.Answer("530 no\r\n")
		c.Ask("RETR /" + planted + "/plan.txt\r\n")
		c.Answer("550 no\r\n")
		c.Close()
	}
	path := filepath.Join(t.TempDir(), "planted.pcap")
	var file bytes.Buffer
	if err := trace.WritePcap(&file, 0); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	source, err := capture.Files([]string{path, "drill/recording.pcap.zst"}, capture.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	s := settings{Config: config.Default()}
	settings, err := s.line(1, s.observer(), []byte("seed"))
	if err != nil {
		t.Fatal(err)
	}
	return lineOver(t, settings, source)
}

// lineOver runs a source through the line and returns the documents.
func lineOver(t *testing.T, c pipeline.Config, source capture.Source) (docs []event.Doc) {
	t.Helper()
	line, err := pipeline.New(c, func(d event.Doc) {
		d.JSON = bytes.Clone(d.JSON)
		docs = append(docs, d)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := line.Replay(t.Context(), source); err != nil {
		t.Fatal(err)
	}
	return docs
}

// leaseOf is the message with which a host got its address and told its name.
func leaseOf(ip, name string) []byte {
	m := make([]byte, 240)
	m[0], m[1], m[2] = 2, 1, 6
	copy(m[16:], netip.MustParseAddr(ip).AsSlice())
	copy(m[28:], []byte{2, 0, 0, 0, 0, 1})
	copy(m[236:], []byte{0x63, 0x82, 0x53, 0x63})
	m = append(m, 53, 1, 5, 12, byte(len(name)))
	return append(append(m, name...), 255)
}

// plain makes documents alike that were read and that were written over.
func plain(d event.Document) (o map[string]any) {
	b, err := json.Marshal(d)
	if err == nil {
		err = json.Unmarshal(b, &o)
	}
	if err != nil {
		panic(err)
	}
	return o
}
