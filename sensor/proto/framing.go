package proto

import (
	"encoding/binary"

	"github.com/brandmelder/brandmelder/sensor/event"
)

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

// gap reports whether n lost bytes end within the message at hand, which is lost.
func (f *frames) gap(n int) bool {
	left := f.pass
	if len(f.buf) >= f.head {
		left = f.want() - len(f.buf)
	}
	if n > left {
		return false
	}
	f.pass, f.buf = left-n, f.buf[:0]
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

// sized cuts one side of a stream into messages whose head says how long they are:
// TPKT, Modbus, EtherNet/IP, DICOM. Of a longer message than most the first most
// bytes are handed out and the rest is passed over, unread.
type sized struct {
	head, most int
	size       func(head []byte) int // of the whole message; less than head: this is none
	buf        []byte
	pass       int
	whole      bool // each piece is a datagram, which begins with a head
	lost       bool // bytes were never seen: wait for a piece that begins with a head
}

// feed hands each message that data completes to each, with its true size. It
// reports false where the bytes are no message.
func (s *sized) feed(data []byte, each func(m []byte, size int)) bool {
	if s.whole {
		s.buf, s.pass = s.buf[:0], 0
	}
	for len(data) > 0 {
		if s.pass > 0 {
			n := min(s.pass, len(data))
			s.pass, data = s.pass-n, data[n:]
			continue
		}
		want := s.head
		if len(s.buf) >= s.head {
			want = min(s.size(s.buf), s.most)
		}
		n := min(want-len(s.buf), len(data))
		s.buf, data = append(s.buf, data[:n]...), data[n:]
		if len(s.buf) < s.head {
			continue
		}
		size := s.size(s.buf)
		if size < s.head {
			return s.whole
		}
		if len(s.buf) == min(size, s.most) {
			s.pass = size - len(s.buf)
			m := s.buf
			s.buf = s.buf[:0]
			each(m, size)
		}
	}
	return true
}

// gap forgets what is gathered. Within bytes that are passed over nothing is lost.
func (s *sized) gap(n int) {
	if s.pass >= n {
		s.pass -= n
		return
	}
	s.buf, s.pass, s.lost = s.buf[:0], 0, true
}

// found reports whether the side can be read: after a gap from the next piece on
// that the probe knows.
func (s *sized) found(from event.Side, data []byte, probe func(event.Side, []byte) Verdict) bool {
	if s.lost && probe(from, data) == Yes {
		s.lost = false
	}
	return !s.lost
}
