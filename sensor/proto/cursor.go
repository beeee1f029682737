package proto

import "encoding/binary"

// cursor reads a message front to back. A read past the end gives zero and sets
// bad; a parser may therefore read a whole header and ask once. It never copies:
// what it hands out is part of the message and is valid as long as that is.
type cursor struct {
	data []byte
	at   int
	bad  bool
}

// left is how many bytes are still to be read; 0 after a read past the end.
func (c *cursor) left() int { return len(c.data) - c.at }

// take hands out the next n bytes, or nil when there are fewer. After a failed
// read the cursor stands at the end, so that no loop goes on with what is left.
func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.data)-c.at {
		c.at, c.bad = len(c.data), true
		return nil
	}
	b := c.data[c.at : c.at+n : c.at+n]
	c.at += n
	return b
}

func (c *cursor) skip(n int)   { c.take(n) }
func (c *cursor) rest() []byte { return c.take(c.left()) }

// seek moves to an offset from the start of the message.
func (c *cursor) seek(at int) {
	if at < 0 || at > len(c.data) {
		at, c.bad = len(c.data), true
	}
	c.at = at
}

// sub is a cursor over the next n bytes, which this one passes over.
func (c *cursor) sub(n int) cursor {
	b := c.take(n)
	return cursor{data: b, bad: c.bad}
}

func (c *cursor) u8() uint8 {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) be16() uint16 {
	if b := c.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) be24() uint32 {
	if b := c.take(3); b != nil {
		return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
	}
	return 0
}

func (c *cursor) be32() uint32 {
	if b := c.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) be64() uint64 {
	if b := c.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (c *cursor) le16() uint16 {
	if b := c.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) le32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) le64() uint64 {
	if b := c.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}
