package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Wire types of protobuf.
const (
	varintWire  = 0
	fixed64Wire = 1
	bytesWire   = 2
	fixed32Wire = 5
)

// field is one field of a protobuf message: value where it is a varint, bytes
// (within the input) otherwise.
type field struct {
	number, wire int
	value        uint64
	bytes        []byte
}

var errTruncated = errors.New("message ends within a field")

// fields calls yield for each field of a message, in order, until an error.
func fields(b []byte, yield func(field) error) error {
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		if n <= 0 || tag>>3 == 0 || tag>>3 > 1<<29-1 {
			return errors.New("bad field tag")
		}
		b = b[n:]
		f := field{number: int(tag >> 3), wire: int(tag & 7)}
		size := 0
		switch f.wire {
		case varintWire:
			if f.value, n = binary.Uvarint(b); n <= 0 {
				return errTruncated
			}
			b = b[n:]
		case fixed64Wire:
			size = 8
		case fixed32Wire:
			size = 4
		case bytesWire:
			length, n := binary.Uvarint(b)
			if n <= 0 || length > uint64(len(b)-n) {
				return errTruncated
			}
			b, size = b[n:], int(length)
		default:
			return fmt.Errorf("field %d of wire type %d", f.number, f.wire)
		}
		if size > len(b) {
			return errTruncated
		}
		f.bytes, b = b[:size:size], b[size:]
		if err := yield(f); err != nil {
			return err
		}
	}
	return nil
}

// varints calls yield for a repeated integer field's values, packed or single.
func (f field) varints(yield func(uint64) error) error {
	if f.wire == varintWire {
		return yield(f.value)
	}
	if f.wire != bytesWire {
		return fmt.Errorf("integers of wire type %d", f.wire)
	}
	for b := f.bytes; len(b) > 0; {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return errTruncated
		}
		b = b[n:]
		if err := yield(v); err != nil {
			return err
		}
	}
	return nil
}
