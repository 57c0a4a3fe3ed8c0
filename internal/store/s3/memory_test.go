package s3_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"testing"

	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/s3"
)

// sink is a server that forgets what it is sent and sends size zeros, so that
// the memory measured is the client's.
func sink(size int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("ETag", `"0"`)
		switch {
		case r.URL.Query().Has("uploads"):
			fmt.Fprint(w, `<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>`)
		case r.Method == http.MethodPost:
			fmt.Fprint(w, `<CompleteMultipartUploadResult><ETag>"0"</ETag></CompleteMultipartUploadResult>`)
		case r.Method == http.MethodGet:
			w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
			_, _ = io.Copy(w, io.LimitReader(zeros{}, size))
		}
	})
}

// meter reads through and keeps the peak of the live heap.
type meter struct {
	r          io.Reader
	base, peak uint64
	read, next int64
}

func newMeter() *meter { return &meter{base: live()} }

func live() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if m.read += int64(n); m.read >= m.next {
		m.next += 2 << 20
		m.peak = max(m.peak, live())
	}
	return n, err
}

func (m *meter) used() uint64 { return max(m.peak, m.base) - m.base }

// Not parallel: the heap belongs to the process.
func TestMemoryPerStream(t *testing.T) {
	const size = 64 << 20
	s := open(t, sink(size))
	for range 2 { // once to fill the pools that every client keeps
		put := newMeter()
		put.r = io.LimitReader(zeros{}, size)
		if _, err := s.Put(t.Context(), "key", put, store.PutOptions{}); err != nil {
			t.Fatalf("Put: %v", err)
		}
		if limit := uint64(24 << 20); put.used() > limit {
			t.Errorf("Put used %d bytes of heap, want at most %d", put.used(), limit)
		}
		get := newMeter()
		rc, _, err := s.Get(t.Context(), "key")
		if err != nil {
			t.Fatalf("Get: %v", err)
		}
		get.r = rc
		if n, err := io.Copy(io.Discard, get); n != size || err != nil {
			t.Errorf("read %d bytes, %v, want %d", n, err, size)
		}
		rc.Close()
		if limit := uint64(1 << 20); get.used() > limit {
			t.Errorf("Get used %d bytes of heap, want at most %d", get.used(), limit)
		}
		t.Logf("live heap at most: Put %.1f MiB (parts: %d of %d MiB), Get %.2f MiB", float64(put.used())/(1<<20),
			s3.Concurrency+2, s3.PartSize>>20, float64(get.used())/(1<<20))
	}
}

func BenchmarkPut(b *testing.B) {
	for name, handler := range map[string]http.Handler{"sink": sink(0), "gofakes3": fake(b)} {
		b.Run(name, func(b *testing.B) {
			s := open(b, handler)
			b.SetBytes(64 << 20)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Put(b.Context(), "key", io.LimitReader(zeros{}, 64<<20), store.PutOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	for name, handler := range map[string]http.Handler{"sink": sink(64 << 20), "gofakes3": fake(b)} {
		b.Run(name, func(b *testing.B) {
			s := open(b, handler)
			if _, err := s.Put(b.Context(), "key", io.LimitReader(zeros{}, 64<<20), store.PutOptions{}); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(64 << 20)
			b.ReportAllocs()
			for b.Loop() {
				rc, _, err := s.Get(b.Context(), "key")
				if err != nil {
					b.Fatal(err)
				}
				if n, err := io.Copy(io.Discard, rc); n != 64<<20 || err != nil {
					b.Fatalf("read %d bytes, %v", n, err)
				}
				rc.Close()
			}
		})
	}
}
