package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/alert"
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

func TestCanary(t *testing.T) {
	trace := craft.NewTrace()
	plantShelf(t, trace)
	plantWeb(trace)
	plantFiles(trace)
	plantNames(trace)
	plantShare(t, trace)

	var documents []string
	var logs, table, account bytes.Buffer
	rows := output.NewTable(&table)
	replayPlanted(t, trace, &logs, &account, func(d event.Doc) {
		documents = append(documents, string(d.JSON))
		rows.Write([]event.Doc{d})
	})
	all := strings.Join(documents, "\n")
	wanted := []string{"clinical$", "anna"}
	for _, s := range proto.All() {
		if s.Fallback { // it names no protocol
			wanted = append(wanted, `"`+s.Name+`":{`)
		} else if s.IP != proto.ARP && s.Name != "ftp-data" { // no conversation, and one that another announces
			wanted = append(wanted, `"protocol":"`+s.Name+`"`)
		}
	}
	for _, want := range wanted {
		if !strings.Contains(all, want) {
			t.Errorf("no %s in the documents: the conversation was not understood", want)
		}
	}
	for _, d := range documents {
		if form := sings(d); form != "" {
			t.Errorf("%s in %s", form, d)
		}
	}
	for name, text := range map[string]string{"log": logs.String(), "table": table.String(), "accounting": account.String()} {
		if form := sings(text); form != "" {
			t.Errorf("%s in the %s", form, name)
		}
	}
	if account.Len() == 0 || table.Len() == 0 {
		t.Error("nothing was printed")
	}
}

// replayPlanted runs the trace through the line, with everything that is printed.
func replayPlanted(t *testing.T, trace *craft.Trace, logs, printed *bytes.Buffer, emit func(event.Doc)) {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var file bytes.Buffer
	if err := trace.WritePcap(&file, 0); err != nil {
		t.Fatal(err)
	}
	file.Truncate(file.Len() - 3) // a note about the end, which must not quote it
	source, err := capture.Files([]string{"-"}, capture.Options{Stdin: &file, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	line, err := pipeline.New(pipeline.Config{
		Shards: 1, Clinical: []string{"Clinical$"},
		Alert: alert.Config{Observer: &event.Observer{Name: "replay", Namespace: "default"}, Lang: "en", Seed: []byte("replay")},
	}, emit)
	if err != nil {
		t.Fatal(err)
	}
	account, err := line.Replay(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	account.Print(printed)
}

func TestCanaryIsHeard(t *testing.T) {
	for _, text := range []string{"a " + canary, "xx" + base64.StdEncoding.EncodeToString([]byte("anna:"+canary)), fmt.Sprintf("%x", canary)} {
		if sings(text) == "" {
			t.Errorf("not heard in %s", text)
		}
	}
}
