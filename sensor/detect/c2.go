package detect

import (
	"net/netip"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// c2 finds the channel by which an intruder steers a host: a command shell on a
// socket, the check-in or the first program of a known kind of implant, requests
// that only pretend to be a browser's, a self-made certificate on a bare address,
// and a lone conversation in an unknown protocol with a place that nobody else here
// uses. A shape that has no honest use speaks for itself; all others are signs that
// must come together, and each kind of channel has its own signs and its own bar.
type c2 struct {
	env      Env
	bar      int // points of a finding
	channels *baseline.Map[c2Key, c2Channel]
	peers    *baseline.Map[netip.Addr, firstFew] // places outside with which a client speaks protocols nobody reads
	users    *baseline.Map[string, firstFew]     // clients of each place
	posts    *baseline.Map[c2Post, firstFew]     // servers to which a client posts one form
	inside   *baseline.Map[netip.Addr, firstFew] // servers of our own that a client asks by HTTP
	roles    c2Roles
}

const (
	c2Channels = 32768
	c2Forms    = 8192 // forms that clients send, which are few beside all requests
	c2Idle     = 24 * 3600 * second
	c2Calls    = 12                   // latest requests of a channel whose times are kept
	c2Pause    = 1500 * second / 1000 // requests closer than this are one: a page and its parts
	c2Few      = 2                    // unread peers outside, or users of a place, beside the ones at hand: more is a network of peers, or a service
	c2Long     = 300 * second         // longer than a page, a look-up or a check for updates takes
	c2Refs     = 4
)

type c2Key struct {
	client netip.Addr
	place  string
	port   uint16
	kind   c2Kind
}

// c2Post is one form that a client sends.
type c2Post struct {
	client netip.Addr
	path   string
	bytes  int64
}

// c2Channel is what is known of one channel.
type c2Channel struct {
	signs    signs
	first    int64
	calls    [c2Calls]int64
	n        int // calls: requests that belong together are one, or connections
	requests int
	posts    int // of them, those that sent something
	refused  int // of those, answered by an error
	other    int // requests for what pages are made of
	opening  c2Opening
	told     event.Severity
	refs     []event.FlowRef
}

func newC2(env Env, decode Decoder) (Detector, error) {
	set := c2Config{Points: c2Bar}
	if err := decode(&set); err != nil {
		return nil, err
	}
	return &c2{
		env:      env,
		bar:      max(set.Points, 1),
		channels: baseline.NewMap[c2Key, c2Channel](env.State, "c2-channel.channels", c2Channels, c2Idle),
		peers:    baseline.NewMap[netip.Addr, firstFew](env.State, "c2-channel.peers", c2Channels, c2Idle),
		users:    baseline.NewMap[string, firstFew](env.State, "c2-channel.users", c2Channels, c2Idle),
		inside:   baseline.NewMap[netip.Addr, firstFew](env.State, "c2-channel.inside", c2Channels, c2Idle),
		roles:    newC2Roles(env),
		posts:    baseline.NewMap[c2Post, firstFew](env.State, "c2-channel.posts", c2Forms, c2Idle),
	}, nil
}

func (c *c2) Tick(int64, Report) {}

func (c *c2) Observe(e *event.Event, report Report) {
	if e.Flow == nil {
		return
	}
	switch e.Kind {
	case "talk":
		c.talk(e, report)
	case "http":
		c.http(e, report)
	case "tls":
		c.tls(e, report)
	case "flow.start", "flow.alive", "flow.end":
		c.led(e, report)
	}
}

// channel is the channel that an event belongs to.
func (c *c2) channel(e *event.Event, k c2Key) *c2Channel {
	ch, fresh := c.channels.Touch(k, e.Time)
	if fresh {
		ch.first = min(e.Flow.Start, e.Time)
	}
	ch.refs = keep(ch.refs, e.Flow.Ref(), c2Refs)
	return ch
}

// call notes a request. One that belongs to the page before is no call.
func (ch *c2Channel) call(at int64) {
	if ch.n > 0 && at-ch.calls[(ch.n-1)%c2Calls] < c2Pause {
		return
	}
	ch.calls[ch.n%c2Calls] = at
	ch.n++
}

// c2Opening is with how many bytes the latest conversations of a channel began.
type c2Opening struct {
	bytes int64
	flow  int64 // start of the latest conversation
	n     int   // so many in a row began with as many bytes
}

// open notes how a conversation began, once.
func (ch *c2Channel) open(f *event.Flow, bytes int64) {
	o := &ch.opening
	if f.Start == o.flow {
		return
	}
	if bytes != o.bytes {
		o.n = 0
	}
	o.bytes, o.flow = bytes, f.Start
	o.n++
	ch.call(f.Start)
}

// gaps are the distances of the latest calls, ns.
func (ch *c2Channel) gaps() []int64 {
	var gaps []int64
	for i := max(ch.n-c2Calls, 0) + 1; i < ch.n; i++ {
		gaps = append(gaps, ch.calls[i%c2Calls]-ch.calls[(i-1)%c2Calls])
	}
	return gaps
}

// regular reports whether the calls come like a timer's: at least five distances of
// which none strays more than a tenth from the middle one.
func (ch *c2Channel) regular() bool { return steady(ch.gaps(), 2*second, .1) }

// clocked reports whether the calls come like those of a collector that asks at a
// beat, or, where they are few, have done so until now.
func (ch *c2Channel) clocked() bool {
	gaps := ch.gaps()
	if n := len(gaps); n >= 2 && n < 5 {
		return float64(slices.Max(gaps)) <= 1.1*float64(slices.Min(gaps))
	}
	return steady(gaps, 0, .25)
}

// steady reports whether at least five distances lie within a share of their
// median, but for one in eight, and that is no shorter than least.
func steady(gaps []int64, least int64, share float64) bool {
	if len(gaps) < 5 {
		return false
	}
	sorted := slices.Sorted(slices.Values(gaps))
	middle := sorted[len(sorted)/2]
	astray := 0
	for _, g := range sorted {
		if d := float64(g - middle); d > share*float64(middle) || -d > share*float64(middle) {
			astray++
		}
	}
	return middle >= least && astray <= len(sorted)/8
}

// nameless reports whether a place has no name, or one that anybody gets.
func nameless(f *event.Flow, place string) bool {
	return place == f.Server.Addr().String() || dynamic(place)
}

// outward reports whether a host of ours calls one place outside.
func (c *c2) outward(f *event.Flow) bool {
	return c.env.Know.Internal(f.Client.Addr()) && !c.env.Know.Internal(f.Server.Addr()) && !c.env.Know.Multicast(f.Server.Addr())
}

// alone notes who uses a place and reports whether hardly anyone else does.
func (c *c2) alone(place string, client netip.Addr, now int64) bool {
	users, _ := c.users.Touch(place, now)
	users.add(client)
	return users.n <= c2Few
}
