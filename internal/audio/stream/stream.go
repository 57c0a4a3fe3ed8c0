// Package stream reads a track's bytes for the container readers: forward
// only, through one small buffer, with a limit on the file's size.
//
// It tells apart the two ways in which a file can stop in the middle. A stream
// that ends cleanly, but too early, was cut when it was recorded: that is
// ErrCut, and a container reader keeps what came before. Any other error,
// io.ErrUnexpectedEOF of a broken HTTP body among them, is a failed transfer
// and is handed on as it is.
package stream

import (
	"errors"
	"fmt"
	"io"

	"github.com/trackscribe/trackscribe/internal/audio"
)

// ErrCut says that the file ended before the bytes asked for.
var ErrCut = errors.New("file is cut off")

// DefaultMaxBytes is the limit on a file's size: 2 GiB.
const DefaultMaxBytes = 2 << 30

// bufferBytes is how much is read at once.
const bufferBytes = 64 << 10

// A Reader hands out a stream's bytes without copying them twice. It is for
// one goroutine.
type Reader struct {
	r        io.Reader
	buf      []byte
	from, to int   // the unread part of buf
	base     int64 // offset of buf[0] in the stream
	max      int64
	err      error // what r said when it gave no more
}

// New returns a Reader of r that refuses more than maxBytes (0:
// DefaultMaxBytes) with audio.ErrTooBig.
func New(r io.Reader, maxBytes int64) *Reader {
	if maxBytes <= 0 {
		maxBytes = DefaultMaxBytes
	}
	return &Reader{r: r, buf: make([]byte, bufferBytes), max: maxBytes}
}

// Offset returns how many bytes were consumed.
func (s *Reader) Offset() int64 { return s.base + int64(s.from) }

// Peek returns the next n bytes without consuming them, or as many as are left
// in the stream; they are valid until the next call. The error is nil when all
// n are there, io.EOF when none and ErrCut when some are left, and otherwise
// what the stream said.
func (s *Reader) Peek(n int) ([]byte, error) {
	if s.to-s.from >= n {
		return s.buf[s.from : s.from+n], nil
	}
	err := s.fill(n)
	have := s.buf[s.from:min(s.to, s.from+n)]
	switch {
	case len(have) == n:
		return have, nil
	case !errors.Is(err, io.EOF):
		return have, err
	case len(have) == 0:
		return have, io.EOF
	}
	return have, ErrCut
}

// fill tries to have n bytes in the buffer, which grows when it must.
func (s *Reader) fill(n int) error {
	if s.from > 0 {
		copy(s.buf, s.buf[s.from:s.to])
		s.base += int64(s.from)
		s.to -= s.from
		s.from = 0
	}
	for idle := 0; s.to < n && s.err == nil; {
		if s.to == len(s.buf) {
			// Doubling while bytes really arrive, so that a lying size
			// costs no memory.
			s.buf = append(s.buf, make([]byte, len(s.buf))...)
		}
		got, err := s.r.Read(s.buf[s.to:])
		s.to += got
		s.err = err
		if s.base+int64(s.to) > s.max {
			s.err = fmt.Errorf("%w (%d bytes)", audio.ErrTooBig, s.max)
			s.to = int(max(s.max-s.base, 0))
		}
		if got > 0 {
			idle = 0
		} else if idle++; idle > 100 && s.err == nil {
			s.err = io.ErrNoProgress
		}
	}
	if s.to >= n {
		return nil
	}
	switch {
	case s.err == nil, s.err == io.EOF: //nolint:errorlint // only the bare one is a clean end
		return s.err
	case errors.Is(s.err, io.EOF): // some transport's story of a lost connection
		return fmt.Errorf("read track: %w: %v", io.ErrUnexpectedEOF, s.err) //nolint:errorlint // it must not pass for a clean end
	}
	return fmt.Errorf("read track: %w", s.err)
}

// Next consumes the next n bytes and returns them; they are valid until the
// next call. Errors are those of Peek; on one nothing is consumed.
func (s *Reader) Next(n int) ([]byte, error) {
	b, err := s.Peek(n)
	if err != nil {
		return nil, err
	}
	s.from += n
	return b, nil
}

// Skip consumes n bytes. Errors are those of Peek.
func (s *Reader) Skip(n int64) error {
	start := n
	for {
		if have := int64(s.to - s.from); n <= have {
			s.from += int(n)
			return nil
		} else if have > 0 {
			n -= have
			s.from = s.to
		}
		if err := s.fill(1); err != nil {
			if errors.Is(err, io.EOF) && start > n {
				return ErrCut
			}
			return err
		}
	}
}
