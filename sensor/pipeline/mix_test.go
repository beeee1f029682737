package pipeline

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/craft"
)

const (
	hour = 3600 * second
	day  = 24 * hour
)

// mix makes a busy network: n conversations of many kinds between a few hundred
// hosts, the same for the same seed. Everything that has made replays differ is
// in it: fragments, tags, copies, resets, loss, floods, steps of the clock.
func mix(n int, seed uint64, steps ...int64) *craft.Trace {
	r := rand.New(rand.NewPCG(seed, 1))
	trace := craft.NewTrace()
	for i := range n {
		trace.Step = int64(r.IntN(2_000_000))
		trace.Tags = nil
		if r.IntN(4) == 0 {
			trace.Tags = []uint32{craft.VLAN(uint16(10 + r.IntN(3)))}
		}
		talks[r.IntN(len(talks))](trace, r, i)
		trace.Wait(int64(r.IntN(200_000_000)))
		if len(steps) > 0 && i%(n/(len(steps)+1)+1) == n/(len(steps)+1) {
			trace.Wait(steps[i*len(steps)/n])
		}
	}
	return trace
}

func client(r *rand.Rand) craft.Host {
	return craft.NewHost(fmt.Sprintf("10.1.%d.%d", r.IntN(4), 1+r.IntN(60)))
}
func server(r *rand.Rand) craft.Host { return craft.NewHost(fmt.Sprintf("10.2.0.%d", 1+r.IntN(20))) }
func port(r *rand.Rand) uint16       { return uint16(32768 + r.IntN(28000)) }

// talks are the kinds of conversations of the mix.
var talks = []func(*craft.Trace, *rand.Rand, int){lookUp, browse, logIn, flood, pieces, lossy, doubled, midStream, ping, speak6}

func lookUp(t *craft.Trace, r *rand.Rand, i int) {
	name := fmt.Sprintf("host%d.example.org", i)
	id := uint16(r.IntN(65536))
	t.Exchange(client(r), server(r), port(r), 53, dnsQuestion(id, name), dnsAnswer(id, name, netip.AddrFrom4([4]byte{10, 2, 0, byte(1 + r.IntN(20))})))
}

func browse(t *craft.Trace, r *rand.Rand, i int) {
	c := t.Open(client(r), server(r), port(r), 80)
	c.MSS = 200 + r.IntN(1200)
	for range 1 + r.IntN(3) {
		c.Ask(fmt.Sprintf("GET /page/%d?q=%d HTTP/1.1\r\nHost: www%d.example.org\r\nUser-Agent: probe/1\r\n\r\n", i, i, i%9))
		body := strings.Repeat("x", r.IntN(6000))
		c.Answer(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	}
	c.Close()
}

func logIn(t *craft.Trace, r *rand.Rand, i int) {
	c := t.Open(client(r), server(r), port(r), 21)
	c.Answer("220 ready\r\n")
	for range 1 + r.IntN(4) {
		c.Ask(fmt.Sprintf("USER u%d\r\n", i%30))
		c.Answer("331 password\r\n")
		c.Ask("PASS secret\r\n")
		c.Answer("530 no\r\n")
	}
	c.Ask("QUIT\r\n")
	c.Answer("221 bye\r\n")
	c.Close()
}

func flood(t *craft.Trace, r *rand.Rand, _ int) {
	from, to := client(r), server(r)
	for range 50 + r.IntN(150) {
		t.Dial(from, to, port(r), uint16(1+r.IntN(30000))).Segment(true, craft.SYN, nil)
	}
}

func pieces(t *craft.Trace, r *rand.Rand, i int) {
	from, to := client(r), server(r)
	datagram := craft.UDP(netip.AddrPortFrom(from.IP, port(r)), netip.AddrPortFrom(to.IP, 53), dnsQuestion(uint16(i), strings.Repeat("long.", 30)+"example.org"))
	parts := craft.IPv4{Src: from.IP, Dst: to.IP, Proto: 17, ID: uint16(i)}.Fragments(datagram, 2+r.IntN(3))
	r.Shuffle(len(parts), func(a, b int) { parts[a], parts[b] = parts[b], parts[a] })
	for _, p := range parts[r.IntN(2)*r.IntN(2):] { // one in four lacks a part
		t.Send(from, to, p)
	}
}

func lossy(t *craft.Trace, r *rand.Rand, i int) {
	c := t.Open(client(r), server(r), port(r), 80)
	c.Ask(fmt.Sprintf("GET /loss/%d HTTP/1.1\r\nHost: a.example.org\r\n\r\n", i))
	c.Answer("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + strings.Repeat("y", 1000))
	c.Skip(false, 3000)
	c.Answer(strings.Repeat("z", 5000))
	c.Reset(r.IntN(2) == 0)
}

func doubled(t *craft.Trace, r *rand.Rand, i int) {
	single := craft.NewTrace()
	browse(single, r, i)
	for _, p := range single.Packets() {
		for ttl := range byte(2 + r.IntN(2)) {
			t.Add(hop(p.Data, ttl))
		}
	}
}

func midStream(t *craft.Trace, r *rand.Rand, _ int) {
	c := t.Dial(client(r), server(r), port(r), uint16(1000+r.IntN(3)))
	c.Say(r.IntN(2) == 0, []byte("something that went on before"))
}

func ping(t *craft.Trace, r *rand.Rand, i int) {
	from, to := client(r), server(r)
	t.Send(from, to, craft.Echo(from.IP, to.IP, false, uint16(i), 1, []byte("abcdefgh")))
	t.Send(to, from, craft.Echo(to.IP, from.IP, true, uint16(i), 1, []byte("abcdefgh")))
	t.Add(craft.ARP(1, from, to))
	t.Add(craft.ARP(2, to, from))
}

func speak6(t *craft.Trace, r *rand.Rand, i int) {
	from, to := craft.NewHost(fmt.Sprintf("2001:db8::%x", 1+r.IntN(40))), craft.NewHost("2001:db8:1::1")
	c := t.Open(from, to, port(r), 80)
	c.Ask(fmt.Sprintf("GET /six/%d HTTP/1.1\r\nHost: six.example.org\r\n\r\n", i))
	c.Close()
}

// hop is a frame of IPv4 without tags as it is seen n routers later.
func hop(frame []byte, n byte) []byte {
	f := append([]byte(nil), frame...)
	if f[12] != 8 || f[13] != 0 {
		return f
	}
	f[22] -= n
	header := binary.BigEndian.Uint16(f[24:])
	sum := uint32(header) + uint32(n)<<8
	binary.BigEndian.PutUint16(f[24:], uint16(sum+sum>>16))
	return f
}

func dnsName(name string) (b []byte) {
	for label := range strings.SplitSeq(name, ".") {
		b = append(append(b, byte(len(label))), label...)
	}
	return append(b, 0)
}

func dnsQuestion(id uint16, name string) []byte {
	b := binary.BigEndian.AppendUint16(nil, id)
	b = append(b, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0)
	return append(append(b, dnsName(name)...), 0, 1, 0, 1)
}

func dnsAnswer(id uint16, name string, a netip.Addr) []byte {
	b := dnsQuestion(id, name)
	b[2], b[3], b[7] = 0x81, 0x80, 1
	b = append(b, 0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4)
	return append(b, a.AsSlice()...)
}
