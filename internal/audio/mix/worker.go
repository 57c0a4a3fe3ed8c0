package mix

import (
	"context"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
)

// trackStep is the length of a track's peak, peakStep that of the mix's.
const (
	peakStep  = opus.FrameSize
	trackStep = audio.SampleRate / 10
)

// block is how much of the mix a worker holds at a time. Small, so that it
// stays in the CPU's nearest cache but one.
const block = 20 * opus.FrameSize

// A worker turns segments' packets into the mix's. It keeps its buffers and
// decoders from one segment to the next, but no state.
type worker struct {
	opt      Options
	mix      []float32 // a block, the limiter's look-ahead, and what packets stick out
	voices   []voice
	decoders pool
	limiter  limiter
	packet   []byte
}

func newWorker(opt Options) *worker {
	return &worker{
		opt:      opt,
		mix:      make([]float32, block+lookahead+opus.MaxSamples),
		decoders: pool{out: make([]float32, opus.MaxSamples)},
		packet:   make([]byte, opus.MaxPacket),
	}
}

// run works seg off.
func (w *worker) run(ctx context.Context, seg *segment) error {
	enc, err := newFrameEncoder(w.opt)
	if err != nil {
		return err
	}
	start := max(0, seg.start-preroll)
	w.begin(seg, start)
	defer w.endVoices()
	frames := int(seg.end-seg.start) / opus.FrameSize
	seg.packets, seg.sizes, seg.peaks, seg.limited = seg.packets[:0], seg.sizes[:0], seg.peaks[:0], 0
	if cap(seg.sizes) < frames {
		seg.sizes, seg.peaks = make([]int16, 0, frames), make([]uint8, 0, frames)
	}
	for t, n := start, 0; t < seg.end; t += int64(n) {
		if err := ctx.Err(); err != nil {
			return err
		}
		n = int(min(block, seg.end-t))
		if t < seg.start {
			n = int(min(block, seg.start-t)) // so that a block is the segment's or not
		}
		for i := range w.voices {
			if err := w.voices[i].play(w.mix, t, t+int64(n)+lookahead); err != nil {
				return err
			}
		}
		limited := w.limiter.process(w.mix, n)
		if t >= seg.start {
			seg.limited += int64(limited)
		}
		if err := w.encode(enc, seg, t, n); err != nil {
			return err
		}
		copy(w.mix, w.mix[n:])
		clear(w.mix[len(w.mix)-n:])
	}
	return nil
}

// begin sets the tracks up for seg from the time start on.
func (w *worker) begin(seg *segment, start int64) {
	clear(w.mix)
	w.limiter.reset()
	w.voices = w.voices[:0]
	bins := int(seg.end-seg.start+trackStep-1) / trackStep
	for i := range seg.inputs {
		peaks := seg.trackPeaks[i]
		if cap(peaks) < bins {
			peaks = make([]uint8, bins)
		}
		peaks = peaks[:bins]
		clear(peaks)
		seg.trackPeaks[i] = peaks
		seg.broken[i] = 0
		w.voices = append(w.voices, voice{
			run: &seg.inputs[i], decoders: &w.decoders, end: start,
			from: seg.start, to: seg.end, peaks: peaks, broken: &seg.broken[i],
		})
	}
}

// endVoices takes the decoders back.
func (w *worker) endVoices() {
	for i := range w.voices {
		w.voices[i].release()
	}
}

// encode codes the n samples at the time t, as far as they are the segment's
// or its encoder's warm-up.
func (w *worker) encode(enc *frameEncoder, seg *segment, t int64, n int) error {
	for i := 0; i < n; i += opus.FrameSize {
		at := t + int64(i)
		if at < seg.start-warmup {
			continue
		}
		pcm := w.mix[i : i+opus.FrameSize]
		peak := peakOf(pcm)
		own := at >= seg.start
		if own && w.opt.tap != nil {
			w.opt.tap(at, pcm)
		}
		size, err := enc.encode(pcm, peak, w.packet, at == seg.start && at > 0)
		if err != nil {
			return err
		}
		if own {
			seg.packets = append(seg.packets, w.packet[:size]...)
			seg.sizes = append(seg.sizes, int16(size))
			seg.peaks = append(seg.peaks, level(peak))
		}
	}
	return nil
}
