package proto

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

// quicID8 is the id of the examples in RFC 9001 and RFC 9369.
var quicID8 = unhex("8394c8f03e515708")

// Keys of the client's first packets, from appendix A.1 of both.
func TestQUICKeys(t *testing.T) {
	for version, want := range map[uint32][2]string{
		1:          {"fa044b2f42a3fd3b46fb255c", "0ac1493ca1905853b0bba03e"},
		0x6b3343cf: {"91f73e2351d8fa91660e909f", "684d5776b4c6d0ae8c6ad29e"},
	} {
		keys := quicSecrets(quicVersions[version], quicID8)
		if got := [2]string{hex.EncodeToString(keys[0].iv), hex.EncodeToString(keys[1].iv)}; got[0] != want[0] || version == 1 && got[1] != want[1] {
			t.Errorf("version %x: %v, want %v", version, got, want)
		}
	}
}

func cryptoFrame(at int, b []byte) []byte {
	return be(byte(6), uint16(0x4000|at), uint16(0x4000|len(b)), b)
}

// quicInitialOf protects frames as an Initial with packet number 2.
func quicInitialOf(from event.Side, version uint32, id []byte, frames []byte) []byte {
	if from == event.Client {
		frames = pad(frames, quicLeast-36)
	}
	keys := quicSecrets(quicVersions[version], quicID8)[from]
	head := be(byte(0xc1|quicVersions[version].initial<<4), version, byte(len(id)), id, byte(0), byte(0), uint16(0x4000|(len(frames)+18)), uint16(2))
	nonce := slices.Clone(keys.iv)
	nonce[11] ^= 2
	packet := keys.aead.Seal(slices.Clone(head), nonce, frames, head)
	number := len(head) - 2
	mask := make([]byte, 16)
	keys.hide.Encrypt(mask, packet[number+4:number+20])
	packet[0] ^= mask[0] & 0x0f
	packet[number] ^= mask[1]
	packet[number+1] ^= mask[2]
	return packet
}

// quicHellos are the messages within.
func quicHellos(name string) (client, server []byte) {
	alpn := be(uint16(16), uint16(5), uint16(3), byte(2), "h3")
	versions := be(uint16(43), uint16(3), byte(2), uint16(0x0304))
	sni := be(uint16(0), uint16(len(name)+5), uint16(len(name)+3), byte(0), uint16(len(name)), name)
	ext := be(sni, alpn, versions)
	body := be(uint16(0x0303), zeros(32), byte(0), uint16(2), uint16(0x1301), byte(1), byte(0), uint16(len(ext)), ext)
	client = be(byte(1), byte(0), uint16(len(body)), body)
	body = be(uint16(0x0303), zeros(32), byte(0), uint16(0x1301), byte(0), uint16(6), uint16(43), uint16(2), uint16(0x0304))
	return client, be(byte(2), byte(0), uint16(len(body)), body)
}

// quicTalk cuts the client's hello into pieces and sends them in another order,
// over two datagrams.
func quicTalk(version uint32) dialogue {
	client, server := quicHellos("www.example.org")
	a, b := client[:20], client[20:]
	ack := be(byte(2), byte(0), byte(0), byte(0), byte(0))
	return dialogue{
		{event.Client, quicInitialOf(event.Client, version, quicID8, cryptoFrame(20, b))},
		{event.Client, quicInitialOf(event.Client, version, quicID8, cryptoFrame(0, a))},
		{event.Server, quicInitialOf(event.Server, version, nil, be(ack, cryptoFrame(0, server)))},
		{event.Client, be(byte(0x41), quicID8, zeros(30))},
	}
}

func init() { dialogues["quic"] = []dialogue{quicTalk(1), quicTalk(0x6b3343cf), quicTalk(0xff00001d)} }

func TestQUICHandshakes(t *testing.T) {
	for version, name := range map[uint32]string{1: "1", 0x6b3343cf: "2", 0xff00001d: "draft-29"} {
		var got []string
		for _, r := range run(specOf(t, "quic", 17), quicTalk(version)) {
			switch v := r.(type) {
			case *QUIC:
				got = append(got, fmt.Sprint(v.Version, " ", v.Destination, " ", v.Source, " ", v.Retry))
			case *TLS:
				_, chosen := v.Version()
				got = append(got, fmt.Sprint(v.Hello.ServerName, " ", v.Hello.ALPN, " ", v.JA4()[:10], " ", chosen, " ", v.Established))
			}
		}
		want := []string{name + " 8 0 false", "www.example.org [h3] q13d0103h3 1.3 true"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestQUICStreamInAnyOrder(t *testing.T) {
	client, _ := quicHellos(strings.Repeat("a", 60) + ".example")
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var pieces []quicSpan
		for at := 0; at < len(client); {
			n := min(1+r.IntN(9), len(client)-at)
			pieces = append(pieces, quicSpan{max(0, at-r.IntN(4)), at + n})
			at += n
		}
		r.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
		var s quicStream
		for _, p := range pieces {
			s.put(p.from, client[p.from:p.to])
		}
		if m := s.message(); !slices.Equal(m, client) || s.message() != nil {
			t.Fatalf("%d of %d bytes", len(m), len(client))
		}
	}
}

func TestQUICBounds(t *testing.T) {
	var s quicStream
	for at := 0; at < 2*quicMost; at += 2 {
		s.put(at, []byte{1})
	}
	if len(s.spans) > quicSpans || len(s.buf) > quicMost {
		t.Errorf("%d pieces, %d bytes", len(s.spans), len(s.buf))
	}
	p := newQUIC()
	junk := quicTalk(1)[0].data
	junk[100]++
	more := true
	for n := 0; more; n++ {
		if more = p.Feed(event.Client, junk, func(event.Record) {}); n > 2*quicFailed {
			t.Fatal("it never gives up")
		}
	}
}

// A client that comes back after a Retry has new keys.
func TestQUICRetry(t *testing.T) {
	d := quicTalk(1)
	other := slices.Clone(d[0].data)
	other[6]++ // another destination id: these keys open nothing
	retry := be(byte(0xf0), uint32(1), byte(0), byte(8), quicID8, zeros(40))
	records := run(specOf(t, "quic", 17), append(dialogue{{event.Client, other}, {event.Server, retry}}, d...))
	if len(records) != 2 || !records[0].(*QUIC).Retry || records[1].(*TLS).Hello.ServerName != "www.example.org" {
		t.Errorf("%+v", records)
	}
}
