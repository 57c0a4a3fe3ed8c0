// Package pad puts a raw track on the recording's clock.
//
// Pad writes a WebM file that starts with the recording and has no gaps, by
// copying the source's Opus packets and putting silent ones between them:
// nothing is decoded or encoded (only PCM from a WAV file has to be coded). The
// start is exact to one sample of the source's time stamps, what follows a gap
// to 1.25 ms, and errors never add up. Memory does not grow with the track's
// length.
//
// Open reads such a file back: packets with their positions.
//
// The package does not mix, resample Opus, or judge what is speech.
package pad

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
	"github.com/trackscribe/trackscribe/internal/audio/track"
	"github.com/trackscribe/trackscribe/internal/audio/webm"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// Options of Pad. The zero value pads an Opus track of up to 12 hours.
type Options struct {
	// Track is the track's index, for the timeline.
	Track int
	// MaxDuration bounds the padded file: a broken time stamp must not make
	// days of silence. 0: 12 h.
	MaxDuration time.Duration
	// MaxBytes bounds the source; 0: 2 GiB.
	MaxBytes int64
	// ClockOffset is the offset in seconds that the file's name states; 0 or
	// less: not known. It places files that state none themselves (WAV, Ogg
	// that begins at 0) and is otherwise only compared.
	ClockOffset float64
	// ClockExact says that ClockOffset is no guess: a log of events states it.
	ClockExact bool
	// Progress, when not nil, is called now and then with how many bytes of
	// the source were read.
	Progress func(bytes int64)
	// NewEncoder makes the encoder for PCM sources; nil: they are refused.
	NewEncoder func() (Encoder, error)
}

// An Encoder codes PCM as Opus: 48 kHz mono, 20 ms at a time.
type Encoder interface {
	// Encode codes 960 samples into packet and returns the packet's length.
	Encode(pcm []float32, packet []byte) (int, error)
	// Lookahead is by how many samples what is decoded lags behind what was
	// encoded.
	Lookahead() int
}

// ErrNoEncoder says that the source is PCM and Options has no encoder.
var ErrNoEncoder = errors.New("source is PCM: an encoder is needed")

// clockTolerance is how far, in seconds, the file name's offset may be from
// the container's. Daily's is about 0.2 s larger.
const clockTolerance = 2

// Pad reads a raw track from r, writes it padded to w and returns how it lies
// on the recording's clock. A track without packets is a success: the timeline
// says 0 packets and the file holds 20 ms of silence.
//
// It fails with bad data (audio.IsBadData) when the source is none of the
// formats of package track or its time stamps are absurd (audio.ErrTooLong),
// with ctx's error when that ends, and with what r and w say.
func Pad(ctx context.Context, r io.Reader, w io.WriteSeeker, opt Options) (artifact.Timeline, error) {
	if opt.MaxDuration <= 0 {
		opt.MaxDuration = 12 * time.Hour
	}
	if math.IsNaN(opt.ClockOffset) || opt.ClockOffset <= 0 || opt.ClockOffset > opt.MaxDuration.Seconds() {
		opt.ClockOffset = 0
	}
	r = &meter{r: r, ctx: ctx, report: opt.Progress}
	src, err := track.Open(r, track.Options{MaxBytes: opt.MaxBytes, MaxTime: opt.MaxDuration})
	if err != nil {
		return artifact.Timeline{}, err
	}
	out := &output{w: w, head: src.Head}
	var tl artifact.Timeline
	if src.PCM != nil {
		tl, err = encodePCM(ctx, src, out, opt)
	} else {
		tl, err = copyPackets(ctx, src, out, opt)
	}
	if err != nil {
		return artifact.Timeline{}, err
	}
	tl.Warnings = append(tl.Warnings, src.Warnings()...)
	return tl, out.close()
}

// copyPackets pads an Opus source.
func copyPackets(ctx context.Context, src *track.Track, out *output, opt Options) (artifact.Timeline, error) {
	a := &aligner{out: out, max: int64(opt.MaxDuration.Seconds() * audio.SampleRate)}
	// Where the container's clock begins at 0 without a recording's clock
	// behind it, the file's name is all there is.
	move, moved, corrected := int64(0), false, false
	for i := 0; ; i++ {
		if i&0x3ff == 0 && ctx.Err() != nil {
			return artifact.Timeline{}, ctx.Err()
		}
		p, err := src.Packets.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return artifact.Timeline{}, fmt.Errorf("read packet: %w", err)
		}
		at := samplesAt(p.Time)
		if i == 0 && !src.RecordingClock && at < audio.SampleRate/10 && opt.ClockOffset > 0 {
			move, moved = audio.Samples(opt.ClockOffset), true
		}
		// A log of events knows better than a container that is far off.
		if i == 0 && !moved && opt.ClockExact && math.Abs(opt.ClockOffset-audio.Seconds(at)) > clockTolerance {
			move, corrected = audio.Samples(opt.ClockOffset)-at, true
		}
		if err := a.add(at+move, p.Data); err != nil {
			return artifact.Timeline{}, fmt.Errorf("place packet: %w", err)
		}
	}
	if err := a.finish(); err != nil {
		return artifact.Timeline{}, fmt.Errorf("place packet: %w", err)
	}
	tl := a.timeline(out.lead)
	f := src.Packets.Format()
	tl.Track, tl.Codec, tl.Channels, tl.SampleRate = opt.Track, f.Codec, f.Channels, f.SampleRate
	if corrected {
		tl.Warnings = append(tl.Warnings, fmt.Sprintf("its time stamps do not fit the log of events: the track was put where the log says, at %.1f s", opt.ClockOffset))
	} else if moved && !opt.ClockExact {
		tl.Warnings = append(tl.Warnings, nameClock)
	} else if d := opt.ClockOffset - tl.Offset; tl.Packets > 0 && opt.ClockOffset > 0 && math.Abs(d) > clockTolerance {
		tl.Warnings = append(tl.Warnings, fmt.Sprintf("the file's name says that the track starts at %.1f s, its time stamps say %.1f s: the time stamps were used", opt.ClockOffset, tl.Offset))
	}
	return tl, nil
}

// nameClock is the warning for a track that its name's clock placed.
const nameClock = "the file states no start time of its own: it was placed by its name's clock, which may be some tenths of a second late"

// timeline turns what the aligner counted into a timeline.
func (a *aligner) timeline(lead int64) artifact.Timeline {
	tl := artifact.Timeline{
		Packets:    a.packets,
		GapCount:   a.gapCount,
		GapSeconds: audio.Seconds(a.gapN),
		MaxDrift:   audio.Seconds(a.drift),
		Dropped:    a.dropped,
	}
	if a.packets > 0 {
		tl.Offset = max(audio.Seconds(lead), 0)
		tl.Duration = audio.Seconds(a.pos)
	}
	for _, g := range a.gaps {
		tl.Gaps = append(tl.Gaps, artifact.Span{Start: audio.Seconds(g.at), Length: audio.Seconds(g.n)})
	}
	if a.rebased > 0 {
		tl.Warnings = append(tl.Warnings, fmt.Sprintf("the track's time stamps jumped back %d times by more than can overlap: what follows was placed behind what came before", a.rebased))
	}
	if a.packets > 0 && a.dropped > 10 && a.dropped > a.packets/100 {
		tl.Warnings = append(tl.Warnings, fmt.Sprintf("%d of %d packets were left out: they overlapped others or were broken", a.dropped, a.dropped+a.packets))
	}
	return tl
}

// samplesAt converts nanoseconds to samples, rounded; also below 0.
func samplesAt(ns int64) int64 {
	if ns < 0 {
		return -samplesAt(-ns)
	}
	return (ns*3 + 31250) / 62500
}

// output writes the padded file; it is the aligner's sink.
type output struct {
	w       io.WriteSeeker
	head    opus.Head
	file    *webm.Writer
	lead    int64
	preSkip int64
}

// begin writes the file's header and the silence before the track. The part of
// the lead that is no multiple of a silent packet is dropped again by the
// pre-skip, which makes the start exact.
func (o *output) begin(lead int64) error {
	const step = opus.SilenceStep
	fill := (max(lead, 0) + step - 1) / step * step
	o.lead, o.preSkip = lead, fill-lead
	o.head.PreSkip = int(o.preSkip)
	file, err := webm.NewWriter(o.w, webm.WriterOptions{Head: o.head})
	if err != nil {
		return err
	}
	o.file = file
	return o.silence(-o.preSkip, fill)
}

func (o *output) packet(pos int64, data []byte) error {
	return o.file.WritePacket(pos+o.preSkip, data)
}

func (o *output) silence(pos, n int64) error {
	for n > 0 {
		p, length := opus.NextSilence(n)
		if p == nil {
			return fmt.Errorf("write silence: %d samples are no multiple of %d", n, opus.SilenceStep)
		}
		if err := o.packet(pos, p); err != nil {
			return err
		}
		pos += int64(length)
		n -= int64(length)
	}
	return nil
}

// close completes the file; one without packets gets a moment of silence, as
// players refuse a file with nothing in it.
func (o *output) close() error {
	if o.file == nil {
		if err := o.begin(0); err != nil {
			return err
		}
		if err := o.silence(0, 960); err != nil {
			return err
		}
	}
	return o.file.Close()
}

// meter counts what is read and stops when ctx ends.
type meter struct {
	r        io.Reader
	ctx      context.Context
	report   func(int64)
	n, shown int64
}

func (m *meter) Read(b []byte) (int, error) {
	if err := m.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := m.r.Read(b)
	m.n += int64(n)
	if m.report != nil && (m.n-m.shown >= 256<<10 || err != nil && m.n > m.shown) {
		m.shown = m.n
		m.report(m.n)
	}
	return n, err
}
