package proto

import "bytes"

const maxFilter = 512 // bytes of a filter's text

// filterText writes a search filter as RFC 4515 does. It walks the elements in
// the order they stand, with the ends of the open ones on a stack of fixed depth.
func filterText(data []byte) string {
	var out []byte
	var ends [32]int
	depth := 0
	c := cursor{data: data}
	for c.left() > 0 && len(out) < maxFilter {
		for depth > 0 && c.at >= ends[depth-1] {
			out, depth = append(out, ')'), depth-1
		}
		tag := c.u8()
		n := min(derLength(&c), c.left())
		if c.bad || n < 0 {
			break
		}
		if tag < 0xa0 || tag > 0xa2 {
			out = filterItem(out, tag, c.take(n))
			continue
		}
		if depth == len(ends) {
			break
		}
		out = append(out, '(', "&|!"[tag-0xa0])
		ends[depth] = c.at + n
		depth++
	}
	for ; depth > 0; depth-- {
		out = append(out, ')')
	}
	return printable(string(bytes.ToValidUTF8(out[:min(len(out), maxFilter)], []byte("?"))))
}

func filterItem(out []byte, tag byte, body []byte) []byte {
	if tag == 0x87 {
		return append(append(append(out, '('), short(body)...), "=*)"...)
	}
	c := cursor{data: body}
	if tag == 0xa9 {
		return append(filterRule(append(out, '('), &c), ')')
	}
	_, name := c.element()
	out = append(append(out, '('), short(name)...)
	if tag == 0xa4 {
		return append(filterParts(append(out, '='), &c), ')')
	}
	switch tag {
	case 0xa5:
		out = append(out, '>')
	case 0xa6:
		out = append(out, '<')
	case 0xa8:
		out = append(out, '~')
	}
	_, value := c.element()
	return append(append(append(out, '='), short(value)...), ')')
}

// filterParts writes the parts of a substring match.
func filterParts(out []byte, c *cursor) []byte {
	_, list := c.element()
	tag := byte(0)
	for l := (cursor{data: list}); l.left() > 0 && len(out) < maxFilter; {
		var part []byte
		if tag, part = l.element(); tag != 0x80 {
			out = append(out, '*')
		}
		out = append(out, short(part)...)
	}
	if tag != 0x82 {
		out = append(out, '*')
	}
	return out
}

// filterRule writes an extensible match, such as the bit masks of Active Directory.
func filterRule(out []byte, c *cursor) []byte {
	var rule, name, value []byte
	for c.left() > 0 {
		switch tag, v := c.element(); tag {
		case 0x81:
			rule = v
		case 0x82:
			name = v
		case 0x83:
			value = v
		}
	}
	out = append(append(out, short(name)...), ':')
	if len(rule) > 0 {
		out = append(append(out, short(rule)...), ':')
	}
	return append(append(out, '='), short(value)...)
}

func short(b []byte) []byte { return b[:min(len(b), 128)] }
