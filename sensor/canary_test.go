package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/output"
	"github.com/brandmelder/brandmelder/sensor/pipeline"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

// songs are the forms in which the canary could come out.
func songs() []string {
	forms := []string{canary, hex.EncodeToString([]byte(canary))}
	for i := range 3 { // base64 depends on what stands before, modulo 3
		s := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("_", i) + canary))
		forms = append(forms, s[4:len(s)-4])
	}
	return forms
}

// sings reports in which form a text holds the canary; "" none.
func sings(text string) string {
	text = strings.ToLower(text)
	for _, form := range songs() {
		if strings.Contains(text, strings.ToLower(form)) {
			return form
		}
	}
	return ""
}

// heard is everything that came out of a run over the planted trace, by where it
// came out.
type heard struct {
	file, state string
	out         map[string]string
	documents   []event.Doc
}

func TestCanary(t *testing.T) {
	trace := craft.NewTrace()
	trace.Now = time.Now().Truncate(day).Add(-day / 2).UnixNano() // what is old is not kept
	plantShelf(t, trace)
	plantWeb(trace)
	plantFiles(trace)
	plantGuesses(trace)
	plantNames(trace)
	plantShare(t, trace)
	h := &heard{out: map[string]string{}}
	h.file, h.state = stateFile(t)
	config, err := os.ReadFile(h.file)
	if err != nil {
		t.Fatal(err)
	}
	outputs := "clinical_shares: [Clinical$]\noutputs:\n"
	for view, name := range map[string]string{"full": "full.ndjson", "pseudonyms": "coded.ndjson"} {
		outputs += fmt.Sprintf("  - {name: ndjson, as: %s, view: %s, datasets: {%s}, path: %s}\n", view, view, strings.Join(choosable(), ": on, ")+": on", filepath.Join(filepath.Dir(h.file), name))
	}
	if err := os.WriteFile(h.file, append(config, outputs...), 0o600); err != nil {
		t.Fatal(err)
	}
	h.replay(t, trace)
	h.store(t)
	h.ask(t)
	wanted := []string{"clinical$", "anna"}
	for _, s := range proto.All() {
		if s.Fallback { // it names no protocol
			wanted = append(wanted, `"`+s.Name+`":{`)
		} else if s.IP != proto.ARP && s.Name != "ftp-data" { // no conversation, and one that another announces
			wanted = append(wanted, `"protocol":"`+s.Name+`"`)
		}
	}
	for _, want := range wanted {
		if !strings.Contains(h.out["documents"], want) {
			t.Errorf("no %s in the documents: the conversation was not understood", want)
		}
	}
	for name, text := range h.out {
		if text == "" && name != "log" {
			t.Errorf("nothing came out of %s", name)
		}
		for line := range strings.Lines(text) {
			if form := sings(line); form != "" {
				t.Errorf("%s in %s: %.300q", form, name, line)
			}
		}
	}
}

// replay runs the trace through the line as the configuration says, with everything
// that is printed.
func (h *heard) replay(t *testing.T, trace *craft.Trace) {
	t.Helper()
	s := settings{file: h.file}
	if err := s.load(); err != nil {
		t.Fatal(err)
	}
	var logs, table, screen, account, file bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if err := trace.WritePcap(&file, 0); err != nil {
		t.Fatal(err)
	}
	file.Truncate(file.Len() - 3) // a note about the end, which must not quote it
	source, err := capture.Files([]string{"-"}, capture.Options{Stdin: &file, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	rows, show, documents := output.NewTable(&table, pipeline.Tables()...), run{w: &screen}, strings.Builder{}
	settings, err := s.line(1, s.observer(), []byte("replay"))
	if err != nil {
		t.Fatal(err)
	}
	line, err := pipeline.New(settings, func(d event.Doc) {
		d.JSON = bytes.Clone(d.JSON)
		h.documents = append(h.documents, d)
		documents.Write(append(d.JSON, '\n'))
		rows.Write(t.Context(), []event.Doc{d})
		show.show(d)
	})
	if err != nil {
		t.Fatal(err)
	}
	counts, err := line.Replay(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	counts.Print(&account)
	h.out["documents"], h.out["table"], h.out["screen"] = documents.String(), table.String(), screen.String()
	h.out["accounting"], h.out["log"] = account.String(), logs.String()
}

// store brings the documents into a journal, and from there to the outputs.
func (h *heard) store(t *testing.T) {
	t.Helper()
	j, err := openJournal(h.state)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.Append(h.documents), j.Close()); err != nil { // all, of kinds that run does not keep as well
		t.Fatal(err)
	}
	s := settings{file: h.file}
	if err := s.load(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(h.state, "seed"), make([]byte, seedSize), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := s.posts(false, h.state, io.Discard, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	h.out["outputs"] = strings.Join(follow(t.Context(), list)(), "\n")
	if strings.Count(h.out["outputs"], fmt.Sprintf(" = %d acknowledged + 0 pending", len(h.documents))) != len(list) {
		t.Errorf("not every document went out: %s", h.out["outputs"])
	}
}

// ask types what a person types, and then reads every file that was written.
func (h *heard) ask(t *testing.T) {
	t.Helper()
	for _, verb := range []string{"status", "status --json", "alerts list", "alerts list --json"} {
		h.out[verb] = must(t, h.file, strings.Fields(verb)...)
	}
	for line := range strings.Lines(h.out["alerts list"]) {
		if !strings.HasPrefix(line, " ") {
			h.out["alerts show"] += must(t, h.file, "alerts", "show", strings.Fields(line)[0])
		}
	}
	err := filepath.WalkDir(filepath.Dir(h.file), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if len(b) > 0 {
			h.out[filepath.Base(path)] += string(b)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(h.out["status"], "coded.ndjson: pseudonyms") {
		t.Error(h.out["status"])
	}
	for _, name := range []string{"full.ndjson", "coded.ndjson", "view.db", "0000000000000001.seg"} {
		if h.out[name] == "" {
			t.Errorf("%s was not written", name)
		}
	}
	if strings.Contains(h.out["coded.ndjson"], "anna") {
		t.Error("anna is named in the view with pseudonyms")
	}
}

func TestCanaryIsHeard(t *testing.T) {
	for _, text := range []string{"a " + canary, "xx" + base64.StdEncoding.EncodeToString([]byte("anna:"+canary)), fmt.Sprintf("%x", canary)} {
		if sings(text) == "" {
			t.Errorf("not heard in %s", text)
		}
	}
}
