package detect

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

// factScene is a record of a parser as a scene spells it: texts, numbers, true and
// false, addresses, and lists of them, of the types that the path has in the parsers'
// tables. That it is in one is tested where all of them can be seen.
type factScene struct{ table *event.Table }

func (f *factScene) Table() *event.Table { return f.table }

func newFactScene(kind string, facts map[string]any, n int) *factScene {
	var paths []string
	for path := range facts {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	var fields []event.Field
	for _, path := range paths {
		fields = append(fields, sceneField(path, facts[path], n))
	}
	return &factScene{event.NewTable(kind, "", fields...)}
}

// parsed are the types of the facts of all parsers, by path.
var parsed = sync.OnceValue(func() map[string]event.Type {
	all := map[string]event.Type{}
	for _, s := range proto.All() {
		for _, table := range s.Tables {
			for i := range table.Fields {
				all[table.Fields[i].Path] = table.Fields[i].Type
			}
		}
	}
	return all
})

func sceneField(path string, value any, n int) event.Field {
	type r = *factScene
	const p = event.Technical
	switch v := value.(type) {
	case string:
		v = strings.ReplaceAll(v, "{n}", fmt.Sprint(n))
		if parsed()[path] == event.TypeIP {
			a := netip.MustParseAddr(v)
			return event.IP(path, p, "", func(r) netip.Addr { return a })
		}
		return event.String(path, p, "", func(r) (string, bool) { return v, true })
	case bool:
		return event.Bool(path, p, "", func(r) (bool, bool) { return v, true })
	case float64:
		if parsed()[path] == event.TypeFloat {
			return event.Float(path, p, "", func(r) (float64, bool) { return v, true })
		}
		return event.Int(path, p, "", func(r) (int64, bool) { return int64(v), true })
	case []any:
		return sceneList(path, v)
	}
	panic(fmt.Sprintf("scene: %s cannot be %T", path, value))
}

func sceneList(path string, list []any) event.Field {
	type r = *factScene
	var texts []string
	var numbers []int64
	var addrs []netip.Addr
	for _, x := range list {
		switch v := x.(type) {
		case float64:
			numbers = append(numbers, int64(v))
		case string:
			if parsed()[path] == event.TypeIP {
				addrs = append(addrs, netip.MustParseAddr(v))
			} else {
				texts = append(texts, v)
			}
		}
	}
	switch {
	case numbers != nil:
		return event.Ints(path, event.Technical, "", func(r) []int64 { return numbers })
	case addrs != nil:
		return event.IPs(path, event.Technical, "", func(r) []netip.Addr { return addrs })
	}
	return event.Strings(path, event.Technical, "", func(r) []string { return texts })
}

func TestFactScene(t *testing.T) {
	r := newFactScene("http", map[string]any{
		"url.domain": "h{n}.example", "dns.resolved_ip": []any{"192.0.2.1"}, "brandmelder.dns.entropy": 8.0, "a.size": 3.0, "a.sizes": []any{1.0, 2.0}, "a.on": true,
	}, 7)
	if got := event.TextOf(r, "url.domain"); got != "h7.example" {
		t.Errorf("text %q", got)
	}
	if got := event.AddrsOf(r, "dns.resolved_ip"); len(got) != 1 {
		t.Errorf("addresses %v", got)
	}
	if event.ShareOf(r, "brandmelder.dns.entropy") != 8 || event.NumberOf(r, "a.size") != 3 || len(event.NumbersOf(r, "a.sizes")) != 2 || !event.IsTrue(r, "a.on") {
		t.Error("a number or a truth was lost")
	}
}
