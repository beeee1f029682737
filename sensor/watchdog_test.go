package main

import (
	"context"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// Only when every part has moved is the watchdog fed; it bites within 30 s of the moment at which one stopped, names
// it, and not while it only stutters.
func TestWatchdog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancel(t.Context())
		defer end()
		var capture, journal, feeds atomic.Uint64
		var bitten string
		w := &watchdog{
			every: lookEvery,
			signs: []*sign{{of: "capture", count: capture.Load}, {of: "journal", count: journal.Load}},
			feed:  func() { feeds.Add(1) }, bite: func(stuck string, _ time.Duration) { bitten = stuck; end() },
		}
		go w.watch(ctx)
		for range 60 {
			capture.Add(1)
			journal.Add(1)
			time.Sleep(time.Second)
		}
		fed := feeds.Load()
		if fed < 29 || bitten != "" {
			t.Errorf("fed %d times in a minute, bitten by %q", fed, bitten)
		}
		before := fed
		for range 6 { // a part that moves each 10 s lives
			capture.Add(1)
			for range 10 {
				journal.Add(1)
				time.Sleep(time.Second)
			}
		}
		fed = feeds.Load()
		if fed-before > 7 || fed == before || bitten != "" {
			t.Errorf("fed %d times by six canaries, bitten by %q", fed-before, bitten)
		}
		before = fed
		stopped := time.Now()
		for ctx.Err() == nil {
			capture.Add(1)
			time.Sleep(time.Second)
		}
		fed = feeds.Load()
		if took := time.Since(stopped); took > 20*time.Second || bitten != "journal" || fed > before+1 {
			t.Errorf("bitten by %q after %s, fed %d times meanwhile", bitten, took, fed-before)
		}
	})
}

// Under a service manager the looks follow its limit, so that the run can say why before it is ended.
func TestPace(t *testing.T) {
	for limit, want := range map[string]time.Duration{"": lookEvery, "24000000": 2 * time.Second, "9000000": 750 * time.Millisecond, "1000000": oftenest} {
		t.Setenv("WATCHDOG_USEC", limit)
		if got := pace(); got != want {
			t.Errorf("%q: %s, want %s", limit, got, want)
		}
	}
}

// What is told goes to the socket that the service manager names.
func TestTell(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	tell(daemon.SdNotifyReady)()
	b := make([]byte, 100)
	if n, err := l.Read(b); err != nil || string(b[:n]) != "READY=1" {
		t.Errorf("%q %v", b[:n], err)
	}
}
