package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/brandmelder/brandmelder/sensor/health"
)

const (
	topEvery = time.Second
	// What is read from the view and the files of the journal costs more than what run
	// says, and changes less.
	topWhole = 10 * time.Second
)

func topCommand() *cobra.Command {
	t := top{}
	c := &cobra.Command{
		Use:   "top",
		Short: "the sensor live: packets, protocols, losses, outputs",
		Long: "Top shows each second what run says of itself: q ends it. Where it is not on a terminal it prints\n" +
			"once what status prints.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			screen, err := openTerminal(os.Stdin, os.Stdout)
			if err != nil {
				return err
			}
			if screen == nil {
				now, err := t.status()
				if err == nil {
					printStatus(c.OutOrStdout(), &now)
				}
				return err
			}
			defer screen.Close()
			return t.watch(ctx, screen)
		},
	}
	t.flag(c)
	return c
}

// top is what the screen has seen so far.
type top struct {
	settings
	now   health.Status
	whole time.Time   // when all of it was read last
	was   *health.Run // the glance before this one
	rates []float64   // packets a second, the newest last
}

// watch draws until somebody types q or the terminal is gone.
func (t *top) watch(ctx context.Context, screen *terminal) error {
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, syscall.SIGWINCH)
	defer signal.Stop(resized)
	tick := time.NewTicker(topEvery)
	defer tick.Stop()
	keys := screen.keys()
	if err := t.look(); err != nil {
		return err
	}
	for {
		columns, rows := screen.size()
		screen.out.WriteString(paint(t.frame(columns), columns, rows))
		select {
		case <-ctx.Done():
			return nil
		case key, open := <-keys:
			if !open || key == 'q' || key == 'Q' {
				return nil
			}
		case <-resized:
		case <-tick.C:
			if err := t.look(); err != nil {
				return err
			}
		}
	}
}

// look asks run, and reads all of the rest where that is due.
func (t *top) look() (err error) {
	t.was = t.now.Run
	if time.Since(t.whole) >= topWhole {
		t.whole = time.Now()
		t.now, err = t.status()
	} else {
		t.now.At = time.Now().UTC()
		a, failed := ask(t.now.State, asked{Ask: "status"})
		if t.now.Up = failed == nil; t.now.Up {
			t.now.Run, t.now.Minute = &a.Run, a.Run.Minute
		}
		t.now.Judge()
	}
	if err == nil {
		t.rates = append(t.rates, t.rate(func(l *health.Line) uint64 { return l.Packets }))
		t.rates = t.rates[max(0, len(t.rates)-maxRates):]
	}
	return err
}

// rate is how fast a count of the line grew since the glance before, a second.
func (t *top) rate(count func(*health.Line) uint64) float64 {
	a, b := t.was, t.now.Run
	if a == nil || b == nil || a.PID != b.PID || !a.Since.Equal(b.Since) || !b.At.After(a.At) {
		return 0
	}
	return float64(count(&b.Line)-min(count(&a.Line), count(&b.Line))) / b.At.Sub(a.At).Seconds()
}
