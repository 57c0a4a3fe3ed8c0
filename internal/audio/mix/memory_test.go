package mix

import (
	"context"
	"io"
	"runtime"
	"testing"

	"github.com/trackscribe/trackscribe/internal/audio/opus"
)

// endless is an Input whose packets are as many and as large as speech's, and
// cheap to decode: silence, padded so that nobody takes it for that.
type endless struct {
	packet []byte
	next   int64
	end    int64
}

func newEndless(seconds int64) *endless {
	const padding = 160 // bytes: 64 kbit/s
	p := []byte{0xf8 | 3, 0x41, padding, 0xff, 0xfe}
	return &endless{packet: append(p, make([]byte, padding)...), end: seconds * 48000}
}

func (e *endless) Next() (int64, []byte, error) {
	if e.next >= e.end {
		return 0, nil, io.EOF
	}
	pos := e.next
	e.next += opus.FrameSize
	return pos, e.packet, nil
}

// heap is a Sink that looks at the memory in use.
type heap struct {
	n    int
	peak uint64
}

func (h *heap) WritePacket(int64, []byte) error {
	if h.n++; h.n%500 == 0 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		h.peak = max(h.peak, m.HeapInuse)
	}
	return nil
}

// Not parallel: the heap is everybody's.
func TestMemoryDoesNotGrow(t *testing.T) {
	peak := func(tracks int, seconds int64) uint64 {
		var in []Input
		for range tracks {
			in = append(in, newEndless(seconds))
		}
		runtime.GC()
		h := &heap{}
		if _, _, err := Mix(context.Background(), in, h, Options{Workers: 2}); err != nil {
			t.Fatal(err)
		}
		return h.peak >> 20
	}
	if p := opus.Samples(newEndless(1).packet); p != opus.FrameSize {
		t.Fatalf("packet of %d samples", p)
	}
	short, long := peak(4, 150), peak(4, 750)
	t.Logf("4 inputs: %d MB for 2.5 min, %d MB for 12.5 min", short, long)
	if long > 32 || long > short+8 {
		t.Errorf("heap of %d MB for 12.5 min, %d MB for 2.5 min; want at most 32 and no growth", long, short)
	}
	if testing.Short() {
		return
	}
	many := peak(64, 40)
	t.Logf("64 inputs: %d MB", many)
	if many > 96 {
		t.Errorf("heap of %d MB for 64 inputs, want at most 96", many)
	}
}
