package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/flow"
)

// onOneThread runs f on a thread of its own, which ends with it.
func onOneThread(f func() error) error {
	runtime.LockOSThread()
	return f()
}

// paced are captures of at most a minute that have findings and can be sent: the
// first ten.
func paced(t *testing.T, all map[string]opener) map[string][]frame {
	out := map[string][]frame{}
	for _, name := range sorted(all) {
		list, why := frames(t, all[name](t))
		if why != "" || len(list) == 0 || !whole(list) || list[len(list)-1].time-list[0].time > minute {
			continue
		}
		if text, _ := run(t, all[name](t), settings(1, flow.Config{})); found(text) != nil {
			out[name] = list
		}
		if len(out) == 10 {
			break
		}
	}
	return out
}

// whole reports whether nothing of the frames was cut, and their times go on.
func whole(list []frame) bool {
	for i, f := range list {
		if int(f.wire) != len(f.data) || i > 0 && f.time < list[i-1].time {
			return false
		}
	}
	return true
}

// found is who did what to whom, without when and how much of it.
func found(documents string) (all []string) {
	for line := range strings.Lines(documents) {
		object, ok := strings.CutPrefix(line, "alert ")
		if !ok {
			continue
		}
		var doc map[string]any
		if json.Unmarshal([]byte(object), &doc) == nil && number(doc, "brandmelder.revision") == 0 {
			all = append(all, fmt.Sprint(text(doc, "rule.id"), " ", text(doc, "rule.category"), " ", text(doc, "source.ip"), " ", text(doc, "destination.ip")))
		}
	}
	slices.Sort(all)
	return all
}

// At their own pace and by the kernel's clock, captures give the findings of their files.
func TestLiveAtItsOwnPace(t *testing.T) {
	if testing.Short() {
		t.Skip("up to a minute of waiting")
	}
	for _, way := range []string{"ring", "xdp"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel() // it waits nearly all of the time
			atItsOwnPace(t, way)
		})
	}
}

func atItsOwnPace(t *testing.T, way string) {
	all := traffic(t)
	craft.Namespace(t)
	var running sync.WaitGroup
	names := 0
	for name, list := range paced(t, all) {
		want, _ := run(t, all[name](t), settings(1, flow.Config{}))
		left, right := fmt.Sprint("left", names), fmt.Sprint("right", names)
		names++
		craft.Cable(t, left, right)
		source, to := watching(t, way, right), craft.NewSender(t, left)
		running.Go(func() {
			defer to.Close()
			got := listen(t, source, func() error { return onOneThread(func() error { return atPace(list, to) }) })
			if diff := cmp.Diff(found(want), found(got)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
			t.Logf("%s: %d packets in %.0f s, %d findings", name, len(list), float64(list[len(list)-1].time-list[0].time)/1e9, len(found(got)))
		})
	}
	running.Wait()
	if names == 0 {
		t.Error("no capture of a minute has findings and can be sent")
	}
}

// atPace sends frames with the pauses that are between them in the capture.
func atPace(list []frame, to *craft.Sender) error {
	began := time.Now()
	for _, f := range list {
		time.Sleep(time.Until(began.Add(time.Duration(f.time - list[0].time))))
		if err := to.Send(f.data); err != nil {
			return err
		}
	}
	return nil
}

// listen runs the live line on a source while play plays; the documents are one a line.
func listen(t *testing.T, source capture.Source, play func() error) string {
	var out strings.Builder
	line, err := New(settings(1, flow.Config{}), func(d event.Doc) { fmt.Fprintf(&out, "%s %s\n", d.Dataset, d.JSON) })
	if err != nil {
		t.Error(err)
		return ""
	}
	ctx, stop := context.WithCancel(t.Context())
	played := make(chan error, 1)
	go func() {
		defer stop()
		played <- play()
	}()
	account, err := line.Live(ctx, []capture.Source{source})
	if err := errors.Join(err, <-played); err != nil || account.Capture.Dropped != 0 {
		t.Errorf("%d dropped, %v", account.Capture.Dropped, err)
	}
	return out.String()
}
