package main

import (
	"os"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/ingest"
	"github.com/brandmelder/brandmelder/sensor/drill"
)

// TestElasticDemo ships what the recorded exercise gives, for `make demo-elastic`.
func TestElasticDemo(t *testing.T) {
	if os.Getenv("BRANDMELDER_DEMO_URL") == "" {
		t.Skip("make demo-elastic runs it")
	}
	client, err := ingest.Open(ingest.Settings{Hosts: []string{os.Getenv("BRANDMELDER_DEMO_URL")}, APIKeyFile: os.Getenv("BRANDMELDER_DEMO_KEY"), Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	recording, err := drill.Recording()
	if err != nil {
		t.Fatal(err)
	}
	docs := replayOneAs(t, recording, "exercise", "demo")
	s := ingest.NewSender(client, ingest.Options{Namespace: "demo", Visible: 6 * time.Second, Dead: func(d []ingest.Dead) error {
		t.Errorf("refused: %s %s", d[0].Doc.ID, d[0].Reason)
		return nil
	}})
	if err := s.Write(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d documents sent: %d stored, %d were there", len(docs), s.Count().Stored, s.Count().Found)
}
