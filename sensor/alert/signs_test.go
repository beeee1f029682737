package alert

import (
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/detect"
)

// A code means nothing to who reads an alert, and a phrase without a code is dead.
func TestEverySignHasPhrases(t *testing.T) {
	used := map[string]bool{}
	for _, code := range detect.Signs() {
		used[code] = true
		phrases, ok := signPhrases[code]
		if !ok {
			t.Errorf("%s has no phrase", code)
		}
		for i, phrase := range phrases {
			words := len(strings.Fields(phrase))
			if words < 2 || words > 8 || strings.ContainsAny(phrase, ",;.:") || phrase[:1] == strings.ToUpper(phrase[:1]) {
				t.Errorf("%s, %s: %q", code, languages[i], phrase)
			}
		}
	}
	for code := range signPhrases {
		if !used[code] {
			t.Errorf("no detector has the sign %s", code)
		}
	}
}

func TestSignsAreWordedInTheLanguage(t *testing.T) {
	codes := []string{"survey", "of-yesterday"}
	for lang, want := range map[string]string{
		"en": "the first message describes a machine, of-yesterday",
		"nl": "het eerste bericht beschrijft een systeem, of-yesterday",
	} {
		if got := signsOf(lang, codes); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := signsOf("en", detect.Signs()[:maxSigns+2]); !strings.HasSuffix(got, " (+2)") || strings.Count(got, ", ") != maxSigns-1 {
		t.Errorf("%q", got)
	}
}
