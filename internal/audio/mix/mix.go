// Package mix makes one mono Opus stream and its loudness peaks out of a
// recording's tracks, in one pass: decode, sum, limit, measure, encode.
//
// It promises: output time 0 is the recording's time 0, to the sample; every
// input is read once, forward only; memory does not grow with the recording's
// length, except for the peaks (50 bytes a second, and 10 a second and track);
// the bytes do not depend on the number of workers; no sample reaches the
// encoder above the limiter's ceiling; a packet that cannot be decoded is
// concealed and counted and ends nothing.
//
// It will not: read or write containers, resample, align tracks (their packets
// come with positions), balance their loudness, or go on without an input that
// cannot be read.
//
// The work is cut into segments of fixed length that workers do side by side.
// Each starts early on the sound before it, so that decoders, limiter and
// encoder are in the state in which one long run would have brought them, and
// codes its first own frame without prediction from the ones before. A
// segment's sound never exists as a whole: it passes through in blocks.
package mix

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// PreSkip is how many decoded samples of the mix a player drops so that time 0
// is the recording's: OpusHead's pre-skip, and Matroska's CodecDelay.
const PreSkip = opus.Lookahead

// An Input is one track's Opus packets in order. Next returns a packet and the
// position of its first decoded sample: samples of the 48 kHz clock from the
// recording's start, negative for what a player drops before it. Positions do
// not go back. Where packets are missing there is silence. The packet's bytes
// are copied before the next call. After the last packet comes io.EOF; any
// other error fails the mix.
//
// The mix calls one Next at a time, from one goroutine at a time.
type Input interface {
	Next() (pos int64, packet []byte, err error)
}

// A Sink takes the mix's packets in order and without gaps. The position counts
// from 0 on the packets' own clock, which starts PreSkip samples before the
// recording. The packet is valid until WritePacket returns. A webm.Writer is a
// Sink.
type Sink interface {
	WritePacket(pos int64, packet []byte) error
}

// Options set up a mix. The zero value is what the pipeline uses.
type Options struct {
	Bitrate    int // of the mix in bit/s; 0: 48000
	Complexity int // of the encoder, 1 to 10; 0: 3
	// Tracks holds each input's track index, for the peaks; nil: 0, 1, 2, …
	Tracks []int
	// Workers is how many segments are worked on at a time; 0: one per CPU
	// that Go may use, at most 8. Memory grows with it, the result does not
	// change.
	Workers int
	// MaxDuration is how long the recording may be: a wrong position must not
	// make days of silence. 0: 12 hours.
	MaxDuration time.Duration

	segment int                           // frames, for tests; 0: by number of inputs
	tap     func(at int64, pcm []float32) // for tests: gets what is encoded; called by several workers
}

// ErrTooLong says that a packet lies beyond Options.MaxDuration.
var ErrTooLong = errors.New("track is too long")

// Stats tell what a mix did.
type Stats struct {
	Samples int64 // the recording's length: the end of its last packet
	Frames  int   // packets written, 20 ms each
	Bytes   int64 // in those packets
	Limited int64 // samples in which the limiter turned the mix down
	Inputs  []InputStats
}

// InputStats tell what became of one input's packets.
type InputStats struct {
	Packets int // read
	Silent  int // of those, silent packets that were not decoded
	Broken  int // of those, packets that could not be decoded and were concealed
}

// Mix mixes inputs into sink. Without inputs, or with nothing but empty ones,
// it writes a short silence. On an error the sink holds an unfinished stream.
func Mix(ctx context.Context, inputs []Input, sink Sink, opt Options) (Stats, artifact.Peaks, error) {
	if err := opt.fill(len(inputs)); err != nil {
		return Stats{}, artifact.Peaks{}, err
	}
	// The segments in flight: each worker's and the next one. They are all the
	// memory that the inputs take.
	total := opt.Workers + 1
	free := make(chan *segment, total)
	for range total {
		free <- newSegment(len(inputs))
	}
	jobs := make(chan *segment)
	order := make(chan *segment, total)

	group, ctx := errgroup.WithContext(ctx)
	feed := newFeeder(inputs, opt)
	group.Go(func() error {
		defer close(jobs)
		defer close(order)
		return feed.run(ctx, free, jobs, order)
	})
	for range opt.Workers {
		group.Go(func() error {
			w := newWorker(opt)
			for seg := range jobs {
				if err := w.run(ctx, seg); err != nil {
					return err
				}
				seg.done <- struct{}{}
			}
			return nil
		})
	}
	out := newCollector(sink, len(inputs))
	group.Go(func() error { return out.run(ctx, order, free) })
	if err := group.Wait(); err != nil {
		return Stats{}, artifact.Peaks{}, err
	}
	stats := out.stats
	stats.Samples = feed.end
	for i, in := range feed.inputs {
		stats.Inputs[i].Packets = in.packets
		stats.Inputs[i].Silent = in.silent
		stats.Inputs[i].Broken += in.broken
	}
	return stats, out.gathered.artifact(feed.end, opt.Tracks), nil
}

// fill puts the defaults in.
func (o *Options) fill(inputs int) error {
	if o.Tracks == nil {
		o.Tracks = make([]int, inputs)
		for i := range o.Tracks {
			o.Tracks[i] = i
		}
	}
	if len(o.Tracks) != inputs {
		return fmt.Errorf("mix: %d track indexes for %d inputs", len(o.Tracks), inputs)
	}
	if o.Complexity == 0 {
		o.Complexity = opus.DefaultComplexity
	}
	if o.Workers <= 0 {
		o.Workers = min(runtime.GOMAXPROCS(0), 8)
	}
	if o.MaxDuration <= 0 {
		o.MaxDuration = 12 * time.Hour
	}
	if o.segment == 0 {
		o.segment = segmentFrames(inputs)
	}
	return nil
}

// segmentFrames is how long a segment is, in frames: long, because each starts
// 0.6 s early, but short where many inputs make it big. It depends on nothing
// else, so that the bytes do not either.
func segmentFrames(inputs int) int {
	const second = audio.SampleRate / opus.FrameSize
	switch {
	case inputs <= 8:
		return 60 * second
	case inputs <= 24:
		return 30 * second
	}
	return 10 * second
}
