package pipeline

import (
	"bytes"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/flow"
)

// steered is a mirror that keeps back what is not wanted; what comes up gets the
// time that the capture has for it.
type steered struct {
	capture.Source
	frames []frame
	at     int         // behind the last frame that came up
	sent   atomic.Bool // all of them
}

func (s *steered) Read(p *event.Packet) error {
	for {
		err := s.Source.Read(p)
		if errors.Is(err, capture.ErrIdle) {
			if s.sent.Load() {
				if err := s.Source.(capture.Stopper).Stop(); err != nil {
					return err
				}
			}
			continue
		}
		if err != nil {
			return err
		}
		for at := s.at; len(p.Data) > 0 && at < len(s.frames); at++ {
			if f := &s.frames[at]; len(f.data) == int(p.Wire) && bytes.HasPrefix(f.data, p.Data) {
				s.at, p.Wire = at+1, f.wire
				break
			}
		}
		p.Time = s.frames[max(s.at-1, 0)].time
		return nil
	}
}

// send sends all frames as fast as they are taken.
func (s *steered) send(to *craft.Sender) error {
	defer s.sent.Store(true)
	for i, f := range s.frames {
		for i%8 == 0 && s.behind(i) > 32 {
			time.Sleep(100 * time.Microsecond)
		}
		if err := to.Send(f.data); err != nil {
			return err
		}
	}
	return nil
}

// behind is how many of the first n packets neither came up nor were counted yet.
func (s *steered) behind(n int) int {
	st := s.Stats()
	return n - int(st.Delivered+st.Counted+st.Dropped)
}

// encrypted is transfers of which only the beginning is of interest.
func encrypted(t *testing.T) opener {
	trace := craft.NewTrace()
	if err := transfers(t, 200, func(frames [][]byte) error {
		for _, f := range frames {
			trace.Add(f)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	file := pcap(t, trace, 0)
	return func(t testing.TB) capture.Source { return open(t, file) }
}

// What is kept back is no evidence: the same is found.
func TestLiveFindsTheSameInWhatIsLeft(t *testing.T) {
	for _, way := range []string{"filter", "xdp"} {
		t.Run(way, func(t *testing.T) { findsTheSameInWhatIsLeft(t, way) })
	}
}

func findsTheSameInWhatIsLeft(t *testing.T, way string) {
	all := traffic(t)
	all["transfers"] = encrypted(t)
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	var seen, counted uint64
	for _, name := range sorted(all) {
		list, why := frames(t, all[name](t))
		if why != "" {
			continue
		}
		want, _ := run(t, all[name](t), settings(1, flow.Config{}))
		source, to := &steered{Source: watching(t, way, "right"), frames: list}, craft.NewSender(t, "left")
		failed := make(chan error, 1)
		go func() { failed <- onOneThread(func() error { return source.send(to) }) }()
		got, account := run(t, source, settings(1, flow.Config{Steer: source.Source.(capture.Steerer).Steer}))
		if err := errors.Join(<-failed, to.Close()); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(found(want), found(got)); diff != "" || account.Capture.Dropped != 0 || account.Capture.Seen != uint64(len(list)) {
			t.Errorf("%s: %+v %s", name, account.Capture, diff)
		}
		seen, counted = seen+account.Capture.Seen, counted+account.Capture.Counted
		if err := source.Close(); err != nil {
			t.Error(err)
		}
	}
	if counted == 0 {
		t.Error("nothing was kept back")
	}
	t.Logf("%d of %d packets were kept back", counted, seen)
}
