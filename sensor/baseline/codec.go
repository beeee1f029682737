package baseline

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"unsafe"
)

// codec writes values of one type as bytes and reads them back. It follows the
// type itself, so a detector keeps its plain structs: booleans, numbers, strings,
// addresses, and structs, arrays and slices of them. Integers are varints, floats
// are eight bytes, an address is its length and its bytes.
type codec struct {
	shape string // the type spelled out: another shape is another schema
	write func(b []byte, v reflect.Value) []byte
	read  func(b []byte, v reflect.Value) ([]byte, error)
}

var errShort = errors.New("it ends in the middle of a value")

var addrType = reflect.TypeFor[netip.Addr]()

// codecOf makes the codec of a type. It panics on a type that has no plain
// content (pointers, maps, functions): that is found when the map is made.
func codecOf(t reflect.Type) codec {
	if t == addrType {
		return codec{"addr", writeAddr, readAddr}
	}
	switch t.Kind() {
	case reflect.Bool:
		return codec{"bool", writeBool, readBool}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return codec{t.Kind().String(), writeInt, readInt}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return codec{t.Kind().String(), writeUint, readUint}
	case reflect.Float32, reflect.Float64:
		return codec{t.Kind().String(), writeFloat, readFloat}
	case reflect.String:
		return codec{"string", writeString, readString}
	case reflect.Array, reflect.Slice:
		return listCodec(t)
	case reflect.Struct:
		return structCodec(t)
	}
	panic(fmt.Sprintf("baseline: %s cannot be kept", t))
}

// structCodec goes through the fields in their order. Unexported ones are reached
// by their address: it is the type's own package that asked for it to be kept.
func structCodec(t reflect.Type) codec {
	fields := make([]codec, t.NumField())
	shape := "{"
	for i := range fields {
		fields[i] = codecOf(t.Field(i).Type)
		shape += t.Field(i).Name + " " + fields[i].shape + ";"
	}
	return codec{shape + "}",
		func(b []byte, v reflect.Value) []byte {
			for i := range fields {
				b = fields[i].write(b, field(v, i))
			}
			return b
		},
		func(b []byte, v reflect.Value) (rest []byte, err error) {
			for i := range fields {
				if b, err = fields[i].read(b, field(v, i)); err != nil {
					return nil, err
				}
			}
			return b, nil
		}}
}

// field is the i-th field of an addressable struct, to read and to set.
func field(v reflect.Value, i int) reflect.Value {
	f := v.Field(i)
	return reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem()
}

func listCodec(t reflect.Type) codec {
	element := codecOf(t.Elem())
	write := func(b []byte, v reflect.Value) []byte {
		if t.Kind() == reflect.Slice {
			b = binary.AppendUvarint(b, uint64(v.Len()))
		}
		for i := range v.Len() {
			b = element.write(b, v.Index(i))
		}
		return b
	}
	read := func(b []byte, v reflect.Value) (rest []byte, err error) {
		if t.Kind() == reflect.Slice {
			n := uint64(0)
			// An element of no bytes could be claimed without end; none is kept.
			if n, b, err = uvarint(b); err != nil || n > uint64(len(b)) {
				return nil, errShort
			}
			if n > 0 {
				v.Set(reflect.MakeSlice(t, int(n), int(n)))
			}
		}
		for i := range v.Len() {
			if b, err = element.read(b, v.Index(i)); err != nil {
				return nil, err
			}
		}
		return b, nil
	}
	shape := "[]" + element.shape
	if t.Kind() == reflect.Array {
		shape = fmt.Sprintf("[%d]%s", t.Len(), element.shape)
	}
	return codec{shape, write, read}
}

func uvarint(b []byte) (uint64, []byte, error) {
	n, used := binary.Uvarint(b)
	if used <= 0 {
		return 0, nil, errShort
	}
	return n, b[used:], nil
}

func writeUint(b []byte, v reflect.Value) []byte { return binary.AppendUvarint(b, v.Uint()) }

func readUint(b []byte, v reflect.Value) ([]byte, error) {
	n, b, err := uvarint(b)
	v.SetUint(n)
	return b, err
}

func writeInt(b []byte, v reflect.Value) []byte { return binary.AppendVarint(b, v.Int()) }

func readInt(b []byte, v reflect.Value) ([]byte, error) {
	n, used := binary.Varint(b)
	if used <= 0 {
		return nil, errShort
	}
	v.SetInt(n)
	return b[used:], nil
}

func writeBool(b []byte, v reflect.Value) []byte {
	if v.Bool() {
		return append(b, 1)
	}
	return append(b, 0)
}

func readBool(b []byte, v reflect.Value) ([]byte, error) {
	if len(b) == 0 {
		return nil, errShort
	}
	v.SetBool(b[0] != 0)
	return b[1:], nil
}

func writeFloat(b []byte, v reflect.Value) []byte {
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(v.Float()))
}

func readFloat(b []byte, v reflect.Value) ([]byte, error) {
	if len(b) < 8 {
		return nil, errShort
	}
	v.SetFloat(math.Float64frombits(binary.LittleEndian.Uint64(b)))
	return b[8:], nil
}

func writeString(b []byte, v reflect.Value) []byte {
	return append(binary.AppendUvarint(b, uint64(v.Len())), v.String()...)
}

func readString(b []byte, v reflect.Value) ([]byte, error) {
	n, b, err := uvarint(b)
	if err != nil || n > uint64(len(b)) {
		return nil, errShort
	}
	v.SetString(string(b[:n]))
	return b[n:], nil
}

func writeAddr(b []byte, v reflect.Value) []byte {
	text, _ := v.Addr().Interface().(*netip.Addr).MarshalBinary() // has no error
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

func readAddr(b []byte, v reflect.Value) ([]byte, error) {
	n, b, err := uvarint(b)
	if err != nil || n > uint64(len(b)) {
		return nil, errShort
	}
	return b[n:], v.Addr().Interface().(*netip.Addr).UnmarshalBinary(b[:n])
}
