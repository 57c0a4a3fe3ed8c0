package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/steps/generatewaveform"
	"github.com/trackscribe/trackscribe/steps/getrecording"
	"github.com/trackscribe/trackscribe/steps/mixdowntracks"
	"github.com/trackscribe/trackscribe/steps/padtrack"
	"github.com/trackscribe/trackscribe/steps/transcribetrack"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// The steps that are measured one by one.
var (
	getRecording = getrecording.Spec.Name
	padTrack     = padtrack.Spec.Name
	mixdown      = mixdowntracks.Spec.Name
	waveform     = generatewaveform.Spec.Name
	transcribe   = transcribetrack.Spec.Name
)

// tracks is how many tracks a recording has.
const tracks = 4

// complexities are ffmpeg's encoder settings that are compared with.
var complexities = [...]int{3, 5}

// A result is everything that was measured.
type result struct {
	pad, peerPad           [tracks]costs
	mix, peerMix           costs
	waveform, peerWaveform costs
	single                 [len(complexities)]costs
	short, long            map[string]int64 // peak memory by step
	dense, sparse          costs            // transcription on one core
}

// measure does all the measuring.
func (b *bench) measure(ctx context.Context) (*table, error) {
	var r result
	for i := range b.rounds {
		b.say("round %d of %d", i+1, b.rounds)
		last := i == b.rounds-1
		if err := b.round(ctx, &r, last); err != nil {
			return nil, err
		}
	}
	if b.short < b.minutes {
		b.say("memory on %g minutes", b.short)
		s, err := b.session(ctx, "short", b.recording(b.short))
		if err != nil {
			return nil, err
		}
		if r.short, err = b.memory(ctx, s, b.short*60); err != nil {
			return nil, err
		}
	}
	if b.transcribe {
		if err := b.transcription(ctx, &r); err != nil {
			return nil, err
		}
	}
	return b.table(ctx, &r), nil
}

// session begins a run of a recording.
func (b *bench) session(ctx context.Context, name, source string) (*session, error) {
	s, err := newSession(ctx, b.machine, b.step, filepath.Join(b.dir, "store-"+name), source)
	if err != nil {
		return nil, err
	}
	return s, s.steps(ctx, getRecording)
}

// round measures both sides once, in turn.
func (b *bench) round(ctx context.Context, r *result, last bool) error {
	s, err := b.session(ctx, "long", b.recording(b.minutes))
	if err != nil {
		return err
	}
	var raw []string
	var offsets []float64
	for i, spec := range audiotest.Meeting(b.minutes * 60) {
		raw, offsets = append(raw, rawTrack(b.recording(b.minutes), i)), append(offsets, spec.Offset)
		if err := ours(ctx, &r.pad[i], s, padTrack, i); err != nil {
			return err
		}
		if err := b.theirs(&r.peerPad[i], fmt.Sprintf("pad %d", i), func(p *peer) (cost, error) { return p.pad(ctx, raw[i], i, offsets[i]) }); err != nil {
			return err
		}
	}
	if err := ours(ctx, &r.mix, s, mixdown, -1); err != nil {
		return err
	}
	for i, c := range complexities {
		if err := b.theirs(&r.single[i], fmt.Sprintf("single command, complexity %d", c), func(p *peer) (cost, error) { return p.single(ctx, raw, offsets, c) }); err != nil {
			return err
		}
	}
	if err := ours(ctx, &r.waveform, s, waveform, -1); err != nil {
		return err
	}
	if err := b.theirs(&r.peerMix, "mix", func(p *peer) (cost, error) { return p.mix(ctx, tracks) }); err != nil {
		return err
	}
	if err := b.theirs(&r.peerWaveform, "waveform", func(p *peer) (cost, error) { return p.waveform(ctx) }); err != nil {
		return err
	}
	if !last {
		return s.remove()
	}
	r.long, err = b.memory(ctx, s, b.minutes*60)
	return err
}

// ours runs a step and keeps its cost.
func ours(ctx context.Context, to *costs, s *session, name string, track int, env ...string) error {
	c, err := s.step(ctx, name, track, env...)
	*to = append(*to, c)
	return err
}

// theirs runs an ffmpeg command, when there is an ffmpeg, and keeps its cost.
func (b *bench) theirs(to *costs, what string, do func(*peer) (cost, error)) error {
	if b.peer == nil {
		return nil
	}
	b.say("ffmpeg: %s", what)
	c, err := do(b.peer)
	*to = append(*to, c)
	return err
}

// memory runs what is left of the pipeline but transcription and side effects,
// and returns each step's peak.
func (b *bench) memory(ctx context.Context, s *session, seconds float64) (map[string]int64, error) {
	if err := s.putWords(ctx, tracks, seconds); err != nil {
		return nil, fmt.Errorf("write words: %w", err)
	}
	for _, node := range pipeline.New().Nodes {
		name := node.Name()
		if _, done := s.rss[name]; done || name == transcribe || node.Step.SideEffect {
			continue
		}
		first, last := -1, -1
		if node.Each != "" {
			first, last = 0, tracks-1
		}
		for i := first; i <= last; i++ {
			if _, err := s.step(ctx, name, i); err != nil {
				return nil, err
			}
		}
	}
	return s.rss, s.remove()
}

// transcription measures speech recognition on one core.
func (b *bench) transcription(ctx context.Context, r *result) error {
	for i := range b.rounds {
		b.say("transcription, round %d of %d", i+1, b.rounds)
		s, err := b.session(ctx, "speech", b.speechRecording())
		if err != nil {
			return err
		}
		for track, to := range []*costs{denseTrack: &r.dense, sparseTrack: &r.sparse} {
			if _, err := s.step(ctx, padTrack, track); err != nil {
				return err
			}
			if err := ours(ctx, to, s, transcribe, track, "GOMAXPROCS=1"); err != nil {
				return err
			}
		}
		if err := s.remove(); err != nil {
			return err
		}
	}
	return os.RemoveAll(b.speechRecording())
}
