package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/trackscribe/trackscribe/internal/asr"
	"github.com/trackscribe/trackscribe/internal/asr/cut"
	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
	"github.com/trackscribe/trackscribe/internal/audio/wav"
	"github.com/trackscribe/trackscribe/internal/audio/webm"
	"github.com/trackscribe/trackscribe/steps"
)

// Lend makes a file readable under an address for as long as a request takes,
// and returns what ends that.
type Lend func(ctx context.Context, job *steps.Job, name string, data []byte) (url string, end func(), err error)

// part is what is kept of a chunk that was answered.
type part struct {
	Words     []asr.Word `json:"words"`
	Estimated bool       `json:"estimated"`
	Calls     int        `json:"calls"`
	Bytes     int64      `json:"bytes"`
}

// Name implements [transcribetrack.Transcriber].
func (c *Client) Name() string { return c.name() }

// Transcribe implements [transcribetrack.Transcriber]: it reads the padded
// track, sends what is spoken, chunk by chunk, and joins the answers.
func (c *Client) Transcribe(ctx context.Context, job *steps.Job, track steps.Input, language string) (asr.Result, steps.Usage, error) {
	// It is read several times: fetched once.
	path, err := fetch(ctx, job, track)
	if err != nil {
		return asr.Result{}, steps.Usage{}, err
	}
	plan, err := c.plan(job, path)
	if err != nil {
		return asr.Result{}, steps.Usage{}, err
	}
	chunks := plan.Chunks(cut.Limits{Seconds: c.opt.MaxSeconds})
	parts := make([]part, len(chunks))
	var mu sync.Mutex
	done := 0
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, c.opt.Concurrency))
	for i, chunk := range chunks {
		g.Go(func() error {
			if gctx.Err() != nil {
				return nil // one has failed: begin no other
			}
			// Chunks on their way are not given up for another's failure: what
			// they bring is kept.
			p, err := c.chunk(ctx, job, path, chunk, plan.Talk(chunk), language)
			if err != nil {
				return fmt.Errorf("chunk %d of %d (%s to %s): %w", i+1, len(chunks), clock(chunk.Start()), clock(chunk.End()), err)
			}
			parts[i] = p
			mu.Lock()
			defer mu.Unlock()
			done++
			job.Progress(0.1 + 0.9*float64(done)/float64(len(chunks)))
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return asr.Result{}, steps.Usage{}, err
	}
	return join(plan, chunks, parts)
}

// fetch copies the track into the scratch folder.
func fetch(ctx context.Context, job *steps.Job, track steps.Input) (string, error) {
	r, err := track.Open(ctx)
	if err != nil {
		return "", err
	}
	defer r.Close()
	path := job.Path("track.webm")
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(f, r)
	return path, errors.Join(err, f.Close())
}

// plan reads the track once.
func (c *Client) plan(job *steps.Job, track string) (cut.Plan, error) {
	r, err := os.Open(track)
	if err != nil {
		return cut.Plan{}, err
	}
	defer r.Close()
	plan, err := cut.Make(r)
	if err == nil && plan.Broken > 0 {
		job.Warn("track %d: %d packets could not be decoded", job.Track, plan.Broken)
	}
	job.Progress(0.1)
	return plan, err
}

// chunk has one chunk recognised, unless that was done before.
func (c *Client) chunk(ctx context.Context, job *steps.Job, track string, chunk cut.Chunk, talk []asr.Segment, language string) (part, error) {
	data, err := c.encode(job, track, chunk)
	if err != nil {
		return part{}, err
	}
	sum := sha256.Sum256(data)
	name := "chunk-" + hex.EncodeToString(sum[:8])
	var p part
	if ok, err := job.Parts.Load(ctx, name, &p); err != nil || ok {
		return p, err
	}
	var h Heard
	p = part{Bytes: int64(len(data)), Calls: 1}
	if c.opt.FromURL {
		h, err = c.lent(ctx, job, name, data, language, chunk.Seconds())
	} else {
		h, p.Calls, err = c.recognise(ctx, data, talk, language, chunk.Seconds())
	}
	if err != nil {
		return part{}, err
	}
	p.Words, p.Estimated = h.Words, h.Estimated
	return p, job.Parts.Save(ctx, name, p)
}

// lent has the server fetch the chunk.
func (c *Client) lent(ctx context.Context, job *steps.Job, name string, data []byte, language string, seconds float64) (Heard, error) {
	url, end, err := c.opt.Lend(ctx, job, name+"."+c.opt.Format, data)
	if err != nil {
		return Heard{}, err
	}
	defer end()
	return c.askURL(ctx, url, language, seconds)
}

// encode returns the chunk as a file of the format.
func (c *Client) encode(job *steps.Job, track string, chunk cut.Chunk) ([]byte, error) {
	r, err := os.Open(track)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	f, err := os.CreateTemp(job.Scratch, "chunk-*.webm")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := chunk.Write(r, f, cut.Limits{Bytes: c.opt.MaxBytes}); err != nil {
		if errors.Is(err, cut.ErrTooLarge) {
			return nil, steps.Wrong("lower TRANSCRIPT_MAX_SECONDS, or raise TRANSCRIPT_MAX_BYTES", "%w: more than %d bytes", err, c.opt.MaxBytes)
		}
		return nil, err
	}
	data, err := os.ReadFile(f.Name())
	if err != nil || c.opt.Format != "wav" {
		return data, err
	}
	return decode(data)
}

// decode turns a chunk into WAV, 16 kHz and mono, for servers that read nothing
// else.
func decode(data []byte) ([]byte, error) {
	in, err := webm.NewReader(bytes.NewReader(data), webm.Options{})
	if err != nil {
		return nil, err
	}
	dec, err := opus.NewDecoder(opus.DecoderOptions{SampleRate: asr.SampleRate})
	if err != nil {
		return nil, err
	}
	const perSample = audio.SampleRate / asr.SampleRate
	room := make([]float32, opus.MaxSamples/perSample)
	skip := int(in.Format().PreSkip) / perSample
	var pcm []float32
	for {
		p, err := in.Next()
		if errors.Is(err, io.EOF) {
			return wav.Encode(pcm[min(skip, len(pcm)):], asr.SampleRate), nil
		}
		if err != nil {
			return nil, err
		}
		n := opus.Samples(p.Data) / perSample
		got, err := dec.Decode(p.Data, room)
		switch {
		case errors.Is(err, opus.ErrCodec):
			clear(room[:n])
		case err != nil:
			return nil, err
		default:
			n = got
		}
		pcm = append(pcm, room[:n]...)
	}
}

// join maps the words of all chunks back to the track.
func join(plan cut.Plan, chunks []cut.Chunk, parts []part) (asr.Result, steps.Usage, error) {
	res := asr.Result{Duration: plan.Duration, Levels: plan.Levels}
	var used steps.Usage
	for i, p := range parts {
		for _, w := range p.Words {
			w.Start, w.End = chunks[i].Track(w.Start), chunks[i].Track(w.End)
			w.End = max(w.End, w.Start)
			w.Level = level(plan.Levels, w.Start, w.End)
			res.Words = append(res.Words, w)
		}
		res.Estimated = res.Estimated || p.Estimated
		res.Segments = append(res.Segments, asr.Segment{Start: chunks[i].Start(), End: chunks[i].End(), Words: len(p.Words)})
		res.Speech += chunks[i].Seconds()
		used = used.Plus(steps.Usage{AudioSeconds: chunks[i].Seconds(), Calls: p.Calls, Bytes: p.Bytes})
	}
	used.AudioSeconds = math.Round(used.AudioSeconds*1000) / 1000
	return res, used, nil
}

// level is the RMS of a stretch in dBFS, of the levels around it.
func level(levels []int8, start, end float64) float64 {
	from := int(start / asr.LevelSeconds)
	to := min(max(from+1, int(math.Ceil(end/asr.LevelSeconds))), len(levels))
	if from >= to {
		return -127
	}
	var sum float64
	for _, l := range levels[from:to] {
		sum += math.Pow(10, float64(l)/10)
	}
	return 10 * math.Log10(sum/float64(to-from))
}

func clock(seconds float64) string {
	s := int(seconds)
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}
