package proto

// cutter cuts one side of a stream into messages that carry their length in
// front. Of each message only the first keep bytes are handed out, the rest is
// passed over without a look, so that large transfers cost nothing.
type cutter struct {
	header int                     // bytes of the part that holds the length
	keep   int                     // most bytes of one message that are kept
	size   func(header []byte) int // whole length with the header; less than header: no message

	head  []byte // start of the message that is being collected
	total int    // its length, 0 while unknown
	skip  int    // bytes still to pass over
}

// feed yields the messages that data completes the kept part of. It reports
// false where the stream no longer is a row of messages.
func (c *cutter) feed(data []byte, yield func(head []byte, total int)) bool {
	for len(data) > 0 {
		if c.skip > 0 {
			n := min(c.skip, len(data))
			c.skip -= n
			data = data[n:]
			continue
		}
		n, ok := c.whole(data, yield)
		if ok && n == 0 {
			n, ok = c.collect(data, yield)
		}
		if !ok {
			return false
		}
		data = data[n:]
	}
	return true
}

// whole hands out a message that stands in data, without a copy. It returns how
// many bytes it used: 0 where the message has to be collected.
func (c *cutter) whole(data []byte, yield func([]byte, int)) (int, bool) {
	if len(c.head) > 0 || len(data) < c.header {
		return 0, true
	}
	total := c.size(data[:c.header])
	if total < c.header {
		return 0, false
	}
	want := min(total, c.keep)
	if len(data) < want {
		return 0, true
	}
	c.skip = total - want
	yield(data[:want], total)
	return want, true
}

// collect copies what the message at hand still lacks.
func (c *cutter) collect(data []byte, yield func([]byte, int)) (int, bool) {
	want := c.header
	if c.total > 0 {
		want = min(c.total, c.keep)
	}
	n := min(want-len(c.head), len(data))
	c.head = append(c.head, data[:n]...)
	if c.total == 0 && len(c.head) == c.header {
		if c.total = c.size(c.head); c.total < c.header {
			return n, false
		}
	}
	if c.total > 0 && len(c.head) == min(c.total, c.keep) {
		head, total := c.head, c.total
		c.skip = total - len(head)
		c.head, c.total = c.head[:0], 0
		yield(head, total)
	}
	return n, true
}

// gap passes over n bytes that were never seen. It reports false where they held
// more than the part of a message that is of no interest.
func (c *cutter) gap(n int) bool {
	if n > c.skip {
		return false
	}
	c.skip -= n
	return true
}

// reset forgets the message at hand.
func (c *cutter) reset() { c.head, c.total, c.skip = c.head[:0], 0, 0 }
