package stream_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/iotest"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/stream"
)

func data(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7 >> 3)
	}
	return b
}

func TestReader(t *testing.T) {
	t.Parallel()
	want := data(300_000)
	for name, r := range map[string]io.Reader{
		"whole":    bytes.NewReader(want),
		"halves":   iotest.HalfReader(bytes.NewReader(want)),
		"with EOF": iotest.DataErrReader(bytes.NewReader(want)),
	} {
		s := stream.New(r, 0)
		at := 0
		for i := 0; at < len(want); i++ {
			n := min(1+i*7919%90_000, len(want)-at)
			if i%3 == 2 {
				if err := s.Skip(int64(n)); err != nil {
					t.Fatalf("%s: Skip(%d) at %d: %v", name, n, at, err)
				}
			} else {
				peeked, err := s.Peek(n)
				if err != nil || !bytes.Equal(peeked, want[at:at+n]) {
					t.Fatalf("%s: Peek(%d) at %d: %d bytes, %v", name, n, at, len(peeked), err)
				}
				got, err := s.Next(n)
				if err != nil || !bytes.Equal(got, want[at:at+n]) {
					t.Fatalf("%s: Next(%d) at %d: %d bytes, %v", name, n, at, len(got), err)
				}
			}
			at += n
			if s.Offset() != int64(at) {
				t.Fatalf("%s: Offset = %d, want %d", name, s.Offset(), at)
			}
		}
		if _, err := s.Next(1); err != io.EOF {
			t.Errorf("%s: Next after the end: %v", name, err)
		}
		if err := s.Skip(1); err != io.EOF {
			t.Errorf("%s: Skip after the end: %v", name, err)
		}
	}
}

func TestReaderEnds(t *testing.T) {
	t.Parallel()
	s := stream.New(bytes.NewReader(data(10)), 0)
	if b, err := s.Peek(20); err != stream.ErrCut || len(b) != 10 {
		t.Errorf("Peek beyond the end: %d bytes, %v", len(b), err)
	}
	if _, err := s.Next(20); err != stream.ErrCut {
		t.Errorf("Next beyond the end: %v", err)
	}
	if err := s.Skip(20); err != stream.ErrCut {
		t.Errorf("Skip beyond the end: %v", err)
	}
	broken := stream.New(io.MultiReader(bytes.NewReader(data(10)), iotest.ErrReader(io.ErrUnexpectedEOF)), 0)
	if _, err := broken.Next(20); !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, stream.ErrCut) {
		t.Errorf("a broken transfer: %v", err)
	}
	lost := stream.New(io.MultiReader(bytes.NewReader(data(10)), iotest.ErrReader(fmt.Errorf("connection lost: %w", io.EOF))), 0)
	if _, err := lost.Next(20); !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, stream.ErrCut) {
		t.Errorf("a lost connection that calls itself the end: %v", err)
	}
	big := stream.New(bytes.NewReader(data(100_000)), 1000)
	if b, err := big.Next(1000); err != nil || len(b) != 1000 {
		t.Errorf("up to the limit: %d bytes, %v", len(b), err)
	}
	if _, err := big.Next(1); !errors.Is(err, audio.ErrTooBig) {
		t.Errorf("beyond the limit: %v", err)
	}
	stuck := stream.New(stuckReader{}, 0)
	if _, err := stuck.Next(1); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that gives nothing: %v", err)
	}
}

type stuckReader struct{}

func (stuckReader) Read([]byte) (int, error) { return 0, nil }
