package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/ingest/fake"
	"github.com/brandmelder/brandmelder/sensor/health"
)

// sendsTo adds an Elasticsearch output to a configuration.
func sendsTo(t *testing.T, file, url string, more string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, "outputs: [{name: elasticsearch, hosts: ['"+url+"'], refresh: 100ms"+more+"}]\n"...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// What a run stored reaches the server by ship, once, whoever of the two was away; both
// tell the same account.
func TestShip(t *testing.T) {
	server := fake.New()
	server.Keys = map[string][]string{shipKey: {"default"}}
	web := httptest.NewServer(server)
	defer web.Close()
	file, state := stateFile(t)
	key := filepath.Join(t.TempDir(), "key")
	check(t, os.WriteFile(key, []byte(shipKey+"\n"), 0o600))
	sendsTo(t, file, web.URL, ", api_key_file: "+key)
	out := watched(t, file)
	if strings.Contains(out, "WRONG") {
		t.Error(out)
	}
	status := must(t, file, "status")
	if !strings.Contains(status, "running        no") || !strings.Contains(status, "0 acknowledged + ") {
		t.Error(status)
	}
	var said []byte
	for range 2 {
		program, s := started(t, "ship", "-c", file)
		s.within(t, says("sending to elasticsearch"), func() {})
		s.within(t, func(string) bool { return strings.Contains(must(t, file, "status"), "+ 0 pending") }, func() {})
		for _, name := range []string{"cmdline", "environ", "status"} {
			b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", program.Process.Pid, name))
			check(t, err)
			said = append(said, b...)
		}
		said = append(said, s.String()...)
		if !withC() && !strings.Contains(string(said), "CapEff:\t0000000000000000") {
			t.Errorf("ship has rights:\n%s", said)
		}
		check(t, program.Process.Signal(os.Interrupt))
		if err := program.Wait(); err != nil || !strings.Contains(s.String(), "output      elasticsearch "+web.URL) || strings.Contains(s.String(), "WRONG") {
			t.Errorf("%v\n%s", err, s)
		}
	}
	shippedAll(t, file, server)
	said = append(said, status+must(t, file, "status", "--json")...)
	keptSecret(t, state, said)
}

// SIGHUP puts the outputs of the file in force, all of them or none, in the process that
// runs; what the new one is to get it gets from the journal's beginning, and what ship
// tells run and the metrics is about the new one.
func TestShipReloads(t *testing.T) {
	first, second := fake.New(), fake.New()
	webs := []*httptest.Server{httptest.NewServer(first), httptest.NewServer(second)}
	for _, w := range webs {
		defer w.Close()
	}
	file, state := stateFile(t)
	before, err := os.ReadFile(file)
	check(t, err)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	check(t, free.Close())
	before = fmt.Appendf(before, "metrics: '%s'\n", free.Addr())
	check(t, os.WriteFile(file, before, 0o600))
	sendsTo(t, file, webs[0].URL, "")
	watched(t, file)
	var heard atomic.Value // what ship tells run
	run := &control{shipped: func(list []health.Output) { heard.Store(list) }, now: func() health.Run { return health.Run{} }}
	program, s := started(t, "ship", "-c", file)
	s.within(t, func(string) bool { _, err := os.Stat(socketIn(state)); return err != nil }, func() {}) // the run's is gone
	check(t, run.listen(t.Context(), state))
	s.within(t, says("sending to elasticsearch "+webs[0].URL), func() {})
	hangup := func() { check(t, program.Process.Signal(syscall.SIGHUP)) }
	outputs := func(more string) { // in one piece, for ship may be reading
		text := fmt.Sprintf("%soutputs: [{name: elasticsearch, as: new, hosts: ['%s'], refresh: 100ms}%s]\n", before, webs[1].URL, more)
		check(t, errors.Join(os.WriteFile(file+".new", []byte(text), 0o600), os.Rename(file+".new", file)))
	}
	outputs(", {name: webhook}")
	s.within(t, says("what was in force stays: "), hangup)
	if text := s.String(); strings.Contains(text, webs[1].URL) || strings.Contains(text, "output      ") {
		t.Errorf("one output of two was put in force:\n%s", text)
	}
	outputs("")
	s.within(t, says("sending to new "+webs[1].URL), hangup)
	s.within(t, func(string) bool { return strings.Contains(must(t, file, "status"), "+ 0 pending") }, func() {})
	s.within(t, func(string) bool {
		list, _ := heard.Load().([]health.Output)
		return len(list) == 1 && list[0].Name == "new"
	}, func() {})
	answer, err := http.Get("http://" + free.Addr().String() + "/metrics")
	check(t, err)
	figures, err := io.ReadAll(answer.Body)
	check(t, errors.Join(err, answer.Body.Close()))
	if text := string(figures); !strings.Contains(text, `brandmelder_output_pending_documents{output="new"} 0`) || strings.Contains(text, `output="elasticsearch"`) {
		t.Error(text)
	}
	check(t, program.Process.Signal(os.Interrupt))
	check(t, program.Wait())
	shippedAll(t, file, second)
	if len(first.Streams()) == 0 {
		t.Error("the first output got nothing")
	}
}

// shippedAll checks that all is stored, once, and that the verbs say so.
func shippedAll(t *testing.T, file string, server *fake.Server) {
	t.Helper()
	stored := 0
	for _, name := range server.Streams() {
		stored += len(server.Documents(name))
	}
	var now health.Status
	check(t, json.Unmarshal([]byte(must(t, file, "status", "--json")), &now))
	sum := now.Outputs[0].Both()
	if stored == 0 || sum.Acknowledged != uint64(stored) || !sum.Adds || len(server.Refused()) > 0 {
		t.Errorf("%d stored, %s, refused %v", stored, sum, server.Refused())
	}
	if ls := must(t, file, "journal", "ls"); !strings.Contains(ls, "decisions: 1 files") || !strings.Contains(ls, "output "+now.Outputs[0].Name+": ") {
		t.Error(ls)
	}
	if v := must(t, file, "journal", "verify"); !strings.Contains(v, "records are whole") {
		t.Error(v)
	}
	if d := must(t, file, "journal", "dead-letters"); !strings.Contains(d, "no dead letters") {
		t.Error(d)
	}
}

// keptSecret looks for the planted key in what was said and in every file of the state.
func keptSecret(t *testing.T, state string, said []byte) {
	t.Helper()
	check(t, filepath.WalkDir(state, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		said = append(said, b...)
		return err
	}))
	for _, form := range append(strings.Split(shipKey, ":"), base64.StdEncoding.EncodeToString([]byte(shipKey))[:20]) {
		if bytes.Contains(said, []byte(form)) {
			t.Errorf("the key is in what ship and run left: %s", form)
		}
	}
}

// withC reports whether this binary was built with C, whose threads cannot be reached.
func withC() bool {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == "CGO_ENABLED" {
			return s.Value == "1"
		}
	}
	return false
}

// shipKey is planted, and looked for in all that comes out.
const shipKey = "VuaCfGcBCdbkQmUe5aOx:ui2lp2axTNmsyakw9tvNnw"

// One process sends; a wrong configuration is said with the exit code for it.
func TestShipRefuses(t *testing.T) {
	file, state := stateFile(t)
	if out, code := typed(t, "ship", "-c", file); code == 0 || !strings.Contains(out, "no output of the configuration needs") {
		t.Error(code, out)
	}
	lock, err := lockShip(state)
	check(t, err)
	defer lock.Close()
	if _, err := lockShip(state); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Error(err)
	}
}

// The socket answers one strict line, of at most its size, and nothing else.
func TestControl(t *testing.T) {
	state := t.TempDir()
	heard := 0
	p := newPulse(state)
	p.look, p.count = func() health.Line { return health.Line{} }, func() (uint64, uint64) { return 7, 0 }
	c := &control{decided: func() { heard++ }, shipped: p.shipped, now: p.word}
	check(t, c.listen(t.Context(), state))
	if info, err := os.Stat(socketIn(state)); err != nil || info.Mode().Perm() != 0o660 {
		t.Error(info, err)
	}
	if a, err := ask(state, asked{Ask: "shipped", Shipped: []health.Output{{Name: "soc", Decisions: health.Account{Acknowledged: 3}}}}); err != nil || a.Run.PID != os.Getpid() {
		t.Error(a, err)
	}
	if a, err := ask(state, asked{Ask: "status"}); err != nil || a.Run.Shipped[0].Decisions.Acknowledged != 3 || a.Run.Journaled != 7 {
		t.Error(a, err)
	}
	if a, err := ask(state, asked{Ask: "stacks"}); err != nil || !strings.Contains(a.Stacks, "TestControl") {
		t.Error(a, err)
	}
	if _, err := ask(state, asked{Ask: "decided"}); err != nil || heard != 1 {
		t.Error(heard, err)
	}
	for want, line := range map[string]string{
		"unknown question": `{"ask":"money"}` + "\n",
		"unknown field":    `{"ask":"status","x":1}` + "\n",
		"not understood":   "{\n",
		"more than one":    `{"ask":"status"} {"ask":"status"}` + "\n",
		"at most 65536":    `{"ask":"` + strings.Repeat("a", 2*maxAsked) + `"}` + "\n",
	} {
		conn, err := net.Dial("unix", socketIn(state))
		check(t, err)
		conn.SetDeadline(time.Now().Add(5 * time.Second))
		go conn.Write([]byte(line))
		var a answered
		json.NewDecoder(conn).Decode(&a)
		if !strings.Contains(a.Error, want) {
			t.Errorf("%.40s: %+v", line, a)
		}
		conn.Close()
	}
	if _, err := ask(t.TempDir(), asked{Ask: "status"}); err == nil {
		t.Error("an answer without a run")
	}
}

// A part that dies while it works is started again; one that never worked ends the run
// with its code; one that is done is done.
func TestParts(t *testing.T) {
	t.Setenv(beProgram, "1")
	s := &screen{}
	p := &part{name: "ship", args: []string{"ship", "-c", "/nowhere"}, w: s, say: t.Logf}
	p.start()
	<-p.over
	if p.code != exitUse || p.up {
		t.Error(p.code, p.up)
	}
	file, _ := stateFile(t)
	sendsTo(t, file, "http://127.0.0.1:1", "")
	restarts.First = time.Millisecond
	p = &part{name: "ship", args: []string{"ship", "-c", file, "--part=plain"}, w: s, say: t.Logf}
	p.start()
	for n := 1; n <= 2; n++ {
		s.within(t, func(text string) bool { return strings.Count(text, "sending to") == n && p.pid.Load() != 0 }, func() {})
		p.signal(syscall.SIGKILL)
	}
	s.within(t, func(text string) bool { return strings.Count(text, "sending to") == 3 }, func() {})
	p.stop()
	if p.code != 0 || !p.up {
		t.Errorf("code %d\n%s", p.code, s)
	}
}
