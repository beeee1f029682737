// Package flow turns packets into conversations: who opened them, how much went
// each way, the bytes of each side in order, and when they ended. A Lane is
// driven by one goroutine and by packet time alone; its memory is fixed, and what
// has to make room says so. The same packets give the same events, whichever
// shard runs the lane.
package flow

import (
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

const (
	microsecond = int64(1000)
	millisecond = 1000 * microsecond
	second      = 1000 * millisecond
	minute      = 60 * second
	hour        = 60 * minute
)

// Timeouts, by the line clock.
const (
	halfOpenAfter    = 30 * second // a SYN is sent again within 1 to 15 s, then scanners and clients give up
	silentAfter      = 30 * second // no resolver waits longer for an answer
	answeredAfter    = 60 * second // NAT devices forget UDP mappings then (RFC 4787 asks for 2 min, few keep it)
	establishedAfter = 15 * minute // beacons sleep within one connection; keep-alives of applications stay below
	closedLinger     = 5 * second  // late copies and last ACKs must not open a new conversation
	hardAfter        = 24 * hour   // a day's document for what never ends
	aliveEvery       = minute
	aliveBytes       = 64 << 20 // payload of one side that is told before the minute is over: a fast upload is not waited for
)

// Bounds of one stream and of one lane.
const (
	maxHeld     = 64 << 10 // bytes held out of order a side: a window without scaling
	maxSegments = 16       // held segments a side: more is loss, not disorder
	maxJump     = 16 << 20 // a sequence number further away is another connection's, not loss
	laneHeld    = 1 << 20  // bytes held out of order by one lane
	maxVariants = 8        // tag stacks of one key: a trunk with more copies is merged into the oldest
	maxExpected = 4096     // conversations announced by others, a lane
	expectFor   = 10 * minute
	maxTunnels  = 1024 // distinct tunnels a lane can name
)

// Config bounds a lane. The zero value means the defaults.
type Config struct {
	Flows   int           // live conversations over all lanes; default 262144
	Streams int           // conversations whose bytes are being read, over all lanes; default 65536
	Seed    uint64        // of the table's hash: fixed in a replay, random when live
	Specs   []*proto.Spec // nil: all that are on the shelf

	// Steer tells the source how much is wanted of one side of a conversation; nil
	// where the source cannot be told.
	Steer func(entry uint64, w event.Want)
}

// Share is the part of n equal shares.
func (c Config) Share(n int) Config {
	c = c.withDefaults()
	c.Flows, c.Streams = c.Flows/n, c.Streams/n
	return c
}

func (c Config) withDefaults() Config {
	if c.Flows == 0 {
		c.Flows = 262144
	}
	if c.Streams == 0 {
		c.Streams = 65536
	}
	if c.Specs == nil {
		c.Specs = proto.All()
	}
	return c
}

// Count is what a lane did since its start.
// Created = Live + Ended() + Evicted().
type Count struct {
	Packets   uint64
	Counted   uint64 // packets of which only counters came; not in Packets
	Duplicate uint64 // copies made by the mirror
	Stray     uint64 // packets of a conversation that was already over

	Created            uint64
	Live               uint64
	Fin, Rst           uint64 // ended by the ends themselves
	Idle, Hard         uint64 // ended by time
	Shutdown           uint64 // ended with the run
	EvictedHalfOpen    uint64 // had to make room, never answered
	EvictedEstablished uint64 // had to make room, answered

	Panics        uint64 // parsers that broke; each cost one conversation's records
	StolenStreams uint64 // conversations that are no longer read, to read a newer one
	Forged        uint64 // RST and FIN whose sequence number is outside the window
	Conflicts     uint64 // segments that repeat bytes with other content
	LostExpected  uint64 // announcements that had to make room
}

// Ended counts the conversations that came to an end.
func (c Count) Ended() uint64 { return c.Fin + c.Rst + c.Idle + c.Hard + c.Shutdown }

// Evicted counts the conversations that had to make room.
func (c Count) Evicted() uint64 { return c.EvictedHalfOpen + c.EvictedEstablished }

// Add adds another lane's count.
func (c *Count) Add(d Count) {
	c.Packets += d.Packets
	c.Counted += d.Counted
	c.Duplicate += d.Duplicate
	c.Stray += d.Stray
	c.Created += d.Created
	c.Live += d.Live
	c.Fin += d.Fin
	c.Rst += d.Rst
	c.Idle += d.Idle
	c.Hard += d.Hard
	c.Shutdown += d.Shutdown
	c.EvictedHalfOpen += d.EvictedHalfOpen
	c.EvictedEstablished += d.EvictedEstablished
	c.Panics += d.Panics
	c.StolenStreams += d.StolenStreams
	c.Forged += d.Forged
	c.Conflicts += d.Conflicts
	c.LostExpected += d.LostExpected
}
