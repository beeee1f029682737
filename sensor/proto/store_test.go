package proto

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// toldStores is what a conversation with a store tells, in short.
func toldStores(t *testing.T, name string, ip uint8, file string) (out []string) {
	t.Helper()
	for _, r := range run(specOf(t, name, ip), readDialogue(t, "testdata/"+name+"/"+file)) {
		switch r := r.(type) {
		case *Store:
			out = append(out, fmt.Sprintf("%s %d/%d", r.Command, r.Requests, r.Refused))
		case *event.Login:
			out = append(out, fmt.Sprintf("login %s %s@%s %s %s clear=%v %d", r.Method, r.User, r.Service, r.Outcome, r.Reason, r.Clear, r.Attempt))
		case *Database:
			out = append(out, fmt.Sprintf("database %s %s statements=%d", r.System, r.User, r.Statements))
		}
	}
	return out
}

func TestMongoDB(t *testing.T) {
	want := []string{
		"login scram-sha-256 arts@admin failure 18 clear=false 1", "login scram-sha-256 arts@admin success  clear=false 2",
		"listDatabases 1/0", "dropDatabase 1/0", "createUser 1/1", "database mongodb arts statements=1",
	}
	if d := cmp.Diff(want, toldStores(t, "mongodb", 6, "hit.hex")); d != "" {
		t.Error(d)
	}
	want = []string{"login plain arts@$external success  clear=true 1", "login scram-sha-1 zuster@admin unknown  clear=false 2", "database mongodb zuster statements=0"}
	if d := cmp.Diff(want, toldStores(t, "mongodb", 6, "hit-plain.hex")); d != "" {
		t.Error(d)
	}
}

func TestMemcached(t *testing.T) {
	want := []string{"set 1/0", "get 1/0", "stats 1/0", "stats items 1/0", "stats cachedump 1/0", "get 2/0", "flush_all 1/0"}
	if d := cmp.Diff(want, toldStores(t, "memcached", 6, "hit-tcp.hex")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"stats 1/0"}, toldStores(t, "memcached", 17, "hit-udp.hex")); d != "" {
		t.Error(d)
	}
}
