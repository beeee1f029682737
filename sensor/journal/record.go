package journal

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// A record is: length of the rest, CRC-32C of the rest, then sequence number,
// time, length and text of dataset and id, and the JSON. All numbers big-endian.

const recordHead = frameSize + 18 // bytes of a record beside its texts

func recordSize(d *event.Doc) int64 {
	return int64(len(d.JSON) + len(d.ID) + len(d.Dataset) + recordHead)
}

func appendRecord(b []byte, seq uint64, d *event.Doc) []byte {
	start := len(b)
	b = append(b, make([]byte, frameSize)...)
	b = binary.BigEndian.AppendUint64(b, seq)
	b = binary.BigEndian.AppendUint64(b, uint64(d.Time))
	for _, s := range [2]string{d.Dataset, d.ID} {
		s = s[:min(len(s), 255)]
		b = append(append(b, byte(len(s))), s...)
	}
	b = append(b, d.JSON...)
	rest := b[start+frameSize:]
	binary.BigEndian.PutUint32(b[start:], uint32(len(rest)))
	binary.BigEndian.PutUint32(b[start+4:], crc32.Checksum(rest, table))
	return b
}

// parseRecord reads the record at the front of b, whose bytes the entry keeps
// pointing into; n is its size, 0 when it is torn or damaged.
func parseRecord(b []byte, s event.Series) (e Entry, n int) {
	if len(b) < frameSize {
		return e, 0
	}
	size := int(binary.BigEndian.Uint32(b))
	if size < 18 || size > maxRecord || len(b) < frameSize+size {
		return e, 0
	}
	rest := b[frameSize : frameSize+size]
	if crc32.Checksum(rest, table) != binary.BigEndian.Uint32(b[4:]) {
		return e, 0
	}
	e.Seq = binary.BigEndian.Uint64(rest)
	e.Time = int64(binary.BigEndian.Uint64(rest[8:]))
	e.Keep = s
	text := rest[16:]
	for _, to := range [2]*string{&e.Dataset, &e.ID} {
		if len(text) == 0 || len(text) < 1+int(text[0]) {
			return e, 0
		}
		*to = string(text[1 : 1+text[0]])
		text = text[1+text[0]:]
	}
	e.JSON = text
	return e, frameSize + size
}
