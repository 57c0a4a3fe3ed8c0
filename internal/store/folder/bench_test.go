package folder_test

import (
	"io"
	"testing"

	"github.com/trackscribe/trackscribe/internal/store"
)

const benchSize = 64 << 20

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func BenchmarkPut(b *testing.B) {
	s := open(b, b.TempDir())
	b.SetBytes(benchSize)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Put(b.Context(), "dir/key", io.LimitReader(zeros{}, benchSize), store.PutOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGet(b *testing.B) {
	s := open(b, b.TempDir())
	if _, err := s.Put(b.Context(), "dir/key", io.LimitReader(zeros{}, benchSize), store.PutOptions{}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(benchSize)
	b.ReportAllocs()
	for b.Loop() {
		rc, _, err := s.Get(b.Context(), "dir/key")
		if err != nil {
			b.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, rc); n != benchSize || err != nil {
			b.Fatalf("read %d bytes, %v", n, err)
		}
		rc.Close()
	}
}
