package kibana

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// attack is all techniques of ATT&CK, "T1078 Valid Accounts", each below its tactic,
// "TA0001 Initial Access".
//
//go:embed attack.txt
var attack string

// named is a tactic or a technique as ATT&CK calls it.
type named struct{ id, name string }

type technique struct {
	named
	tactic named
}

var techniques = sync.OnceValue(func() map[string]technique {
	all, tactic := map[string]technique{}, named{}
	for line := range strings.Lines(attack) {
		id, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case strings.HasPrefix(id, "TA"):
			tactic = named{id, name}
		case strings.HasPrefix(id, "T"):
			all[id] = technique{named{id, name}, tactic}
		}
	}
	return all
})

// NameOf is what ATT&CK calls a technique, "" where it has none of that id.
func NameOf(id string) string { return techniques()[id].name }

func (n named) object(kind string) object {
	return object{"id": n.id, "name": n.name, "reference": "https://attack.mitre.org/" + kind + "/" + strings.ReplaceAll(n.id, ".", "/") + "/"}
}

// threat is how a rule names techniques: by tactic, with a sub-technique below its
// technique.
func threat(ids []string) (list []any) {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	byTactic := map[named][]any{}
	var order []named
	for i := 0; i < len(ids); {
		main, _, _ := strings.Cut(ids[i], ".")
		t, ok := techniques()[main]
		subs := []any{}
		for ; i < len(ids) && strings.HasPrefix(ids[i], main); i++ {
			if sub, ok := techniques()[ids[i]]; ok && ids[i] != main {
				subs = append(subs, sub.object("techniques"))
			}
		}
		if !ok {
			continue
		}
		o := t.object("techniques")
		o["subtechnique"] = subs
		if byTactic[t.tactic] == nil {
			order = append(order, t.tactic)
		}
		byTactic[t.tactic] = append(byTactic[t.tactic], o)
	}
	for _, tactic := range order {
		list = append(list, object{"framework": "MITRE ATT&CK", "technique": byTactic[tactic], "tactic": tactic.object("tactics")})
	}
	return list
}
