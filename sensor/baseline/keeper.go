package baseline

// SaveEvery is the time between two snapshots of what changed, ns of packet time:
// what a crash can lose.
const SaveEvery = 60_000_000_000

// Keeper saves stores in a directory. The goroutine that uses the maps encodes
// them, which is quick; another one writes, which may wait for the disk.
type Keeper struct {
	dir, version string
	stores       []*Store
	parts        []*group
	next         int64
	work         chan []sealed
	done         chan error
}

type sealed struct {
	name  string
	bytes []byte
}

// NewKeeper starts the writer. failed hears of each snapshot that could not be written.
func NewKeeper(dir, version string, failed func(error), stores ...*Store) *Keeper {
	k := &Keeper{dir: dir, version: version, stores: stores, work: make(chan []sealed, 1), done: make(chan error)}
	for _, s := range stores {
		k.parts = append(k.parts, s.groups()...)
	}
	go func() {
		var last error
		for parts := range k.work {
			for _, p := range parts {
				if err := write(k.dir, p.name, p.bytes); err != nil {
					last = err
					failed(err)
				}
			}
		}
		k.done <- last
	}()
	return k
}

// Tick saves what changed, each SaveEvery. While the writer is still busy with the
// parts before, what changed waits for the next tick.
func (k *Keeper) Tick(now int64) {
	if now < k.next || len(k.work) > 0 {
		return
	}
	k.next = now + SaveEvery
	if parts := k.encode(now); len(parts) > 0 {
		k.work <- parts
	}
}

func (k *Keeper) encode(now int64) (out []sealed) {
	for _, g := range k.parts {
		if !g.dirty(now) {
			continue
		}
		h := Head{Format: format, Version: k.version, Name: g.name, Schema: g.schema(), Saved: now}
		for _, m := range g.maps {
			h.Entries += m.Len()
		}
		body := g.body(now)
		if g.lesson != nil {
			lesson := *g.lesson
			h.Lesson = &lesson
		}
		out = append(out, sealed{g.name, seal(h, body)})
	}
	return out
}

// Close saves what changed since and waits for the disk. At 0 there was no time in which
// something could change, and what is on disk stays.
func (k *Keeper) Close(now int64) error {
	if now == 0 {
		close(k.work)
		return <-k.done
	}
	if parts := k.encode(now); len(parts) > 0 {
		k.work <- parts
	}
	close(k.work)
	return <-k.done
}
