// Package drill plays a small scripted intrusion over real sockets, so that a
// person sees true alerts from real packets. Intruder and servers are processes
// in network namespaces of their own, joined by a bridge without an address: no
// packet of theirs can reach the machine's own network.
package drill

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

// Where the players live. The inside addresses are of a private range, the
// outside ones of a range that is reserved for documentation (RFC 5737); both
// exist in the players' own namespaces only.
var (
	intruderHost = netip.MustParseAddr("172.31.250.10")
	fileServer   = netip.MustParseAddr("172.31.250.20")
	beaconHost   = netip.MustParseAddr("203.0.113.10")
	dropHost     = netip.MustParseAddr("203.0.113.66")
	nameServer   = netip.MustParseAddr("203.0.113.53")
)

// Act is one part of the intrusion.
type Act struct {
	Name     string
	Doc      string // for people
	Detector string // that has to find it
	play     func(context.Context) error
}

// Acts is the whole script; the acts run at the same time.
func Acts() []Act {
	return []Act{
		{"guess", "guesses passwords of a file server's FTP login", "login-bruteforce", guess},
		{"beacon", "asks a server outside for orders every 2.5 seconds", "beacon", beacon},
		{"upload", "sends 210 MB to a place that nobody here has used before", "upload", upload},
		{"tunnel", "carries data outside in DNS names", "dns-tunnel", tunnel},
	}
}

// Intrude plays all acts until ctx ends. It is called in the intruder's process.
func Intrude(ctx context.Context) error {
	if err := joinStage(ctx, intruderHost); err != nil {
		return err
	}
	var acts sync.WaitGroup
	for _, a := range Acts() {
		acts.Go(func() {
			// An intruder tries again; so do we, for servers that do not listen yet.
			for ctx.Err() == nil && a.play(ctx) != nil {
				sleep(ctx, 500*time.Millisecond)
			}
		})
	}
	acts.Wait()
	return nil
}

// Serve runs the servers until ctx ends. It is called in the servers' process.
func Serve(ctx context.Context) error {
	if err := joinStage(ctx, fileServer, beaconHost, dropHost, nameServer); err != nil {
		return err
	}
	failed := make(chan error, 4)
	for _, serve := range []func(context.Context) error{serveFTP, serveOrders, serveDrop, serveNames} {
		go func() { failed <- serve(ctx) }()
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

// sleep waits, and reports false when ctx ended meanwhile.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
