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

// heap is a Sink that looks at the memory in use, with garbage and without.
type heap struct {
	n          int
	used, live uint64
}

func (h *heap) WritePacket(int64, []byte) error {
	var m runtime.MemStats
	if h.n++; h.n%500 == 0 {
		runtime.ReadMemStats(&m)
		h.used = max(h.used, m.HeapInuse)
	}
	if h.n%2000 == 0 {
		runtime.GC()
		runtime.ReadMemStats(&m)
		h.live = max(h.live, m.HeapAlloc)
	}
	return nil
}

// Not parallel: the heap is everybody's.
func TestMemoryDoesNotGrow(t *testing.T) {
	peak := func(tracks int, seconds int64) (used, live uint64) {
		var in []Input
		for range tracks {
			in = append(in, newEndless(seconds))
		}
		runtime.GC()
		h := &heap{}
		if _, _, err := Mix(context.Background(), in, h, Options{Workers: 2}); err != nil {
			t.Fatal(err)
		}
		return h.used >> 20, h.live >> 20
	}
	if p := opus.Samples(newEndless(1).packet); p != opus.FrameSize {
		t.Fatalf("packet of %d samples", p)
	}
	// Four minutes fill every segment that there is.
	_, short := peak(4, 240)
	used, long := peak(4, 960)
	t.Logf("4 inputs: %d MB live for 4 min, %d MB for 16 min, %d MB with garbage", short, long, used)
	if used > 40 || long > short+4 {
		t.Errorf("heap of %d MB, want at most 40; live %d MB for 16 min, %d MB for 4 min, want no growth", used, long, short)
	}
	if testing.Short() {
		return
	}
	used, live := peak(64, 40)
	t.Logf("64 inputs: %d MB live, %d MB with garbage", live, used)
	if used > 110 {
		t.Errorf("heap of %d MB for 64 inputs, want at most 110", used)
	}
}
