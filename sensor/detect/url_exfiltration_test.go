package detect

import "testing"

func TestURLExfiltrationHit(t *testing.T) {
	found, _ := watch(t, "url-exfiltration", nil, sceneEvents(readScenes(t, "url-exfiltration", "hit")))
	if len(found) != 2 {
		t.Fatalf("%d findings, want one at twenty requests and one at forty", len(found))
	}
	f, facts := found[0], found[0].Facts.(*urlFacts)
	if f.Key != "10.0.0.1 cdn.example.org" || facts.Requests != 20 || facts.Bytes != 18_000 || facts.Back != 860 || facts.Entropy < 5.69 {
		t.Errorf("%s %+v", f.Key, facts)
	}
}

func TestURLExfiltrationFlood(t *testing.T) {
	holdsCap(t, "url-exfiltration", readScenes(t, "url-exfiltration", "hit")[0], urlPlaces)
}
