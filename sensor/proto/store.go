package proto

import "github.com/brandmelder/brandmelder/sensor/event"

// Store is one kind of command at a store of documents or of keys and values, given
// at its first time and each time that the number has doubled. Keys, values and
// documents are not in it.
type Store struct {
	System   string // "memcached", "mongodb"
	Command  string // of a list: a word that is not on it is never told
	Requests int64  // since the conversation began
	Refused  int64

	told int64
}

var storeTable = event.NewTable("store", "Commands at stores of documents and of keys and values.",
	event.String("brandmelder.store.system", event.Technical, "memcached or mongodb", func(s *Store) (string, bool) { return s.System, true }),
	event.String("brandmelder.store.command", event.Technical, "command", func(s *Store) (string, bool) { return s.Command, true }),
	event.Int("brandmelder.store.requests", event.Technical, "commands of this kind since the conversation began", func(s *Store) (int64, bool) { return s.Requests, true }),
	event.Int("brandmelder.store.refused", event.Technical, "of them refused", func(s *Store) (int64, bool) { return s.Refused, s.Refused > 0 }),
).InBrief("brandmelder.store.system", "brandmelder.store.command", "brandmelder.store.refused")

func (*Store) Table() *event.Table { return storeTable }

const storeKinds = 32

// storeTally counts the commands of a conversation.
type storeTally struct{ kinds few[string, Store] }

func (t *storeTally) count(system, command string, refused bool, emit func(event.Record)) {
	s := t.kinds.meet(command, Store{System: system, Command: command}, storeKinds)
	s.Requests++
	if refused {
		s.Refused++
	}
	if s.Requests >= 2*s.told || refused && s.Refused == 1 {
		t.tell(s, emit)
	}
}

func (t *storeTally) tell(s *Store, emit func(event.Record)) {
	s.told = s.Requests
	r := *s
	emit(&r)
}

// end tells of what has grown since it was told.
func (t *storeTally) end(emit func(event.Record)) {
	for i := range t.kinds.entries {
		if s := &t.kinds.entries[i].value; s.Requests > s.told {
			t.tell(s, emit)
		}
	}
}
