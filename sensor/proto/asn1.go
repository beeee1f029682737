package proto

import "bytes"

// element reads one DER element: its tag byte and content, which ends with the
// bytes at hand where the message was cut off. Depth is the caller's affair: it
// opens what it knows, so that nothing recurses. Tags of more than one byte, which
// Kerberos and LDAP do not use, end the reading.
func (c *cursor) element() (tag byte, body []byte) {
	tag = c.u8()
	n := derLength(c)
	if c.bad || tag&0x1f == 0x1f || n < 0 {
		c.seek(len(c.data))
		c.bad = true
		return 0, nil
	}
	return tag, c.take(min(n, c.left()))
}

// opened is the content of the first element, without its tag.
func opened(body []byte) []byte {
	c := cursor{data: body}
	_, inner := c.element()
	return inner
}

// derInt reads the content of an INTEGER or ENUMERATED; of more than 8 bytes the last 8.
func derInt(body []byte) int64 {
	var n int64
	if len(body) > 0 && body[0]&0x80 != 0 {
		n = -1
	}
	for _, b := range body[max(0, len(body)-8):] {
		n = n<<8 | int64(b)
	}
	return n
}

// derText is the content of a string type, bounded.
func derText(body []byte) string {
	if len(body) > maxName {
		body = body[:maxName]
	}
	return printable(string(bytes.ToValidUTF8(body, []byte("?"))))
}
