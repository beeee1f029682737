package detect

import (
	"cmp"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// storeTakeover finds who misuses a store of keys and values or of documents: has it
// write files where it should not (keys for SSH, jobs, web pages), load a module or
// follow a strange master, which runs programs on it; or reads it out, empties it and
// makes accounts, as those do who ask a ransom.
//
// Each of these alone is also an administrator's or a deployment's work, so signs are
// weighed; what comes from outside has no such excuse.
type storeTakeover struct {
	env   Env
	pairs *baseline.Map[pair, storeDeeds]
}

type storeSign uint16

const (
	storeWritesFiles storeSign = 1 << iota
	storeSaves
	storeLoadsModule
	storeFollows
	storeEmpties
	storeReadsAll
	storeAccounts
	storeStops
	storeFromOutside
)

// storeSigns are the signs with their weight. Where files are written to is set once
// by those who install a server, and in its configuration, not by a command.
var storeSigns = []struct {
	sign   storeSign
	name   string
	points int
}{
	{storeWritesFiles, "file-place-set", 4}, {storeSaves, "saved-there", 1}, {storeLoadsModule, "module-loaded", 5}, {storeFollows, "follows-another", 1},
	{storeEmpties, "emptied", 2}, {storeReadsAll, "read-out", 1}, {storeAccounts, "accounts-changed", 2}, {storeStops, "stopped", 2}, {storeFromOutside, "from-outside", 3},
}

// storeCommands are the commands of all systems by what they are a sign of.
var storeCommands = map[string]storeSign{
	"MODULE LOAD": storeLoadsModule, "MODULE LOADEX": storeLoadsModule, "SLAVEOF": storeFollows, "REPLICAOF": storeFollows,
	"FLUSHALL": storeEmpties, "FLUSHDB": storeEmpties, "flush_all": storeEmpties, "dropDatabase": storeEmpties, "drop": storeEmpties,
	"MONITOR": storeReadsAll, "stats cachedump": storeReadsAll, "lru_crawler metadump": storeReadsAll, "listDatabases": storeReadsAll, "usersInfo": storeReadsAll,
	"ACL SETUSER": storeAccounts, "ACL DELUSER": storeAccounts, "createUser": storeAccounts, "updateUser": storeAccounts, "dropUser": storeAccounts, "dropAllUsersFromDatabase": storeAccounts,
	"SHUTDOWN": storeStops, "shutdown": storeStops,
}

type storeDeeds struct {
	first    int64
	system   string
	signs    storeSign
	commands []string
	count    int64
	refused  int64
	told     event.Severity
	refs     []event.FlowRef
}

const (
	storePairs = 8192
	storeHour  = 3600 * second
	storeNames = 12
	storeNote  = 2 // points
	storeBar   = 4
	storeGrave = 5
)

func newStoreTakeover(env Env, decode Decoder) (Detector, error) {
	return &storeTakeover{env: env, pairs: baseline.NewMap[pair, storeDeeds](env.State, "store-takeover.pairs", storePairs, storeHour)}, decode(&struct{}{})
}

func (d *storeTakeover) Tick(int64, Report) {}

func (d *storeTakeover) Observe(e *event.Event, report Report) {
	system, command, refused := "redis", event.TextOf(e.Data, "brandmelder.redis.command"), event.IsTrue(e.Data, "brandmelder.redis.error")
	if e.Kind == "store" {
		system, command = event.TextOf(e.Data, "brandmelder.store.system"), event.TextOf(e.Data, "brandmelder.store.command")
		refused = event.NumberOf(e.Data, "brandmelder.store.refused") == event.NumberOf(e.Data, "brandmelder.store.requests")
	}
	k := pair{}
	if e.Flow != nil {
		k = pair{e.Flow.Client.Addr(), e.Flow.Server.Addr()}
	}
	sign := d.sign(command, event.TextOf(e.Data, "brandmelder.redis.setting"), k)
	if sign == 0 || !d.env.Know.Internal(k.server) {
		return
	}
	s, fresh := d.pairs.Touch(k, e.Time)
	if fresh {
		s.first, s.system = e.Time, strings.Clone(system)
	}
	s.note(sign, command, refused)
	s.refs = noteFlow(s.refs, e.Flow)
	if !d.env.Know.Internal(k.client) {
		s.signs |= storeFromOutside
	}
	if severity := s.severity(); severity > s.told {
		s.told = severity
		report(d.finding(e, k, s))
	}
}

// sign is what a command says. To save is the server's own daily work until someone
// said where.
func (d *storeTakeover) sign(command, setting string, k pair) storeSign {
	switch {
	case command == "CONFIG SET" && (setting == "dir" || setting == "dbfilename" || setting == "appendfilename"):
		return storeWritesFiles
	case command == "CONFIG SET" && setting == "requirepass":
		return storeAccounts
	case command == "SAVE" || command == "BGSAVE":
		if s := d.pairs.Get(k); s != nil && s.signs&storeWritesFiles != 0 {
			return storeSaves
		}
	}
	return storeCommands[command]
}

func (s *storeDeeds) note(sign storeSign, command string, refused bool) {
	s.signs |= sign
	if s.count++; refused {
		s.refused++
	}
	if len(s.commands) < storeNames && !slices.Contains(s.commands, command) {
		s.commands = append(s.commands, strings.Clone(command))
	}
}

func (s *storeDeeds) points() (names []string, points int) {
	for _, x := range storeSigns {
		if s.signs&x.sign != 0 {
			names, points = append(names, x.name), points+x.points
		}
	}
	return names, points
}

// severity of what was only tried is one step less.
func (s *storeDeeds) severity() event.Severity {
	switch _, points := s.points(); {
	case points >= storeGrave && s.refused < s.count:
		return event.High
	case points >= storeBar:
		return event.Medium
	case points >= storeNote:
		return event.Low
	}
	return 0
}

func (d *storeTakeover) finding(e *event.Event, k pair, s *storeDeeds) event.Finding {
	names, points := s.points()
	f := event.Finding{
		Key: k.client.String() + " " + k.server.String(), Time: e.Time, Onset: s.first,
		Subject: d.env.Know.Entity(k.client), Peer: d.env.Know.Entity(k.server), Port: e.Flow.Server.Port(),
		Flows: slices.Clone(s.refs), FlowsTotal: len(s.refs),
		Observed: event.Measure{Value: float64(points), Unit: "points", N: int(s.count)},
		Baseline: event.Measure{Value: storeBar, Unit: "points"},
		Facts:    &storeFacts{s.system, slices.Clone(s.commands), names, s.count, s.refused},
		Score:    min(55+5*float64(points), 95), Severity: s.told,
	}
	if allowedFrom(d.env, k.client, k.server) {
		f.Severity = event.Low
	}
	f.Severity = cmp.Or(f.Severity, event.Low)
	return f
}

type storeFacts struct {
	System         string
	Commands       []string
	Signs          []string
	Count, Refused int64
}

var storeTakeoverTable = event.NewTable("store-takeover", "Misuse of stores of keys and values or of documents.",
	event.String("brandmelder.store_takeover.system", event.Technical, "redis, memcached or mongodb", func(f *storeFacts) (string, bool) { return f.System, true }),
	event.Strings("brandmelder.store_takeover.commands", event.Technical, "commands that were given, at most 12", func(f *storeFacts) []string { return f.Commands }),
	event.Strings("brandmelder.store_takeover.signs", event.Technical, "what they are a sign of", func(f *storeFacts) []string { return f.Signs }),
	event.Int("brandmelder.store_takeover.count", event.Technical, "such commands", func(f *storeFacts) (int64, bool) { return f.Count, true }),
	event.Int("brandmelder.store_takeover.refused", event.Technical, "of them refused", func(f *storeFacts) (int64, bool) { return f.Refused, true }),
)

func (*storeFacts) Table() *event.Table { return storeTakeoverTable }

func init() {
	register(Spec{
		Name: "store-takeover", Doc: "a store such as Redis, memcached or MongoDB is made to write files or run code, or is read out and emptied",
		Family: "service-exploit", Technique: []string{"T1190", "T1485", "T1505", "T1213"},
		Class: event.Absolute, Severity: event.Medium,
		Wants: []string{"redis", "store"}, Facts: storeTakeoverTable, New: newStoreTakeover,
	})
}
