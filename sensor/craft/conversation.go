package craft

import "net/netip"

// Conversation is a TCP dialogue in a trace, as both ends would hold it: every
// segment carries the right sequence and acknowledgement numbers.
type Conversation struct {
	Client, Server         Host
	ClientPort, ServerPort uint16
	MSS                    int // payload bytes of one segment; 0 is 1460

	trace *Trace
	seq   [2]uint32 // next of client and server
}

// Dial makes a conversation without sending anything: data before Open is
// mid-stream traffic.
func (t *Trace) Dial(client, server Host, clientPort, serverPort uint16) *Conversation {
	first := uint32(clientPort) * 65537
	return &Conversation{Client: client, Server: server, ClientPort: clientPort, ServerPort: serverPort,
		trace: t, seq: [2]uint32{first, first ^ 0x5a5a5a5a}}
}

// Open dials and sends the handshake: SYN, SYN-ACK, ACK.
func (t *Trace) Open(client, server Host, clientPort, serverPort uint16) *Conversation {
	c := t.Dial(client, server, clientPort, serverPort)
	c.Segment(true, SYN, nil)
	c.Segment(false, SYN|ACK, nil)
	c.Segment(true, ACK, nil)
	return c
}

// Segment sends one segment of the client or the server and counts its bytes,
// SYN and FIN on.
func (c *Conversation) Segment(fromClient bool, flags uint8, payload []byte) {
	src, dst, me := c.Client, c.Server, 0
	h := TCP{SrcPort: c.ClientPort, DstPort: c.ServerPort, Flags: flags}
	if !fromClient {
		src, dst, me = dst, src, 1
		h.SrcPort, h.DstPort = h.DstPort, h.SrcPort
	}
	h.Seq = c.seq[me]
	if flags&ACK != 0 {
		h.Ack = c.seq[1-me]
	}
	if flags&SYN != 0 {
		h.Options = []byte{2, 4, 0x05, 0xb4, 1, 3, 3, 7} // MSS 1460, window scale 7
	}
	c.trace.Send(src, dst, IP(src.IP, dst.IP, protoTCP, h.Bytes(src.IP, dst.IP, payload)))
	c.seq[me] += uint32(len(payload))
	if flags&(SYN|FIN) != 0 {
		c.seq[me]++
	}
}

// Say sends data from one side, cut at the MSS, and the other side's ACK.
func (c *Conversation) Say(fromClient bool, data []byte) {
	mss := c.MSS
	if mss <= 0 {
		mss = 1460
	}
	for len(data) > 0 {
		n := min(mss, len(data))
		flags := uint8(ACK)
		if n == len(data) {
			flags |= PSH
		}
		c.Segment(fromClient, flags, data[:n])
		data = data[n:]
	}
	c.Segment(!fromClient, ACK, nil)
}

// Ask is Say of the client.
func (c *Conversation) Ask(data string) { c.Say(true, []byte(data)) }

// Answer is Say of the server.
func (c *Conversation) Answer(data string) { c.Say(false, []byte(data)) }

// Skip makes n bytes of one side never appear, as loss in the capture would.
func (c *Conversation) Skip(fromClient bool, n int) {
	if fromClient {
		c.seq[0] += uint32(n)
	} else {
		c.seq[1] += uint32(n)
	}
}

// Close ends with FIN of the client, then of the server.
func (c *Conversation) Close() {
	c.Segment(true, FIN|ACK, nil)
	c.Segment(false, FIN|ACK, nil)
	c.Segment(true, ACK, nil)
}

// Reset ends with RST of one side.
func (c *Conversation) Reset(fromClient bool) { c.Segment(fromClient, RST|ACK, nil) }

// Datagram sends one UDP datagram.
func (t *Trace) Datagram(src, dst Host, srcPort, dstPort uint16, payload []byte) {
	t.Send(src, dst, IP(src.IP, dst.IP, protoUDP,
		UDP(netip.AddrPortFrom(src.IP, srcPort), netip.AddrPortFrom(dst.IP, dstPort), payload)))
}

// Exchange sends a UDP question and its answer; a nil answer is not sent.
func (t *Trace) Exchange(client, server Host, clientPort, serverPort uint16, question, answer []byte) {
	t.Datagram(client, server, clientPort, serverPort, question)
	if answer != nil {
		t.Datagram(server, client, serverPort, clientPort, answer)
	}
}
