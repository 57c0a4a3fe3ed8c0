package webm

import (
	"errors"
	"math/bits"
)

// unknownSize marks an element that ends where its parent's next child begins
// (RFC 8794 section 6.2).
const unknownSize = -1

// errDamaged says that bytes make no sense where they stand.
var errDamaged = errors.New("damaged element")

// elementID reads an element identifier of up to 4 bytes, marker included; n
// is its length, 0 when b does not begin with one.
func elementID(b []byte) (id uint32, n int) {
	if len(b) == 0 {
		return 0, 0
	}
	n = bits.LeadingZeros8(b[0]) + 1
	if n > 4 || n > len(b) {
		return 0, 0
	}
	for _, c := range b[:n] {
		id = id<<8 | uint32(c)
	}
	return id, n
}

// vint reads a variable-size integer of up to 8 bytes (RFC 8794 section 4)
// without its marker; n is its length, 0 when b does not begin with one. All
// value bits set stand for unknownSize.
func vint(b []byte) (v int64, n int) {
	if len(b) == 0 || b[0] == 0 {
		return 0, 0
	}
	n = bits.LeadingZeros8(b[0]) + 1
	if n > len(b) {
		return 0, 0
	}
	v = int64(b[0]) & (0xff >> n)
	for _, c := range b[1:n] {
		v = v<<8 | int64(c)
	}
	if v == 1<<(7*n)-1 {
		return unknownSize, n
	}
	return v, n
}

// uintOf reads an unsigned integer element; more than 8 bytes, or a value
// beyond int64, give ok false.
func uintOf(b []byte) (v int64, ok bool) {
	if len(b) > 8 || len(b) == 8 && b[0] >= 0x80 {
		return 0, false
	}
	for _, c := range b {
		v = v<<8 | int64(c)
	}
	return v, true
}

// children calls f for every element in b, which is the body of a master
// element.
func children(b []byte, f func(id uint32, body []byte) error) error {
	for len(b) > 0 {
		id, n := elementID(b)
		if n == 0 {
			return errDamaged
		}
		size, m := vint(b[n:])
		if m == 0 || size == unknownSize || size > int64(len(b)-n-m) {
			return errDamaged
		}
		body := b[n+m:][:size]
		if err := f(id, body); err != nil {
			return err
		}
		b = b[n+m+int(size):]
	}
	return nil
}
