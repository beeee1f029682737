package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"strings"
	"time"
)

// Document is a document as JSON reads it, numbers with all of their digits. It is
// for those who get documents back; the line itself knows records only.
type Document map[string]any

// ParseDocument reads one JSON object and nothing behind it.
func ParseDocument(b []byte) (d Document, err error) {
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.UseNumber()
	if err = decoder.Decode(&d); err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("document: there is more than one object")
	}
	return d, nil
}

// At is what stands at a path, nil where there is nothing.
func (d Document) At(path string) any {
	var v any = map[string]any(d)
	for name := range strings.SplitSeq(path, ".") {
		object, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = object[name]
	}
	return v
}

// Put writes what a field of texts has, in objects that it makes; nothing stands
// there afterwards if the field is absent.
func (d Document) Put(f *Field, r Record) {
	object := map[string]any(d)
	parts := strings.Split(f.Path, ".")
	last := len(parts) - 1
	for _, name := range parts[:last] {
		inner, ok := object[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			object[name] = inner
		}
		object = inner
	}
	var v Value
	switch {
	case !f.Get(r, &v):
		delete(object, parts[last])
	case f.List:
		object[parts[last]] = v.Strs
	default:
		object[parts[last]] = v.Str
	}
}

// stored is a record that was written and is read back from its document.
type stored struct {
	table    *Table
	document Document
}

func (s *stored) Table() *Table { return s.table }

// Stored is the record of this table as a document holds it: the same facts by the
// same paths, lists of objects left out.
func (t *Table) Stored(d Document) Record {
	fields := make([]Field, 0, len(t.Fields))
	for i := range t.Fields {
		f := t.Fields[i]
		if f.Type == TypeObject {
			continue
		}
		f.get = func(r Record, v *Value) bool {
			at := r.(*stored).document.At(f.Path)
			if f.List {
				return f.parseList(at, v)
			}
			return f.parse(at, v)
		}
		f.one = f.plain()
		fields = append(fields, f)
	}
	return &stored{NewTable(t.Name, t.Doc, fields...), d}
}

// plain is the getter of the field's own type, made of that of any type.
func (f *Field) plain() any {
	switch {
	case f.Type == TypeIP && f.List:
		return typed(f.get, func(v *Value) []netip.Addr { return v.Addrs })
	case f.Type == TypeLong && f.List:
		return typed(f.get, func(v *Value) []int64 { return v.Ints })
	case f.List:
		return typed(f.get, func(v *Value) []string { return v.Strs })
	case f.Type == TypeIP:
		return typed(f.get, func(v *Value) netip.Addr { return v.Addr })
	case f.Type == TypeLong || f.Type == TypeDate:
		return typed(f.get, func(v *Value) int64 { return v.Int })
	case f.Type == TypeFloat:
		return typed(f.get, func(v *Value) float64 { return v.Float })
	case f.Type == TypeBool:
		return typed(f.get, func(v *Value) bool { return v.Int != 0 })
	}
	return typed(f.get, func(v *Value) string { return v.Str })
}

func typed[T any](get func(Record, *Value) bool, of func(*Value) T) func(Record) (T, bool) {
	return func(r Record) (T, bool) {
		var v Value
		ok := get(r, &v)
		return of(&v), ok
	}
}

// parse reads one value as the encoder wrote it.
func (f *Field) parse(raw any, v *Value) (ok bool) {
	var err error
	switch x := raw.(type) {
	case json.Number:
		if f.Type == TypeFloat {
			v.Float, err = x.Float64()
			return err == nil && math.Abs(v.Float) <= math.MaxFloat32
		}
		v.Int, err = x.Int64()
		return err == nil && f.Type == TypeLong
	case bool:
		v.Int = 0
		if x {
			v.Int = 1
		}
		return f.Type == TypeBool
	case string:
		return f.parseText(x, v)
	}
	return false
}

func (f *Field) parseText(s string, v *Value) bool {
	var err error
	switch f.Type {
	case TypeKeyword, TypeText, TypeWildcard:
		v.Str = s
	case TypeIP:
		v.Addr, err = netip.ParseAddr(s)
	case TypeDate:
		var t time.Time
		t, err = time.Parse(time.RFC3339Nano, s)
		v.Int = t.UnixNano()
	default:
		return false
	}
	return err == nil
}

func (f *Field) parseList(raw any, v *Value) bool {
	list, _ := raw.([]any)
	v.Strs, v.Ints, v.Addrs = nil, nil, nil
	for _, x := range list {
		var one Value
		if !f.parse(x, &one) {
			continue
		}
		switch f.Type {
		case TypeLong:
			v.Ints = append(v.Ints, one.Int)
		case TypeIP:
			v.Addrs = append(v.Addrs, one.Addr)
		default:
			v.Strs = append(v.Strs, one.Str)
		}
	}
	return len(v.Strs)+len(v.Ints)+len(v.Addrs) > 0
}
