package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/health"
)

// pulsed is a pulse over a line that a test moves.
func pulsed(state string, line *health.Line) *pulse {
	p := newPulse(state)
	p.look, p.count = func() health.Line { return *line }, func() (uint64, uint64) { return 3, 0 }
	p.say, p.tell = func(string, ...any) {}, func(*health.Run) {}
	return p
}

func errorOf(_ string, err error) error { return err }

// The last word of a run tells status since when it is down, and whether it meant to be;
// the next run still knows the last alert.
func TestLastWord(t *testing.T) {
	file, state := stateFile(t)
	check(t, os.MkdirAll(state, 0o700))
	if out := must(t, file, "status"); !strings.Contains(out, "DOWN: nobody watches: no run has left a word here") {
		t.Error(out)
	}
	for _, form := range [][]string{{"status"}, {"status", "--json"}} {
		if e := (*exitError)(nil); !errors.As(errorOf(execute(t, rootCommand(), append(form, "-c", file)...)), &e) || e.code != 2 || e.err != nil {
			t.Errorf("%v: %v", form, e)
		}
	}
	p := pulsed(state, &health.Line{Packets: 77})
	p.saw(event.Doc{Dataset: "alert", ID: "a1", JSON: []byte(`{"@timestamp":"2026-01-02T03:04:05Z","event":{"severity":73},"rule":{"id":"scan"}}`)})
	p.saw(event.Doc{Dataset: "alert", ID: "a1-2", JSON: []byte(`{"@timestamp":"2026-01-03T03:04:05Z"}`)})
	p.leave(p.word())
	if out := strings.Join(strings.Fields(must(t, file, "status")), " "); !strings.Contains(out, "did not end in order") || !strings.Contains(out, "77 packets") {
		t.Error(out)
	}
	p.end()
	if out := strings.Join(strings.Fields(must(t, file, "status")), " "); !strings.Contains(out, "run was ended in order") {
		t.Error(out)
	}
	next := newPulse(state)
	if a := next.run.LastAlert; a == nil || a.ID != "a1" || a.Severity != 73 || a.Detector != "scan" || p.word().Alerts["high"] != 1 {
		t.Errorf("%+v", a)
	}
}

// A change of the sight is told at once, in a document too.
func TestPulseTells(t *testing.T) {
	line := &health.Line{Packets: 1, Interfaces: []health.Interface{{Name: "eth1"}}}
	p := pulsed(t.TempDir(), line)
	var said []string
	documents := 0
	p.say, p.tell = func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }, func(*health.Run) { documents++ }
	step := func() {
		r := p.word()
		p.due(&r)
	}
	step()
	step()
	if len(said) != 0 || documents != 1 { // that it began
		t.Errorf("%v, %d documents while all is well", said, documents)
	}
	line.Interfaces[0].Since, line.Interfaces[0].Reason = time.Now(), "gone"
	step()
	step()
	line.Interfaces[0] = health.Interface{Name: "eth1"}
	step()
	if len(said) != 2 || !strings.Contains(said[0], "BLIND") || !strings.Contains(said[1], "clear") || documents != 3 {
		t.Errorf("%v, %d documents", said, documents)
	}
}

// Figures are for this machine, by its own name, and for no other.
func TestMetricsAreForThisMachine(t *testing.T) {
	file, state := stateFile(t)
	s := settings{file: file}
	check(t, s.load())
	h := metrics(func() (health.Status, error) { return s.health(state) })
	get := func(from, host, path string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "http://"+host+path, nil)
		r.RemoteAddr = from
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	if w := get("127.0.0.1:5", "127.0.0.1:9477", "/metrics"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `brandmelder_sight{state="down"} 1`) {
		t.Error(w.Code, w.Body)
	}
	if w := get("[::1]:5", "localhost:9477", "/metrics"); w.Code != http.StatusOK {
		t.Error(w.Code)
	}
	for _, from := range [][2]string{{"10.0.0.9:5", "127.0.0.1:9477"}, {"127.0.0.1:5", "evil.example:9477"}} {
		if w := get(from[0], from[1], "/metrics"); w.Code != http.StatusForbidden || strings.Contains(w.Body.String(), "brandmelder_") {
			t.Error(from, w.Code)
		}
	}
	if w := get("127.0.0.1:5", "127.0.0.1:9477", "/debug/pprof"); w.Code != http.StatusNotFound {
		t.Error(w.Code)
	}
	for _, at := range []string{"0.0.0.0:9477", "192.0.2.1:9477", "localhost:9477", "127.0.0.1"} {
		check(t, os.WriteFile(file, []byte("metrics: '"+at+"'\n"), 0o600))
		if err := (&settings{file: file}).load(); err == nil || !strings.Contains(err.Error(), "write a loopback address") {
			t.Error(at, err)
		}
	}
}

// Each metric that an alert rule names exists.
func TestAlertRulesNameMetrics(t *testing.T) {
	b, err := os.ReadFile("../deploy/prometheus-alerts.yml")
	check(t, err)
	var rules struct {
		Groups []struct {
			Rules []struct{ Alert, Expr, For string }
		}
	}
	check(t, yaml.Unmarshal(b, &rules))
	now := health.Status{Run: &health.Run{Line: health.Line{Clock: time.Now()}}, Minute: &health.Minute{}}
	var text bytes.Buffer
	now.Metrics(&text)
	n := 0
	for _, r := range rules.Groups[0].Rules {
		for _, name := range regexp.MustCompile(`brandmelder_[a-z_]+`).FindAllString(r.Expr, -1) {
			if n++; !strings.Contains(text.String(), "# TYPE "+name+" ") {
				t.Errorf("%s: there is no %s", r.Alert, name)
			}
		}
	}
	if n < 15 {
		t.Errorf("only %d metrics are named", n)
	}
}

// The screen fits the terminal, whatever its size, and says when the sensor is blind.
func TestTopFits(t *testing.T) {
	began := time.Now().Add(-time.Hour)
	run := func(after time.Duration, packets uint64) *health.Run {
		return &health.Run{PID: 1, Since: began, At: began.Add(after), Silent: began, Line: health.Line{
			Packets: packets, Interfaces: []health.Interface{{Name: "eth1"}}, Kinds: map[string]uint64{"dns": packets / 2, "tls": 1}}}
	}
	v := top{was: run(time.Minute, 1000), now: health.Status{
		Sensor: "east", Version: "1", At: time.Now(), Up: true, Run: run(time.Minute+2*time.Second, 9000), Ships: true,
		Outputs: []health.Output{{Name: "soc", Decisions: health.Account{Pending: 4, Error: "refused", Since: "noon"}}},
	}}
	v.now.Judge()
	v.rates = []float64{0, 2000, 4000}
	for _, size := range [][2]int{{80, 24}, {40, 10}, {200, 60}} {
		text := paint(v.frame(size[0]), size[0], size[1])
		lines := strings.Split(regexp.MustCompile("\x1b\\[[?0-9]*[A-Za-z]").ReplaceAllString(text, ""), "\r\n")
		if len(lines) > size[1] {
			t.Errorf("%d lines on %v", len(lines), size)
		}
		for _, line := range lines {
			if utf8.RuneCountInString(line) > size[0] {
				t.Errorf("wider than %d: %s", size[0], line)
			}
		}
		for _, want := range []string{"BLIND", "4000/s"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q on %v:\n%s", want, size, text)
			}
		}
	}
	text := paint(v.frame(80), 80, 24)
	for _, want := range []string{"dns 2000", "soc: 4 wait", "waiting since noon", "NOT RUNNING"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q:\n%s", want, text)
		}
	}
	if got := sparkline([]float64{9, 0, 5, 10}, 3, true) + sparkline([]float64{0, 1}, 3, false) + sparkline(nil, 3, true); got != "▁▅█ #" {
		t.Error(got)
	}
}

// Where nobody looks, top prints once what status prints, without a colour.
func TestTopWithoutATerminal(t *testing.T) {
	file, _ := stateFile(t)
	if out := must(t, file, "top"); !strings.HasPrefix(out, "sight ") || strings.Contains(out, "\x1b") {
		t.Error(out)
	}
}

// Notices have ids of their own that the documentation lists, and a flood of them is
// counted and not written.
func TestNotices(t *testing.T) {
	doc, err := os.ReadFile("../docs/watching.md")
	check(t, err)
	seen := map[string]bool{}
	for _, n := range notices {
		if seen[n.id] || !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(n.id) {
			t.Errorf("%s: %s", n.name, n.id)
		}
		seen[n.id] = true
		if row := fmt.Sprintf("| %s | `%s` | %s |", n.name, n.id, n.doc); !strings.Contains(string(doc), row) {
			t.Errorf("docs/watching.md lacks\n%s", row)
		}
	}
	var sent [][]byte
	now := time.Unix(600, 0)
	d := &noticeDesk{w: writes(func(b []byte) { sent = append(sent, bytes.Clone(b)) }), now: func() time.Time { return now }, sent: map[*notice]*tallied{}}
	for range 3 * noticesAMinute {
		d.send(noticeAlert, "a")
	}
	if len(sent) != noticesAMinute {
		t.Errorf("%d were sent", len(sent))
	}
	now = now.Add(time.Minute)
	d.send(noticeAlert, "b")
	d.send(noticeBlind, "two\nlines")
	want := "MESSAGE_ID=" + noticeAlert.id + "\nPRIORITY=4\nSYSLOG_IDENTIFIER=brandmelder\nBRANDMELDER_NOTICE=alert\nMESSAGE=b (and 40 more of these in the minutes before)\n"
	if got := string(sent[noticesAMinute]); got != want {
		t.Error(got)
	}
	if got := string(sent[len(sent)-1]); !strings.HasSuffix(got, "\nMESSAGE\n\x09\x00\x00\x00\x00\x00\x00\x00two\nlines\n") {
		t.Errorf("%q", got)
	}
}

type writes func([]byte)

func (w writes) Write(b []byte) (int, error) {
	w(b)
	return len(b), nil
}

// status --json is one document that reads back as it was.
func TestStatusJSON(t *testing.T) {
	file, _ := stored(t)
	var now health.Status
	d := json.NewDecoder(strings.NewReader(must(t, file, "status", "--json")))
	d.DisallowUnknownFields()
	check(t, d.Decode(&now))
	if now.Sensor != "east" || now.Sight.State != health.Down || now.Detectors.Total < 40 || now.Journal.Decisions.Documents == 0 ||
		now.Journal.Decisions.Bytes == 0 || now.Journal.Decisions.Oldest.IsZero() || filepath.Base(now.State) != "state" {
		t.Errorf("%+v", now)
	}
}
