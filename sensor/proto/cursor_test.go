package proto

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCursorReads(t *testing.T) {
	c := cursor{data: []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}
	got := []uint64{uint64(c.u8()), uint64(c.be16()), uint64(c.be24()), uint64(c.le16()), uint64(c.le32())}
	want := []uint64{1, 0x0203, 0x040506, 0x0807, 0x0c0b0a09}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if c.bad || c.left() != 3 {
		t.Fatalf("bad %v, left %d", c.bad, c.left())
	}
	if c.be32() != 0 || !c.bad || c.left() != 0 {
		t.Errorf("a read past the end: bad %v, left %d", c.bad, c.left())
	}
	if c.u8() != 0 {
		t.Error("a failed cursor gave a byte")
	}
}

func TestCursorWide(t *testing.T) {
	c := cursor{data: []byte{0, 0, 0, 0, 0, 0, 1, 2, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}}
	if a, b, d := c.be64(), c.le64(), c.be32(); a != 0x102 || b != 0x102 || d != 9 {
		t.Errorf("%x %x %x", a, b, d)
	}
}

func TestCursorSubIsBounded(t *testing.T) {
	c := cursor{data: []byte{1, 2, 3}}
	s := c.sub(2)
	s.skip(1)
	if s.u8() != 2 || s.u8() != 0 || !s.bad || c.bad {
		t.Error("a part read past its own end, or spoilt the whole")
	}
	if s = c.sub(5); !s.bad || !c.bad || s.left() != 0 {
		t.Error("a part longer than the whole was given")
	}
	c = cursor{data: []byte{1, 2, 3}}
	if c.seek(2); c.u8() != 3 {
		t.Error("seek")
	}
	if c.seek(4); !c.bad || c.take(-1) != nil || len(c.rest()) != 0 {
		t.Error("seek past the end")
	}
}
