package output

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

type nobody struct{}

func (*nobody) Table() *event.Table { return nil }

var people = event.NewTable("people", "Names.",
	event.String("user.name", event.Personal, "who", func(*nobody) (string, bool) { return "", false }),
	event.Strings("related.user", event.Personal, "who", func(*nobody) []string { return nil }),
	event.Text("message", event.Personal, "sentence", func(*nobody) (string, bool) { return "", false }),
	event.String("network.protocol", event.Technical, "what", func(*nobody) (string, bool) { return "", false }),
	event.Objects("list", "inner", event.NewTable("inner", "Inner.",
		event.String("host", event.Personal, "who", func(*nobody) (string, bool) { return "", false })), func(*nobody, func(event.Record)) {}),
)

func TestPseudonyms(t *testing.T) {
	p, err := NewPseudonyms(make([]byte, 16), []*event.Table{people})
	if err != nil {
		t.Fatal(err)
	}
	in := event.Doc{ID: "x", JSON: []byte(`{"user":{"name":"ann"},"related":{"user":["ann","bob"]},"message":"ann did it",
		"network":{"protocol":"smb"},"list":[{"host":"ward-3"}],"n":12345678901234567890}`)}
	before := string(in.JSON)
	out, err := p.Doc(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ann", "bob", "ward-3"} {
		if strings.Contains(string(out.JSON), name) {
			t.Errorf("%s is in %s", name, out.JSON)
		}
	}
	var got struct {
		User    struct{ Name string }
		Related struct{ User []string }
		Network struct{ Protocol string }
		N       json.Number
	}
	if err := json.Unmarshal(out.JSON, &got); err != nil {
		t.Fatal(err)
	}
	if got.User.Name != got.Related.User[0] || got.User.Name == got.Related.User[1] || got.Network.Protocol != "smb" || got.N != "12345678901234567890" {
		t.Errorf("%s", out.JSON)
	}
	if d := cmp.Diff(before, string(in.JSON)); d != "" {
		t.Error("the original was changed", d)
	}
	other, _ := NewPseudonyms([]byte("another key of 16"), []*event.Table{people})
	if o, _ := other.Doc(in); string(o.JSON) == string(out.JSON) {
		t.Error("the key does not matter")
	}
}

func TestPseudonymsRefuse(t *testing.T) {
	if _, err := NewPseudonyms(nil, nil); err == nil {
		t.Error("without a key")
	}
	p, _ := NewPseudonyms(make([]byte, 16), nil)
	if _, err := p.Doc(event.Doc{JSON: []byte("{")}); err == nil {
		t.Error("no JSON")
	}
}
