package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/brandmelder/brandmelder/sensor/delivery"
	"github.com/brandmelder/brandmelder/sensor/health"
	"github.com/brandmelder/brandmelder/sensor/lasting"
	"github.com/brandmelder/brandmelder/sensor/rights"
)

const (
	// graceful is how long ship may still send after it was told to end: what is not
	// sent by then waits in the journal.
	graceful = 5 * time.Second
	report   = time.Second
)

// ship is the verb's flags.
type ship struct {
	settings
	part    string // of run: it starts ship itself
	w       io.Writer
	screen  sync.Mutex
	inForce atomic.Pointer[outbox]
}

// outbox is a configuration and what carries the journal to its outputs.
type outbox struct {
	settings
	posts []*delivery.Post
}

func shipCommand() *cobra.Command {
	s := ship{}
	c := &cobra.Command{
		Use:   "ship",
		Short: "send the journal to the outputs that need the network",
		Long: "Ship reads the journal that run writes and sends it, at its own pace and without any right of its own.\n" +
			"Run starts it where an output needs it; with a service manager it is a service of its own.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s.w = c.OutOrStdout()
			if err := s.load(); err != nil {
				return err
			}
			return s.run(c.Context())
		},
	}
	c.Flags().StringVar(&s.part, "part", "", "")
	c.Flags().MarkHidden("part")
	s.flag(c)
	return c
}

func (s *ship) say(format string, args ...any) {
	s.screen.Lock()
	defer s.screen.Unlock()
	fmt.Fprintf(s.w, format+"\n", args...)
}

func (s *ship) run(ctx context.Context) error {
	ctx, end := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer end()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	state, err := s.state()
	if err != nil {
		return err
	}
	if err := rights.Keep(rights.None); err != nil && !errors.Is(err, rights.ErrThreads) {
		return err
	}
	now, err := s.prepare(s.settings, state)
	if err != nil {
		return err
	}
	s.inForce.Store(now)
	told := func() (health.Status, error) { return s.inForce.Load().health(state) }
	if err := serveMetrics(ctx, s.Metrics, told); err != nil {
		return err
	}
	if s.part == "" {
		s.say("brandmelder %s, configuration %s, state in %s", version, s.Hash(), state)
	}
	lock, err := lockShip(state)
	if err != nil {
		return err
	}
	defer lock.Close()
	isUp(s.part)
	for now != nil {
		now = s.send(ctx, now, state, hangup)
	}
	return nil
}

// prepare makes ready to send what a configuration wants: there has to be an output that
// needs the network, or the metrics.
func (s *ship) prepare(c settings, state string) (*outbox, error) {
	posts, err := c.posts(true, state, s.w, s.say)
	if err == nil && !c.ships() {
		err = errors.New("ship: no output of the configuration needs the network; see outputs in the documentation of -c")
	}
	return &outbox{c, posts}, err
}

// send sends until ctx ends, and returns nil; or until a SIGHUP, and returns what the
// configuration wants then.
func (s *ship) send(ctx context.Context, now *outbox, state string, hangup <-chan os.Signal) *outbox {
	for _, p := range now.posts {
		s.say("sending to %s %s", p.Name, p.Where)
	}
	inForce, end := context.WithCancel(ctx)
	defer end()
	lines := make(chan []string)
	go func() { lines <- now.until(inForce, state) }()
	next := s.reloaded(ctx, state, hangup)
	end()
	for _, line := range <-lines {
		s.say("  %-11s %s", "output", line)
	}
	return next
}

// reloaded waits for SIGHUP and reads the configuration anew. One that is wrong changes
// nothing, and the screen says why. It is nil when ctx has ended.
func (s *ship) reloaded(ctx context.Context, state string, hangup <-chan os.Signal) *outbox {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangup:
		}
		c := settings{file: s.file}
		err := c.load()
		var next *outbox
		if err == nil {
			next, err = s.prepare(c, state)
		}
		if err != nil {
			noticeReload.tell(s.say, "not reloaded, what was in force stays: %v", err)
			continue
		}
		s.inForce.Store(next)
		s.say("in force: the outputs of configuration %s; other settings as ship began", next.Hash())
		return next
	}
}

// until sends until ctx ends, and then what it can within the grace.
func (o *outbox) until(ctx context.Context, state string) []string {
	hard, cancel := context.WithCancel(context.Background())
	defer cancel()
	finish := follow(hard, o.posts)
	go o.tellRun(hard, state)
	<-ctx.Done()
	time.AfterFunc(graceful, cancel)
	return finish()
}

// lockShip makes sure that one process moves the accounts of the outputs.
func lockShip(state string) (*os.File, error) {
	dir := shipDir(state)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("ship: %w", err)
	}
	f, err := os.OpenFile(dir+"/lock", os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, fmt.Errorf("ship: %w", err)
	}
	for end := time.Now().Add(lockWait); ; time.Sleep(lockWait / 100) {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			lasting.Sweep(dir, time.Now())
			return f, nil
		}
		if time.Now().After(end) {
			f.Close()
			return nil, errors.New("ship: another process is sending from this state directory already")
		}
	}
}
