package detect

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func TestMailExfiltrationHit(t *testing.T) {
	found, _ := watch(t, "mail-exfiltration", nil, sceneEvents(readScenes(t, "mail-exfiltration", "hit")))
	got := map[string]mailFacts{}
	for _, f := range found {
		got[f.Subject.Addr.String()] = *f.Facts.(*mailFacts)
		if f.Severity != event.Medium {
			t.Errorf("%+v", f)
		}
	}
	want := map[string]mailFacts{
		"10.0.0.1": {Messages: 4, Bytes: 3600, Bare: true},
		"10.0.0.2": {Messages: 1, Bytes: 9000, Kinds: []string{"application/zip"}, Bare: true},
		"10.0.0.3": {Messages: 1, Bytes: 300000, Kinds: []string{"application/msword"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestMailExfiltrationFlood(t *testing.T) {
	holdsCap(t, "mail-exfiltration", scene{Kind: "smtp", Client: "10.0.0.1", Server: "203.0.113.1", Fields: map[string]any{
		"brandmelder.smtp.bytes": 900.0, "brandmelder.smtp.type": "text/html", "brandmelder.smtp.authenticated": true,
	}}, mailHosts)
}
