package detect

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReconHit(t *testing.T) {
	found, _ := watch(t, "directory-recon", nil, sceneEvents(readScenes(t, "directory-recon", "hit")))
	got := map[string]string{}
	for _, f := range found {
		facts := f.Facts.(*reconFacts)
		got[f.Key] = fmt.Sprintf("%d %s %d/%d", f.Severity, strings.Join(facts.What, ", "), facts.Calls, facts.Servers)
	}
	want := map[string]string{
		"10.0.0.1":  "47 members of groups 1/1",
		"10.0.0.2":  "47 sessions 1/1",
		"10.0.0.3":  "47 logged-on users 2/1",
		"10.0.0.4":  "47 shares 10/10",
		"10.0.0.5":  "47 RPC endpoints 10/1",
		"10.0.0.6":  "47 SIDs 102/1",
		"10.0.0.7":  "47 SPNs 1/1",
		"10.0.0.8":  "47 scripted filter 1/1",
		"10.0.0.9":  "73 users, groups, trusts, computers, adminCount, scripted filter 1/1",
		"10.0.0.10": "47 users, computers 2/1",
		"10.0.0.11": "47 users, ACLs 1/1",
		"10.0.0.12": "47 no pre-authentication 1/1",
		"10.0.0.13": "47 NetBIOS names 42/42",
		"10.0.0.14": "47 RPC endpoints 1/1",
		"10.0.0.15": "47 SIDs 1/1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, f := range found {
		if f.Onset > f.Time || len(f.Flows) == 0 || f.Peer.Addr.IsValid() == (len(f.Related) > 0) {
			t.Errorf("%+v", f)
		}
	}
}

// An inventory asks the same of the same servers each night.
func TestReconIsToldOnce(t *testing.T) {
	s := scene{Kind: "rpc", Client: "10.0.0.1", Server: "10.0.1.1", Port: 445, Every: 6 * 3600, Count: 40, Fields: map[string]any{
		"brandmelder.rpc.interface": "srvsvc", "brandmelder.rpc.operation": "NetrSessionEnum", "brandmelder.rpc.status": "ok"}}
	if found, _ := watch(t, "directory-recon", nil, sceneEvents([]scene{s})); len(found) != 1 {
		t.Errorf("%d findings of one habit", len(found))
	}
}

func TestShapesOfFilters(t *testing.T) {
	for filter, want := range map[string]filterShape{
		"(cn=a)":                               {names: true},
		"(&(objectclass=user)(cn=*))":          {},
		"(&(samaccounttype=805306368))":        {scripted: true},
		"(&(|(|(samaccountname=a)(name=a))))":  {names: true, scripted: true},
		"(|(samaccountname=a))":                {names: true},
		"(&(objectclass=user)(|(mail=a)))":     {names: true},
		"(&(a=b)(|(dnshostname=a.b)))":         {names: true, scripted: true},
		"":                                     {},
		"(((((":                                {},
		")))(&":                                {},
		strings.Repeat("(&", 200):              {},
		strings.Repeat("(&", 20) + "(cn=a))))": {names: true, scripted: true},
	} {
		if got := readFilter(filter); got != want {
			t.Errorf("%s: %+v, want %+v", filter, got, want)
		}
	}
}

func TestReconFlood(t *testing.T) {
	s := scene{Kind: "rpc", Client: "10.0.0.1", Server: "10.0.1.1", Port: 445, Every: 0.001, Count: reconClients + 1000, Vary: []string{"client", "server"}, Fields: map[string]any{
		"brandmelder.rpc.interface": "srvsvc", "brandmelder.rpc.operation": "NetrSessionEnum", "brandmelder.rpc.status": "ok"}}
	_, state := watch(t, "directory-recon", nil, sceneEvents([]scene{s}))
	if g := state.Gauges()[0]; g.Len() != g.Cap() || g.Evicted() != 1000 {
		t.Errorf("%d of %d, %d evicted", g.Len(), g.Cap(), g.Evicted())
	}
	s.Vary = []string{"server"}
	found, _ := watch(t, "directory-recon", nil, sceneEvents([]scene{s}))
	if last := found[len(found)-1].Facts.(*reconFacts); len(found) > 8 || last.Servers != maxNoted {
		t.Errorf("%d findings, the last of %d servers", len(found), last.Servers)
	}
}
