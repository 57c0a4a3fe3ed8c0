package moonshine

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/trackscribe/trackscribe/internal/asr"
	"github.com/trackscribe/trackscribe/internal/asr/vad"
	"github.com/trackscribe/trackscribe/internal/model"
)

var (
	_ asr.Recognizer = (*Model)(nil)
	_ asr.Guided     = (*Model)(nil)
)

// revision counts the changes of this package that change its results.
const revision = "1"

// Name identifies the model by its decoder's checksum.
func (m *Model) Name() string {
	return "moonshine-tiny-en@" + model.Files()[1].SHA256[:12] + "/" + revision
}

// Transcribe recognises a stream.
func (m *Model) Transcribe(ctx context.Context, pcm asr.PCM) (asr.Result, error) {
	return m.transcribe(ctx, vad.New(cancellable{ctx, pcm}))
}

// TranscribeSegments implements [asr.Guided].
func (m *Model) TranscribeSegments(ctx context.Context, pcm asr.PCM, segments []asr.Segment) (asr.Result, error) {
	return m.transcribe(ctx, vad.Given(cancellable{ctx, pcm}, segments))
}

// transcribe recognises what cut finds. It reads on while segments are
// recognised, at most one segment for each worker ahead.
func (m *Model) transcribe(ctx context.Context, cut *vad.Segmenter) (asr.Result, error) {
	var res asr.Result
	var outs []*[]asr.Word // of the segments, in order
	g, ctx := errgroup.WithContext(ctx)

	pool := make(chan *work, m.workers)
	for range m.workers {
		pool <- newWork(m)
	}
	err := func() error {
		for {
			seg, err := cut.Next()
			if errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			start := float64(seg.Start) / asr.SampleRate
			res.Segments = append(res.Segments, asr.Segment{Start: start, End: start + seg.Seconds()})
			res.Speech += seg.Seconds()
			out := new([]asr.Word)
			outs = append(outs, out)
			var w *work
			select {
			case w = <-pool:
			case <-ctx.Done():
				return ctx.Err()
			}
			g.Go(func() error {
				defer func() { pool <- w }()
				words, err := w.segment(ctx, seg)
				*out = words
				return err
			})
		}
	}()
	if werr := g.Wait(); werr != nil {
		return asr.Result{}, werr
	}
	if err != nil {
		return asr.Result{}, err
	}
	for i, out := range outs {
		res.Segments[i].Words = len(*out)
		res.Words = append(res.Words, *out...)
	}
	res.Duration = float64(cut.Samples()) / asr.SampleRate
	res.Levels = cut.Levels()
	return res, nil
}

// cancellable ends a stream with the context: a long silence has no segment
// that would look at it.
type cancellable struct {
	ctx context.Context
	asr.PCM
}

func (c cancellable) Read(b []float32) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.PCM.Read(b)
}

// segment recognises one segment.
func (w *work) segment(ctx context.Context, seg vad.Segment) ([]asr.Word, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	pcm := normalise(seg.PCM)
	for len(pcm) < minSamples {
		pcm = append(pcm, 0)
	}
	enc, t := w.encode(pcm)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	limit := max(6, int(seg.Seconds()*tokensPerSecond))
	toks, err := w.decode(ctx, enc, t, limit)
	if err != nil {
		return nil, err
	}
	said := w.m.words(toks, t)
	fit(said, seg.Active)
	start := float64(seg.Start) / asr.SampleRate
	words := make([]asr.Word, len(said))
	for i, s := range said {
		words[i] = asr.Word{
			Text: s.text, Start: start + s.start, End: start + s.end,
			Probability: math.Exp(s.logp),
			Level:       level(seg.PCM, s.start, s.end),
		}
	}
	return words, nil
}

// level is the RMS of a stretch in dBFS.
func level(pcm []float32, start, end float64) float64 {
	a := max(0, min(len(pcm), int(start*asr.SampleRate)))
	b := max(a, min(len(pcm), int(end*asr.SampleRate)))
	var sum float64
	for _, v := range pcm[a:b] {
		sum += float64(v) * float64(v)
	}
	return 10 * math.Log10(sum/float64(max(1, b-a))+1e-13)
}

// normalise returns a copy of the samples whose loud frames (the 95th
// percentile) have an RMS of 0.2, which makes about -20 dBFS of the whole: the
// model is trained on speech at that level and leaves out what is far quieter.
func normalise(pcm []float32) []float32 {
	const target, maxGain = 0.2, 60
	var rms []float64
	for o := 0; o+vad.FrameSamples <= len(pcm); o += vad.FrameSamples {
		var sum float64
		for _, v := range pcm[o : o+vad.FrameSamples] {
			sum += float64(v) * float64(v)
		}
		rms = append(rms, math.Sqrt(sum/vad.FrameSamples))
	}
	out := slices.Clone(pcm)
	if len(rms) == 0 {
		return out
	}
	slices.Sort(rms)
	gain := float32(min(maxGain, target/(rms[len(rms)*95/100]+1e-9)))
	for i, v := range out {
		out[i] = max(-1, min(1, v*gain))
	}
	return out
}
