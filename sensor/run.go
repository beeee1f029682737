package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"

	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/delivery"
	"github.com/brandmelder/brandmelder/sensor/drill"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/health"
	"github.com/brandmelder/brandmelder/sensor/journal"
	"github.com/brandmelder/brandmelder/sensor/pipeline"
	"github.com/brandmelder/brandmelder/sensor/rights"
)

// run is the verb's flags.
type run struct {
	mirror   []string
	way      string // to capture, "": the configuration's
	only     bool   // capture in this very process
	part     string // of a run that is the parent: staged or plain; "" none
	exercise bool
	watched  map[string]string // names of interfaces at the beginning, by those that people wrote down
	left     string            // what rights are left, and why
	dropped  bool              // the others were given up
	length   time.Duration
	w        io.Writer
	screen   sync.Mutex
	settings
}

func runCommand() *cobra.Command {
	r := run{}
	c := &cobra.Command{
		Use:   "run",
		Short: "capture live and detect",
		Long: "Run watches the interface of the default route, or those given with --mirror. Without --mirror it\n" +
			"plays an exercise beside it: a small intrusion in network namespaces of its own, so that you see\n" +
			"true alerts from real packets within a minute.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			r.w = c.OutOrStdout()
			if err := r.load(); err != nil {
				return err
			}
			if !c.Flags().Changed("mirror") {
				r.mirror = r.Mirror
			}
			if r.way != "" && !slices.Contains(capture.Ways, r.way) {
				return fmt.Errorf("--capture %s: choose %s", r.way, strings.Join(capture.Ways, ", "))
			}
			r.exercise = len(r.mirror) == 0
			return r.run(c.Context())
		},
	}
	c.Flags().StringSliceVar(&r.mirror, "mirror", nil, "interfaces to watch, without the exercise: names, or mac:ADDRESS or pci:PLACE")
	c.Flags().StringVar(&r.way, "capture", "", "how to capture: auto, xdp, filter or ring; without it as the configuration says")
	c.Flags().DurationVar(&r.length, "for", 0, "end after this time, such as 90s; 0 runs until Ctrl-C")
	c.Flags().BoolVar(&r.only, "capture-only", false, "capture in this very process, without the exercise and without ship: for a service manager")
	c.Flags().StringVar(&r.part, "part", "", "")
	c.Flags().MarkHidden("part")
	r.flag(c)
	return c
}

// say prints one line of the run; the status and the alerts come from different
// goroutines.
func (r *run) say(format string, args ...any) {
	r.screen.Lock()
	defer r.screen.Unlock()
	fmt.Fprintf(r.w, format+"\n", args...)
}

func (r *run) run(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	if r.length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.length)
		defer cancel()
	}
	state, err := r.state()
	switch {
	case err != nil:
		return err
	case r.part != "":
		return r.capture(ctx, state)
	case r.only:
		return r.alone(ctx, state)
	}
	r.say("brandmelder %s, configuration %s, state in %s", version, r.Hash(), state)
	stage := r.stage()
	if stage != nil {
		defer stage.Close()
	}
	return r.both(ctx, stage != nil)
}

// capture watches the interfaces in this process, which from here on opens no socket to
// the network.
func (r *run) capture(ctx context.Context, state string) error {
	if err := rights.NoNetwork(); err != nil {
		return err
	}
	sources, err := r.sources(r.part == staged, state)
	if err != nil {
		return err
	}
	if len(sources) == 0 {
		return r.recording(ctx)
	}
	return r.live(ctx, sources, state)
}

// stage starts the exercise, or says why it cannot be.
func (r *run) stage() *drill.Stage {
	if !r.exercise {
		return nil
	}
	program, err := os.Executable()
	if err == nil {
		var stage *drill.Stage
		if stage, err = drill.Open(program, "exercise"); err == nil {
			for _, act := range drill.Acts() {
				r.say("exercise: the intruder %s", act.Doc)
			}
			return stage
		}
	}
	r.say("the exercise cannot play here: %v", err)
	return nil
}

// sources opens what can be watched. Missing rights are said with what to type.
func (r *run) sources(staged bool, state string) ([]capture.Source, error) {
	names, err := r.named(state)
	if err != nil {
		return nil, err
	}
	if r.exercise {
		name, err := capture.DefaultRoute()
		if err != nil {
			r.say("no default route, so no interface to watch by itself: %v", err)
		} else {
			names = append(names, name)
		}
		if staged {
			names = append(names, drill.Veth)
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	way := cmp.Or(r.way, r.Capture)
	if r.exercise {
		way = "ring" // the host's own interface: half of what crosses it is what the host sends
	}
	all, how, err := capture.Open(way, names, capture.Options{Logger: slog.Default(), Rings: 1})
	if errors.Is(err, capture.ErrPermission) {
		r.say("capturing on %s needs more rights than you have here; type: sudo %s", strings.Join(names, ", "), strings.Join(command(), " "))
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r.say("watching %s", how)
	return all, nil
}

// command is what a person typed to get here.
func command() []string {
	return slices.DeleteFunc(slices.Clone(os.Args), func(arg string) bool { return strings.HasPrefix(arg, partFlag+"=") })
}

// live runs the line on the sources until ctx ends, and closes them. Its documents go
// to the journal, and alerts to the screen from there.
func (r *run) live(ctx context.Context, sources []capture.Source, state string) error {
	closeAll := func() (err error) {
		for _, s := range sources {
			err = errors.Join(err, s.Close())
		}
		return err
	}
	j, err := openJournal(state)
	if err != nil {
		return errors.Join(err, closeAll())
	}
	defer j.Close()
	settings, posts, err := r.prepare(len(sources), state)
	if err != nil {
		return errors.Join(err, closeAll())
	}
	record := journal.Record(j, keepIn(state, r.Retention), r.shown)
	var skipped uint64
	p := r.pulse(state, record, settings.Alert.Observer)
	line, err := pipeline.New(settings, func(d event.Doc) {
		p.saw(d)
		if !kept(d) && !r.asked(&d) {
			skipped++
			return
		}
		if isBlind(d) {
			r.say("%s", blindLine(d))
		}
		p.put(d)
	})
	if err != nil {
		record.Close()
		return errors.Join(err, closeAll())
	}
	r.left = r.shed(sources, state)
	finish := follow(context.Background(), posts)
	p.look, p.run.Rights = func() health.Line { return line.Glance(sources) }, r.left
	r.control(ctx, state, p, sources, record.Look)
	isUp(r.part)
	var beating sync.WaitGroup
	beats, stop := context.WithCancel(ctx)
	beating.Go(func() { p.beat(beats) })
	w := &watchdog{every: pace(), signs: signs(line, record), feed: tell(daemon.SdNotifyWatchdog), bite: bite}
	go w.watch(ctx)
	go r.status(ctx, p)
	go r.obey(ctx, line, journalIn(state), record.Decided())
	account, err := line.Live(ctx, sources)
	stop()
	beating.Wait()
	p.end()
	count := record.Close()
	account.Print(r.w)
	r.say("  %-11s %d + %d about the sensor = %d offered to the journal + %d of kinds that it does not keep", "", account.Documents, p.documents, count.Offered, skipped)
	r.say("  %-11s %s", "journal", count)
	for _, line := range finish() {
		r.say("  %-11s %s", "output", line)
	}
	return r.again(err, state, sources)
}

// control answers who asks at the socket of the state directory. A run goes on without.
func (r *run) control(ctx context.Context, state string, p *pulse, sources []capture.Source, decided func()) {
	c := &control{decided: decided, lend: lender(sources), shipped: p.shipped, now: p.word}
	if err := c.listen(ctx, state); err != nil {
		r.say("status and ship cannot ask this run: %v", err)
	}
}

// lender lets the host have the frames of the sources for lentFor.
func lender(sources []capture.Source) func() {
	lend := func(yes bool) {
		for _, s := range sources {
			if l, ok := s.(capture.Lender); ok {
				l.Lend(yes)
			}
		}
	}
	back := time.AfterFunc(lentFor, func() { lend(false) })
	return func() {
		lend(true)
		back.Reset(lentFor)
	}
}

// pulse is that of a run that records.
func (r *run) pulse(state string, record *journal.Recorder, o *event.Observer) *pulse {
	p := newPulse(state)
	p.count = func() (uint64, uint64) { return record.Journaled(), record.Shed() }
	p.record = record.Put
	p.say = r.say
	p.tell = func(run *health.Run) { p.document(pipeline.HealthDocument(o, r.ofRun(state, run))) }
	return p
}

// prepare is what a live line on so many sources needs: its settings, and the outputs
// that follow it.
func (r *run) prepare(sources int, state string) (c pipeline.Config, outputs []*delivery.Post, err error) {
	seed, err := seedOf(state)
	if err != nil {
		return c, nil, err
	}
	if outputs, err = r.posts(false, state, r.w, r.say); err != nil {
		return c, nil, err
	}
	observer := r.observer()
	observer.Salt = seed
	if c, err = r.line(sources, observer, seed); err != nil {
		return c, nil, err
	}
	first, err := orders(r.Config, journalIn(state))
	if err != nil {
		return c, nil, err
	}
	c.Alert.Suppressions = first.Suppressions
	if c.Learned, err = r.learned(state); err != nil {
		return c, nil, err
	}
	c.Learned.Save = true
	if c.Alert.Pasts, err = pasts(journalIn(state), time.Now()); err != nil {
		r.say("alerts of the run before cannot be read, so one may be raised again: %v", err)
	}
	return c, outputs, nil
}

// shown prints an alert that is on disk, and says when it could not get there.
func (r *run) shown(d event.Doc, err error) {
	r.show(d)
	if err != nil {
		noticeDisk.tell(r.say, "%s %s is not on disk: %v", d.Dataset, d.ID, err)
	}
}

// show prints an alert in full sentences. What a person suppressed is stored and
// counted, and does not call anyone.
func (r *run) show(d event.Doc) {
	if isAlert(d) && !bytes.Contains(d.JSON, []byte(`"suppression":{`)) {
		noticeAlert.tell(r.say, "%s", alertLine(d))
	}
}

// status prints a line a second; in the journal of a unit, which keeps it for good, one
// a minute, and what changes is a notice.
func (r *run) status(ctx context.Context, p *pulse) {
	every := time.Second
	if systemd() != nil {
		every = time.Minute
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			l := p.look()
			r.say("%s  %d packets, %d dropped, %d flows, %d events", now.Format("15:04:05"), l.Packets, l.Drops.Kernel, l.Flows.Created, l.Events)
		}
	}
}

// recording replays the exercise as it was recorded.
func (r *run) recording(ctx context.Context) error {
	source, err := drill.Recording()
	if err != nil {
		return err
	}
	defer source.Close()
	r.say("replaying the recording of the exercise instead; nothing of this network is seen")
	settings, err := r.line(1, &event.Observer{Name: "replay", Namespace: r.Namespace}, []byte("replay"))
	if err != nil {
		return err
	}
	line, err := pipeline.New(settings, r.show)
	if err != nil {
		return err
	}
	account, err := line.Replay(ctx, source)
	account.Print(r.w)
	return err
}

// exerciseCommand is how the stage calls this program for its players.
func exerciseCommand() *cobra.Command {
	roles := map[string]func(context.Context) error{"servers": drill.Serve, "intruder": drill.Intrude}
	return &cobra.Command{
		Use: "exercise servers|intruder", Hidden: true,
		Args: cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs), ValidArgs: []string{"servers", "intruder"},
		RunE: func(c *cobra.Command, args []string) error {
			ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return roles[args[0]](ctx)
		},
	}
}
