package webm

// The ways in which several packets share a block (RFC 9559 section 10.3).
const (
	lacingNone  = 0
	lacingXiph  = 1
	lacingFixed = 2
	lacingEBML  = 3
)

// unlace appends a block's packets to frames; they point into b.
func unlace(frames [][]byte, lacing byte, b []byte) ([][]byte, error) {
	if lacing == lacingNone {
		return append(frames, b), nil
	}
	if len(b) == 0 {
		return nil, errDamaged
	}
	count := int(b[0]) + 1
	b = b[1:]
	if lacing == lacingFixed {
		if len(b)%count != 0 {
			return nil, errDamaged
		}
		size := len(b) / count
		for range count {
			frames = append(frames, b[:size])
			b = b[size:]
		}
		return frames, nil
	}
	var sizes [255]int // of all packets but the last, which takes the rest
	sum, used := 0, 0
	for i := range count - 1 {
		n := 0
		if lacing == lacingXiph {
			sizes[i], n = xiphSize(b[used:])
		} else {
			prev := 0
			if i > 0 {
				prev = sizes[i-1]
			}
			sizes[i], n = ebmlSize(b[used:], i > 0, prev)
		}
		if n == 0 || sizes[i] < 0 || sizes[i] > len(b) {
			return nil, errDamaged
		}
		sum += sizes[i]
		used += n
	}
	b = b[used:]
	if sum > len(b) {
		return nil, errDamaged
	}
	for _, size := range sizes[:count-1] {
		frames = append(frames, b[:size])
		b = b[size:]
	}
	return append(frames, b), nil
}

// xiphSize reads a size as a sum of bytes that ends with one below 255.
func xiphSize(b []byte) (size, n int) {
	for i, c := range b {
		size += int(c)
		if c != 255 {
			return size, i + 1
		}
	}
	return 0, 0
}

// ebmlSize reads a size as an integer, or as a difference from the previous
// one.
func ebmlSize(b []byte, difference bool, prev int) (size, n int) {
	if len(b) == 0 || b[0] == 0 {
		return 0, 0
	}
	v, n := vint(b)
	if v == unknownSize && n > 0 {
		v = 1<<(7*n) - 1 // here all ones are a number like any other
	}
	if difference {
		v += int64(prev) - (1<<(7*n-1) - 1)
	}
	if n == 0 || v < 0 || v > maxElement {
		return 0, 0
	}
	return int(v), n
}
