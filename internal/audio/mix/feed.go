package mix

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
)

// How a segment is cut, in samples; whole frames.
const (
	// preroll is how long before its start a segment's decoding starts: 0.6 s,
	// of which the decoders need the first 0.1 s or 0.2 s to find their state
	// and the limiter the rest (see release).
	preroll = 30 * opus.FrameSize
	// warmup is how long before its start the encoder runs: 0.3 s.
	warmup = 15 * opus.FrameSize
	// postroll is how far beyond its end a segment hears, for the limiter.
	postroll = opus.FrameSize
)

// A ref is one packet of a segment.
type ref struct {
	pos  int64 // of its first sample
	off  int32 // its bytes: data[off:][:size]
	size int32
	n    int16 // length in samples; 0: the packet is broken
	// fresh: silence that was not kept came before, so the decoder starts in
	// the state that silence leaves. last: such silence follows, the decoder is
	// done.
	fresh, last bool
}

// A run is one input's packets within a segment.
type run struct {
	data []byte
	refs []ref
}

func (r *run) reset() { r.data, r.refs = r.data[:0], r.refs[:0] }

func (r *run) packet(p ref) []byte { return r.data[p.off:][:p.size] }

func (r *run) add(p ref, data []byte) {
	p.off, p.size = int32(len(r.data)), int32(len(data))
	r.data = append(r.data, data...)
	r.refs = append(r.refs, p)
}

// A segment is a stretch of the mix: what goes in, and what came out.
type segment struct {
	index      int
	start, end int64 // samples, whole frames
	inputs     []run

	packets    []byte  // coded frames, one after another
	sizes      []int16 // of each
	peaks      []uint8 // per frame
	trackPeaks [][]uint8
	limited    int64
	broken     []int // per input
	done       chan struct{}
}

func newSegment(inputs int) *segment {
	return &segment{
		inputs:     make([]run, inputs),
		trackPeaks: make([][]uint8, inputs),
		broken:     make([]int, inputs),
		done:       make(chan struct{}, 1),
	}
}

// A feeder reads the inputs and fills segments.
type feeder struct {
	inputs  []*source
	segment int64 // samples
	max     int64 // samples
	end     int64 // of the last packet so far
}

func newFeeder(inputs []Input, opt Options) *feeder {
	f := &feeder{
		segment: int64(opt.segment) * opus.FrameSize,
		max:     audio.Samples(opt.MaxDuration.Seconds()),
	}
	for _, in := range inputs {
		f.inputs = append(f.inputs, &source{in: in, quiet: true, end: math.MinInt64 / 2})
	}
	return f
}

// run fills segments one by one until all inputs are read. Each goes to the
// workers and, in order, to the collector.
func (f *feeder) run(ctx context.Context, free <-chan *segment, jobs, order chan<- *segment) error {
	for i, last := 0, false; !last; i++ {
		var seg *segment
		select {
		case seg = <-free:
		case <-ctx.Done():
			return ctx.Err()
		}
		var err error
		if last, err = f.fill(ctx, seg, i); err != nil {
			return err
		}
		order <- seg // has room for every segment
		select {
		case jobs <- seg:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// fill makes seg the segment with the given index and says whether it is the
// last.
func (f *feeder) fill(ctx context.Context, seg *segment, index int) (last bool, err error) {
	seg.index = index
	seg.start = int64(index) * f.segment
	seg.end = seg.start + f.segment
	last = true
	for i, src := range f.inputs {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		done, err := src.fill(&seg.inputs[i], seg.end, f.max)
		if err != nil {
			return false, fmt.Errorf("read input %d: %w", i, err)
		}
		f.end = max(f.end, src.end)
		last = last && done
	}
	// The encoder is PreSkip samples late: the last frames bring out the rest.
	// The shortest stream has two frames, so that something is left of it.
	const frame = opus.FrameSize
	end := max((f.end+PreSkip+frame-1)/frame, 2) * frame
	if last && end <= seg.end {
		seg.end = end
		return true, nil
	}
	return false, nil
}

// A source is one input with what the segments share: the packets that lie
// across their borders, and what came before.
type source struct {
	in      Input
	eof     bool
	carry   run   // packets that the next segment needs again
	end     int64 // of the packets so far; long before 0 when there were none
	quiet   bool  // only silence is before end
	silence int   // samples of the silent packets just before end
	packets int
	silent  int
	broken  int
}

// fill puts the packets of the segment that ends at to into r, with its
// preroll and postroll, and says whether there are none beyond.
func (s *source) fill(r *run, to, limit int64) (done bool, err error) {
	r.reset()
	for _, p := range s.carry.refs {
		r.add(p, s.carry.packet(p))
	}
	for !s.eof && s.end < to+postroll {
		pos, packet, err := s.in.Next()
		if errors.Is(err, io.EOF) {
			s.eof = true
			s.ringOut(r, s.end+opus.FrameSize)
			break
		}
		if err != nil {
			return false, err
		}
		if pos > limit {
			return false, ErrTooLong
		}
		s.take(r, pos, packet)
	}
	// What the next segment hears too: its preroll, and what lies beyond to.
	s.carry.reset()
	next := to - preroll
	for _, p := range r.refs {
		if p.pos+int64(p.n) > next {
			s.carry.add(p, r.packet(p))
		}
	}
	return s.eof, nil
}

// take adds one packet to r, unless it is silence that needs no decoding.
func (s *source) take(r *run, pos int64, packet []byte) {
	s.packets++
	n := 0
	if len(packet) <= opus.MaxPacketBytes {
		n = opus.Samples(packet)
	}
	if n == 0 {
		s.takeBroken(r, pos)
		return
	}
	if pos+int64(n) <= s.end {
		s.broken++ // its time has passed; a stream of these must not fill memory
		return
	}
	s.ringOut(r, pos)
	s.end = pos + int64(n)
	if s.end <= -preroll {
		return // long before the recording
	}
	if !opus.IsSilence(packet) {
		r.add(ref{pos: pos, n: int16(n), fresh: s.quiet && pos >= opus.FrameSize}, packet)
		s.quiet, s.silence = false, 0
		return
	}
	s.silence += n
	if s.quiet {
		s.silent++
		return
	}
	// Once the sound before has rung out, silence needs no decoder.
	s.quiet = s.silence >= opus.FrameSize
	r.add(ref{pos: pos, n: int16(n), last: s.quiet}, packet)
}

// takeBroken leaves a mark where the decoder is to conceal a packet whose
// length is not known.
func (s *source) takeBroken(r *run, pos int64) {
	s.broken++
	if s.quiet || pos < s.end || pos >= s.end+opus.FrameSize {
		return // nothing to go on from
	}
	r.add(ref{pos: pos}, nil)
	s.end = pos + opus.SilenceStep // at least; so that marks cannot pile up
	s.silence = 0
}

// ringOut puts a silent packet into a gap before pos, so that the decoder
// fades out what it was playing.
func (s *source) ringOut(r *run, pos int64) {
	if s.quiet || pos < s.end+opus.FrameSize {
		return
	}
	r.add(ref{pos: s.end, n: opus.FrameSize, last: true}, opus.Silence(opus.FrameSize))
	s.quiet = true
}
