package proto

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

func init() {
	dialogues["icmp/icmp"] = append(dialogues["icmp/icmp"], dialogue{
		{event.Client, ping(8, 1, "abcdefgh")}, {event.Server, ping(0, 1, "abcdefgh")},
		{event.Client, ping(8, 2, "ls -l /home")}, {event.Server, ping(0, 2, "a\x00\xff answer of other bytes")},
		{event.Server, ping(0, 9, "nobody asked")},
	})
}

func ping(kind byte, seq uint16, load string) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{kind, 0, 0, 0, 0, 7}, seq), load...)
}

func TestARP(t *testing.T) {
	got := run(specOf(t, "arp", ARP), readDialogue(t, "testdata/arp/hit.hex"))
	var text []string
	for _, r := range got {
		a := r.(*ARPMessage)
		text = append(text, fmt.Sprint(a.Op, " ", a.SenderMAC, " ", a.SenderIP, " ", a.TargetMAC, " ", a.TargetIP, " ", a.Gratuitous))
	}
	want := []string{
		"request 02-00-00-00-00-01 192.0.2.1 00-00-00-00-00-00 192.0.2.2 false",
		"reply 02-00-00-00-00-02 192.0.2.2 02-00-00-00-00-01 192.0.2.1 false",
		"request 02-00-00-00-00-03 192.0.2.3 00-00-00-00-00-00 192.0.2.3 true",
	}
	if diff := cmp.Diff(want, text); diff != "" {
		t.Error(diff)
	}
}

func TestPingsAreSummedUp(t *testing.T) {
	got := run(specOf(t, "icmp", 1), dialogues["icmp/icmp"][0])
	if len(got) != 2 {
		t.Fatalf("%d records, want one at the first exchange and one at the end", len(got))
	}
	first, last := got[0].(*ICMP), got[1].(*ICMP)
	if first.Requests != 1 || first.Replies != 1 || first.Final || first.Distinct != 1 || first.Printable != 1 || first.Entropy != 3 {
		t.Errorf("%+v", first)
	}
	if last.Requests != 2 || last.Replies != 3 || !last.Final || last.Mismatched != 1 || last.Unasked != 1 || last.Distinct != 4 || last.Largest != 25 {
		t.Errorf("%+v", last)
	}
	if last.Bytes != [2]int64{19, 45} || last.Printable >= 1 || last.Name != "echo-request" {
		t.Errorf("%+v", last)
	}
}

func TestLongPingIsToldAgain(t *testing.T) {
	var d dialogue
	for i := range 1000 {
		d = append(d, said{event.Client, ping(8, uint16(i), fmt.Sprint(i))})
	}
	p := specOf(t, "icmp", 1).New().(*icmpParser)
	var at []int64
	for _, s := range d {
		p.Feed(s.from, s.data, func(r event.Record) { at = append(at, r.(*ICMP).Messages) })
	}
	p.End(func(r event.Record) { at = append(at, r.(*ICMP).Messages) })
	if diff := cmp.Diff([]int64{64, 256, 1000}, at); diff != "" {
		t.Error(diff)
	}
	if len(p.seen) != icmpDistinct || len(p.pending.entries) != icmpPending || p.pending.evicted != 1000-icmpPending {
		t.Errorf("%d payloads, %d requests kept", len(p.seen), len(p.pending.entries))
	}
}

// A word in front of zeros is no filling of a ping.
func TestWordsInPings(t *testing.T) {
	zeros := string(make([]byte, 80))
	var d dialogue
	for i, load := range []string{"shell" + zeros, "shell2" + zeros, "upload" + zeros, "no word" + zeros, zeros, "short\x00\x00", "abcdefghijklmnop", "name\x00\x00\x00x" + zeros} {
		d = append(d, said{event.Client, ping(8, uint16(i), load)}, said{event.Server, ping(0, uint16(i), load)})
	}
	records := run(specOf(t, "icmp", 1), d)
	if got := records[len(records)-1].(*ICMP).Words; got != 2 {
		t.Errorf("%d words, not two", got)
	}
}

func TestICMPErrors(t *testing.T) {
	for _, c := range []struct {
		ip   uint8
		msg  []byte
		name string
		errs int64
	}{
		{1, []byte{3, 3, 0, 0, 0, 0, 0, 0}, "unreachable", 1},
		{1, []byte{11, 0, 0, 0, 0, 0, 0, 0}, "time-exceeded", 1},
		{58, []byte{2, 0, 0, 0, 0, 0, 0, 0}, "packet-too-big", 1},
		{58, []byte{135, 0, 0, 0, 0, 0, 0, 0}, "", 0},
	} {
		got := run(specOf(t, "icmp", c.ip), dialogue{{event.Server, c.msg}})
		if len(got) != 1 {
			t.Fatalf("%d records", len(got))
		}
		if i := got[0].(*ICMP); i.ErrorName != c.name || i.Errors != c.errs || i.ErrorCode != c.msg[1]*byte(c.errs) {
			t.Errorf("%+v", i)
		}
	}
}

// A reply that is the front of its request comes from a small stack; a ping
// changes only what stands in front. Data changes everywhere.
func TestWhatPingsCarry(t *testing.T) {
	pattern := "0123456789abcdefghijklmnopqrstuvwxyz0123456789"
	var honest, tunnel dialogue
	for i := range 20 {
		load := fmt.Sprintf("%024d", i) + pattern[:i+20]
		honest = append(honest, said{event.Client, ping(8, uint16(i), load)}, said{event.Server, ping(0, uint16(i), load[:30])})
		tunnel = append(tunnel, said{event.Client, ping(8, uint16(i), load+fmt.Sprint(i*i))}, said{event.Server, ping(0, uint16(i), load)})
		tunnel[2*i].data = ping(8, uint16(i), fmt.Sprintf("%030d some words %d", i, i*7919))
	}
	last := func(d dialogue) *ICMP { got := run(specOf(t, "icmp", 1), d); return got[len(got)-1].(*ICMP) }
	if r := last(honest); r.Mismatched != 0 || r.Carried != 0 || r.Replies != 20 {
		t.Errorf("honest pings: %+v", r)
	}
	if r := last(tunnel); r.Mismatched < 18 || r.Carriers != 19 || r.Carried < 19*17 {
		t.Errorf("a tunnel: %+v", r)
	}
}
