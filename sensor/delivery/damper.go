package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/output"
)

// damper lets so many messages through a minute. What it holds back is owed: counted
// by level until a message has told of it.
type damper struct {
	limit int // 0: none
	began time.Time
	used  int
}

// room is how many messages may still go within this minute.
func (d *damper) room(now time.Time) int {
	if now.Sub(d.began) >= time.Minute {
		d.began, d.used = now, 0
	}
	return max(d.limit-d.used, 0)
}

// let passes what there is room for and adds the others to what the account owes.
func (d *damper) let(docs []event.Doc, a *Account) (pass []event.Doc, held uint64) {
	if d.limit == 0 {
		return docs, 0
	}
	room := d.room(time.Now())
	if len(a.Owed) > 0 {
		room = min(room, max(d.limit-d.used-1, 0)) // the message about them comes first
	}
	if len(docs) <= room {
		return docs, 0
	}
	a.Owed = maps.Clone(a.Owed)
	if a.Owed == nil {
		a.Owed = map[string]uint64{}
	}
	for i := range docs[room:] {
		a.Owed[levelOf(&docs[room+i])]++
	}
	return docs[:room], uint64(len(docs) - room)
}

// took counts messages that went.
func (d *damper) took(n int) { d.used += n }

func levelOf(d *event.Doc) string {
	var in struct{ Event struct{ Severity int } }
	json.Unmarshal(d.JSON, &in)
	return output.Level(in.Event.Severity)
}

// summary sends the message about what was held back, once its minute is over.
func (l *lane) summary(ctx context.Context) error {
	if len(l.account.Owed) == 0 || l.damper.room(time.Now()) == 0 {
		return nil
	}
	doc := heldBack(l.Env, l.account.Owed, time.Now())
	if err := l.sink.Write(ctx, []event.Doc{doc}); err != nil {
		return err
	}
	l.damper.took(1)
	l.account.Owed = nil
	return l.save()
}

var heldWords = map[string]string{
	"en": "%d more messages were held back, since there are too many: %s. They are in the journal; see brandmelder alerts list.",
	"nl": "Er zijn nog %d berichten tegengehouden, omdat het er te veel zijn: %s. Ze staan in het journaal; zie brandmelder alerts list.",
}

// heldBack is a document that tells how many messages were held back.
func heldBack(env output.Env, owed map[string]uint64, now time.Time) event.Doc {
	var parts []string
	total, severity := uint64(0), 0
	for _, level := range []struct {
		name     string
		severity int
	}{{"CRITICAL", 99}, {"HIGH", 73}, {"MEDIUM", 47}, {"LOW", 21}} {
		n := owed[level.name]
		if n == 0 {
			continue
		}
		total += n
		severity = max(severity, level.severity)
		parts = append(parts, fmt.Sprint(n, " ", strings.ToLower(level.name)))
	}
	words := heldWords["en"]
	if w, ok := heldWords[env.Lang]; ok {
		words = w
	}
	text, _ := json.Marshal(map[string]any{
		"@timestamp": now.UTC().Format(time.RFC3339Nano),
		"event":      map[string]any{"kind": "event", "action": "messages-held-back", "severity": severity},
		"message":    fmt.Sprintf(words, total, strings.Join(parts, ", ")),
		"observer":   map[string]any{"name": env.Observer, "vendor": "Brandmelder", "type": "sensor"},
	})
	return event.Doc{Dataset: "health", ID: fmt.Sprintf("held-%x", now.UnixNano()), Time: now.UnixNano(), JSON: text}
}
