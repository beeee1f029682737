package proto

import "encoding/binary"

// frames cuts one side of a stream into messages that stand behind their length,
// as DNS, Kerberos and SASL do. It keeps at most one message; a longer one than
// most is passed over, unkept.
type frames struct {
	head int // bytes of the length, 2 or 4
	most int
	buf  []byte
	pass int
}

// feed hands each message that data completes to each, which stops it by false.
// A message is valid during the call.
func (f *frames) feed(data []byte, each func([]byte) bool) bool {
	for len(data) > 0 {
		if f.pass > 0 {
			n := min(f.pass, len(data))
			f.pass, data = f.pass-n, data[n:]
			continue
		}
		n := min(f.want()-len(f.buf), len(data))
		f.buf, data = append(f.buf, data[:n]...), data[n:]
		switch {
		case len(f.buf) < f.head:
		case f.size() > f.most:
			f.pass, f.buf = f.size(), f.buf[:0]
		case len(f.buf) == f.want():
			whole := f.buf[f.head:]
			f.buf = f.buf[:0]
			if !each(whole) {
				return false
			}
		}
	}
	return true
}

// want is how long the buffer must become before it can be looked at again.
func (f *frames) want() int {
	if len(f.buf) < f.head {
		return f.head
	}
	return f.head + f.size()
}

func (f *frames) size() int {
	if f.head == 2 {
		return int(binary.BigEndian.Uint16(f.buf))
	}
	return int(binary.BigEndian.Uint32(f.buf) & (1<<31 - 1))
}
