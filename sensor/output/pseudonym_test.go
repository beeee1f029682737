package output

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

var people = event.NewTable("people", "Names.",
	event.String("user.name", event.Personal, "who", func(*said) (string, bool) { return "", false }),
	event.Strings("related.user", event.Personal, "who", func(*said) []string { return nil }),
	event.Text("message", event.Personal, "sentence", func(s *said) (string, bool) { return s.sentence, true }),
	event.String("network.protocol", event.Technical, "what", func(*said) (string, bool) { return "", false }),
	event.Int("n", event.Technical, "how many", func(*said) (int64, bool) { return 0, false }),
	event.Objects("list", "inner", event.NewTable("inner", "Inner.",
		event.String("host", event.Personal, "who", func(*said) (string, bool) { return "", false })), func(*said, func(event.Record)) {}),
)

// reworded words a test document from what is left of it.
func reworded(d event.Document) {
	d.Put(people.Lookup("message"), &said{d.At("user.name").(string) + " did it"})
}

// said is who was seen.
type said struct{ sentence string }

func (*said) Table() *event.Table { return people }

func TestPseudonyms(t *testing.T) {
	p, err := NewPseudonyms(make([]byte, 16), []*event.Table{people}, reworded)
	if err != nil {
		t.Fatal(err)
	}
	in := event.Doc{ID: "x", JSON: []byte(`{"user":{"name":"Ann"},"related":{"user":["ann","bob"]},"message":"ann did it",
		"network":{"protocol":"smb"},"list":[{"host":"ward-3","more":"ward-3"}],"n":12345678901234567890,"other":{"user":"bob"}}`)}
	before := string(in.JSON)
	out, err := p.Doc(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ann", "Ann", "bob", "ward-3", "more", "other"} {
		if strings.Contains(string(out.JSON), name) {
			t.Errorf("%s is in %s", name, out.JSON)
		}
	}
	var got struct {
		User    struct{ Name string }
		Related struct{ User []string }
		Network struct{ Protocol string }
		Message string
		N       json.Number
	}
	if err := json.Unmarshal(out.JSON, &got); err != nil {
		t.Fatal(err)
	}
	if got.User.Name != got.Related.User[0] || got.User.Name == got.Related.User[1] || got.Network.Protocol != "smb" || got.N != "12345678901234567890" {
		t.Errorf("%s", out.JSON)
	}
	if got.Message != got.User.Name+" did it" {
		t.Errorf("message %q", got.Message)
	}
	if d := cmp.Diff(before, string(in.JSON)); d != "" {
		t.Error("the original was changed", d)
	}
	other, _ := NewPseudonyms([]byte("another key of 16"), []*event.Table{people}, reworded)
	if o, _ := other.Doc(in); string(o.JSON) == string(out.JSON) {
		t.Error("the key does not matter")
	}
}

func TestPseudonymsRefuse(t *testing.T) {
	if _, err := NewPseudonyms(nil, nil, reworded); err == nil {
		t.Error("without a key")
	}
	p, _ := NewPseudonyms(make([]byte, 16), nil, reworded)
	for _, text := range []string{"{", "[]", "{}{}"} {
		if _, err := p.Doc(event.Doc{JSON: []byte(text)}); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}
