package delivery

import (
	"context"
	"errors"
	"time"

	"github.com/brandmelder/brandmelder/ingest"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/journal"
	"github.com/brandmelder/brandmelder/sensor/output"
)

const (
	maxBatch = 4096                   // documents
	poll     = 250 * time.Millisecond // how long a lane rests at the end of the journal
)

// lane carries one series to an output. One goroutine runs it.
type lane struct {
	*Post
	series  event.Series
	account Account
	known   bool   // the journal is the one that the account is of
	dirty   bool   // the account is not on disk as it stands
	suspect uint64 // what is below it may have been delivered by an earlier process
	tail    *journal.Tail
	ahead   *journal.Batch // read, and announced once the account is saved
	sink    output.Sink
	letters letters
	damper  damper
	buried  uint64 // dead letters of the batch at hand
}

// open resumes where the account says.
func (p *Post) open(s event.Series) (*lane, error) {
	l := &lane{Post: p, series: s, letters: letters{p.Disk, p.Dir}, damper: damper{limit: p.Limit}}
	var err error
	if l.account, err = Load(p.Dir, s); err != nil {
		return nil, err
	}
	if err := l.letters.forget(l.account.Settling); err != nil {
		return nil, err
	}
	l.account.Settling = nil
	l.suspect = l.account.Tried
	l.tail = journal.Follow(p.Disk, p.Journal, s, l.account.Next)
	env := p.Env
	env.Dead, env.Note = l.refused, l.note
	l.sink, err = p.Open(env)
	return l, err
}

// note tells people once what holds the lane up, and that it goes on.
func (l *lane) note(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	switch {
	case text == l.account.Error:
		return
	case text == "":
		l.Tell(GoesOn, "%s goes on", l.Name)
		l.account.Since = ""
	case errors.Is(err, ingest.ErrSetup):
		l.Tell(Waits, "%s waits for a person: %s", l.Name, text)
	default:
		l.Tell(Waits, "%s waits: %s", l.Name, text)
	}
	if text != "" && l.account.Since == "" {
		l.account.Since = time.Now().UTC().Format(time.RFC3339)
	}
	l.account.Error = text
	if err := l.save(); err != nil {
		l.Say("%s: %v", l.Name, err)
	}
}

// run delivers until stop is closed and the journal is at its end, or ctx ends.
func (l *lane) run(ctx context.Context, stop <-chan struct{}) {
	defer l.tail.Close()
	failures, ending := 0, false
	for ctx.Err() == nil {
		moved, err := l.step(ctx)
		wait := poll
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			failures++
			wait = l.Backoff.After(failures)
			l.note(err)
		case moved:
			failures = 0
			l.note(nil)
			continue
		default:
			failures = 0
			l.note(nil)
		}
		switch {
		case ending && err == nil:
			l.last(ctx)
			return
		case ending:
			ingest.Sleep(ctx, wait)
		default:
			select {
			case <-stop:
				ending = true // and once more: the journal's last documents may just have come
			case <-ctx.Done():
			case <-time.After(wait):
			}
		}
	}
}

// last tells what is owed before the lane ends, whatever the minute.
func (l *lane) last(ctx context.Context) {
	l.damper.began = time.Time{}
	if err := l.summary(ctx); err != nil {
		l.note(err)
	}
}

func (l *lane) save() error {
	l.dirty = true
	if err := l.account.save(l.Disk, l.Dir, l.series); err != nil {
		return err
	}
	l.dirty = false
	return nil
}

// step delivers one batch. Without any it does what else waits, and reports false.
func (l *lane) step(ctx context.Context) (moved bool, err error) {
	if l.dirty {
		if err := l.save(); err != nil {
			return false, err
		}
	}
	if l.ahead == nil {
		if l.ahead, err = l.fetch(); err != nil {
			return false, err
		}
	}
	if err := l.summary(ctx); err != nil {
		return false, err
	}
	if l.ahead == nil {
		return false, l.resend(ctx)
	}
	part, rest := l.part(l.ahead)
	if err := l.announce(part); err != nil {
		return false, err
	}
	next, err := l.deliver(ctx, part)
	if err != nil {
		return false, err
	}
	l.account, l.ahead = next, rest
	if l.ahead == nil {
		l.ahead, err = l.fetch()
	}
	l.account.Tried = l.account.Next
	if l.ahead != nil && !l.Single {
		l.account.Tried = l.ahead.Next
	}
	return true, errors.Join(err, l.save())
}

// announce says on disk that a batch is about to be sent.
func (l *lane) announce(b *journal.Batch) error {
	if l.account.Tried >= b.Next {
		return nil
	}
	l.account.Tried = b.Next
	return l.save()
}

// fetch reads the next batch, nil at the end.
func (l *lane) fetch() (*journal.Batch, error) {
	if !l.known {
		if err := l.meet(); err != nil || !l.known {
			return nil, err
		}
	}
	b, err := l.tail.Next(maxBatch)
	if err != nil || len(b.Entries) == 0 {
		return nil, err
	}
	return &b, nil
}

// meet makes sure that the journal is the one that the account is of: another one, made
// after the first was removed, is read from its beginning.
func (l *lane) meet() error {
	id, err := journal.ID(l.Journal)
	if err != nil || id == "" {
		return err
	}
	l.known = true
	if l.account.Of != "" && l.account.Of != id {
		l.Say("%s: the journal is not the one of before; it is read from its beginning", l.Name)
		l.account, l.suspect = Account{Next: 1, Tried: 1}, 1
		l.tail.Close()
		l.tail = journal.Follow(l.Disk, l.Journal, l.series, 1)
	}
	l.account.Of = id
	return nil
}

// part is what is delivered and acknowledged at once: all of a batch, or up to the
// first document that the output wants. What may have been delivered before stands
// apart from what was not.
func (l *lane) part(b *journal.Batch) (part, rest *journal.Batch) {
	cut := len(b.Entries)
	for i := range b.Entries {
		if l.Single && l.Choice.Wants(&b.Entries[i].Doc) {
			cut = i + 1
			break
		}
		if i > 0 && b.First < l.suspect && b.Entries[i].Seq >= l.suspect {
			cut = i
			break
		}
	}
	if cut == len(b.Entries) {
		return b, nil
	}
	next := b.Entries[cut-1].Seq + 1
	part = &journal.Batch{Entries: b.Entries[:cut], First: b.First, Next: next, Missing: next - b.First - uint64(cut)}
	rest = &journal.Batch{Entries: b.Entries[cut:], First: next, Next: b.Next, Missing: b.Missing - part.Missing}
	return part, rest
}

// deliver hands a batch to the output, and returns the account behind it.
func (l *lane) deliver(ctx context.Context, b *journal.Batch) (Account, error) {
	a := l.account
	if b.Missing > 0 {
		why, err := l.missing(b)
		if err != nil {
			return a, err
		}
		a.expire(why)
	}
	l.buried = 0
	var docs []event.Doc
	for i := range b.Entries {
		d := b.Entries[i].Doc
		if !l.Choice.Wants(&d) {
			a.Unasked++
			continue
		}
		docs = append(docs, d)
	}
	docs, held := l.damper.let(docs, &a)
	docs, err := l.view(docs)
	if err == nil && len(docs) > 0 {
		err = l.write(ctx, docs, b.First < l.suspect, &a)
	}
	if err != nil {
		return a, err
	}
	l.damper.took(len(docs))
	a.Error, a.Since = l.account.Error, l.account.Since // told meanwhile
	a.Next = b.Next
	a.HeldBack += held
	a.Dead += l.buried
	a.Acknowledged += uint64(len(b.Entries)) - (a.Unasked - l.account.Unasked) - held - l.buried
	return a, nil
}

// missing says why entries of a batch are not there.
func (l *lane) missing(b *journal.Batch) (map[string]uint64, error) {
	list, err := journal.Expired(l.Journal, l.series)
	if err != nil {
		return nil, err
	}
	all := map[string]uint64{}
	from := b.First
	for i := range b.Entries {
		if seq := b.Entries[i].Seq; seq > from {
			for reason, n := range journal.Why(list, from, seq) {
				all[reason] += n
			}
		}
		from = b.Entries[i].Seq + 1
	}
	return all, nil
}

// view rewrites documents for who may not see names. One that cannot be rewritten does
// not go as it is: it is dead.
func (l *lane) view(docs []event.Doc) ([]event.Doc, error) {
	if l.View == nil {
		return docs, nil
	}
	coded := docs[:0:0]
	for _, d := range docs {
		c, err := l.View(d)
		if err != nil {
			if err := l.bury([]output.Dead{{Doc: d, Type: "view", Reason: err.Error()}}, true); err != nil {
				return nil, err
			}
			continue
		}
		coded = append(coded, c)
	}
	return coded, nil
}

// write hands documents over. Those that may be there already go to Resume, or are
// counted where the output cannot tell.
func (l *lane) write(ctx context.Context, docs []event.Doc, again bool, a *Account) error {
	doubter, _ := l.sink.(output.Doubter)
	var before uint64
	if doubter != nil {
		before = doubter.Doubtful()
	}
	resumer, _ := l.sink.(output.Resumer)
	var err error
	switch {
	case again && resumer != nil:
		err = resumer.Resume(ctx, docs)
	default:
		if again {
			a.Doubtful += uint64(len(docs))
		}
		err = l.sink.Write(ctx, docs)
	}
	if doubter != nil {
		a.Doubtful += doubter.Doubtful() - before
	}
	return err
}
