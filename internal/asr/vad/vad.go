// Package vad cuts a stream of speech into segments that a recogniser takes in
// one go. It is an energy detector: a frame counts as speech when it is louder
// than the noise around it by a share of the range between noise and speech.
//
// It reads the stream once and keeps less than a minute of it: the noise floor
// comes from a histogram that looks half a minute ahead and forgets what is
// past, so it follows a microphone that changes. Digital silence (gaps of a track, pauses
// of a codec) does not count as noise.
//
// It does not know a voice from a hammer: whatever is loud and comes and goes
// becomes a segment.
package vad

import (
	"io"
	"math"

	"github.com/trackscribe/trackscribe/internal/asr"
)

const (
	// FrameSamples is the detector's step: 10 ms.
	FrameSamples = asr.SampleRate / 100

	blockFrames = 100 // the histogram moves a second at a time
	lookahead   = 30  // blocks
	// What a block's weight falls to from second to second. The noise is that
	// of the last 20 s (half-life) and the lookahead, so that a fan or another
	// gain is followed soon; the loudest counts for two minutes.
	forgetNoise = 0.96594
	forgetPeak  = 0.99424

	silence = -90.0 // dBFS; below is no signal at all, not noise
	faint   = -70.0 // dBFS; nothing below is speech

	maxGap     = 45   // frames of a pause within a span
	minActive  = 7    // frames of a span
	padBefore  = 20   // frames kept before a span
	padAfter   = 30   // and after it
	joinGap    = 100  // frames between spans that may share a segment
	joinLength = 1000 // frames of a segment that spans are joined to
	maxLength  = 1200
)

// Segment is a stretch of the stream with speech in it.
type Segment struct {
	Start  int64     // sample of the stream
	PCM    []float32 // a copy, as loud as in the stream
	Active []bool    // for each FrameSamples of PCM, whether it is louder than noise
}

// Seconds is the segment's length.
func (s Segment) Seconds() float64 { return float64(len(s.PCM)) / asr.SampleRate }

// Segmenter cuts one stream. It is for one goroutine.
type Segmenter struct {
	src asr.PCM
	eof bool
	err error

	pcm    []float32  // what is kept of the stream, whole frames
	db     []float32  // level of each kept frame, rumble removed
	active []activity // of the kept frames that are decided
	base   int        // number of the first kept frame

	part    []float32 // samples of a frame that is not full yet
	samples int64
	rumble  highPass
	noise   histogram
	peak    histogram
	blocks  int // whole blocks in the histograms

	levels  []int8
	level   float64 // sum of squares of the level frame that is not full yet
	inLevel int

	next  int // frame to look at
	run   span
	inRun bool
	last  int // last active frame of run
	cut   bool
	held  span // span that may still be joined with the next
	holds bool
	queue []span
	given []span // not nil: what to take instead of looking
	// voiced is, for each segment that was given and not yet returned, where a
	// voice is heard, if that was said.
	voiced [][]span
}

// activity of a frame: soft is speech only beside loud.
type activity byte

const (
	quiet activity = iota
	soft
	loud
)

// span is a range of frames, numbered from the stream's start.
type span struct{ from, to int }

// New returns a segmenter of the stream.
func New(src asr.PCM) *Segmenter { return &Segmenter{src: src} }

// Given returns a segmenter that does not look for speech: its segments are
// these, in order of time and in whole frames, as far as the stream goes.
func Given(src asr.PCM, segments []asr.Segment) *Segmenter {
	s := &Segmenter{src: src, given: []span{}}
	frame := func(t float64) int { return int(math.Round(t * asr.SampleRate / FrameSamples)) }
	for _, g := range segments {
		s.given = append(s.given, span{max(0, frame(g.Start)), frame(g.End)})
		var voiced []span
		for _, v := range g.Voiced {
			voiced = append(voiced, span{frame(v.Start), frame(v.End)})
		}
		s.voiced = append(s.voiced, voiced)
	}
	return s
}

// Voiced returns where in the segment a voice is heard, in seconds from the
// stream's start.
func (s Segment) Voiced() []asr.Span {
	const frame = float64(FrameSamples) / asr.SampleRate
	start := float64(s.Start) / asr.SampleRate
	var out []asr.Span
	for i, on := range s.Active {
		if !on {
			continue
		}
		t := float64(i) * frame
		if n := len(out); n > 0 && start+t-out[n-1].End < asr.PauseSeconds {
			out[n-1].End = start + t + frame
			continue
		}
		out = append(out, asr.Span{Start: start + t, End: start + t + frame})
	}
	return out
}

// Samples is how much of the stream was read.
func (s *Segmenter) Samples() int64 { return s.samples }

// Levels returns the RMS of each asr.LevelSeconds read, in dBFS, complete once
// Next returned io.EOF. The segmenter keeps the slice.
func (s *Segmenter) Levels() []int8 { return s.levels }

// Next returns the next segment in time, io.EOF after the last, or the stream's
// error.
func (s *Segmenter) Next() (Segment, error) {
	for len(s.queue) == 0 {
		if s.err != nil {
			return Segment{}, s.err
		}
		s.advance()
	}
	q := s.queue[0]
	s.queue = s.queue[1:]
	a, b := q.from-s.base, q.to-s.base
	seg := Segment{
		Start:  int64(q.from) * FrameSamples,
		PCM:    append([]float32(nil), s.pcm[a*FrameSamples:b*FrameSamples]...),
		Active: make([]bool, b-a),
	}
	if s.given != nil {
		known := s.voiced[0]
		s.voiced = s.voiced[1:]
		for _, v := range known {
			for i := max(v.from, q.from); i < min(v.to, q.to); i++ {
				seg.Active[i-q.from] = true
			}
		}
		if len(known) > 0 {
			return seg, nil
		}
	}
	// Padding at the very end may not be decided yet: it is not speech.
	for i, v := range s.active[min(a, len(s.active)):min(b, len(s.active))] {
		seg.Active[i] = v >= soft
	}
	return seg, nil
}

// advance reads a block and looks at the frames that it decides.
func (s *Segmenter) advance() {
	s.drop()
	if !s.eof {
		if err := s.read(); err != nil {
			s.err = err
			return
		}
	}
	s.decide()
	for ; s.next < s.base+len(s.active); s.next++ {
		if s.given == nil {
			s.look(s.next, s.active[s.next-s.base] == loud)
		}
	}
	s.take()
	if s.eof && len(s.active) == len(s.db) {
		if s.inRun {
			s.closeRun()
		}
		s.release()
		s.err = io.EOF
	}
}

// decide sets active for all frames whose surroundings are known.
func (s *Segmenter) decide() {
	for {
		from := len(s.active)
		to := min(from+blockFrames, len(s.db))
		ahead := (len(s.db) - from) / blockFrames
		if from == to || !s.eof && ahead <= lookahead {
			return
		}
		// Blocks enter the histograms once, lookahead before they are decided.
		for s.blocks < (s.base+from)/blockFrames+lookahead+1 {
			a := s.blocks*blockFrames - s.base
			if a >= len(s.db) {
				break
			}
			block := s.db[a:min(a+blockFrames, len(s.db))]
			s.noise.add(block, forgetNoise)
			s.peak.add(block, forgetPeak)
			s.blocks++
		}
		sure, edge := s.thresholds()
		for _, v := range s.db[from:to] {
			a := quiet
			if float64(v) > sure {
				a = loud
			} else if float64(v) > edge {
				a = soft
			}
			s.active = append(s.active, a)
		}
	}
}

// look moves the span detection on by one frame.
func (s *Segmenter) look(i int, active bool) {
	switch {
	case active && !s.inRun:
		s.inRun, s.cut, s.last = true, false, i
		s.run = span{from: max(0, i-padBefore)}
		if s.holds {
			s.run.from = max(s.run.from, s.held.to)
		}
	case active:
		s.last = i
	case s.inRun && i-s.last >= maxGap:
		s.closeRun()
	case !s.inRun && s.holds && i-padBefore-s.held.to > joinGap:
		s.release()
	}
	if s.inRun && i-s.run.from >= maxLength {
		s.split(i)
	}
}

func (s *Segmenter) closeRun() {
	s.inRun = false
	first := s.run.from
	if !s.cut {
		first += padBefore
	}
	if s.last-first+1 < minActive && !s.cut {
		return
	}
	s.run.to = min(s.last+1+padAfter, s.base+len(s.db))
	if s.run.to <= s.run.from {
		return
	}
	if s.holds && s.run.from-s.held.to < joinGap && s.run.to-s.held.from <= joinLength {
		s.held.to = s.run.to
		return
	}
	s.release()
	s.held, s.holds = s.run, true
}

// split ends a run that got too long where it is quietest, in its second half.
func (s *Segmenter) split(now int) {
	const around = 5
	best, at := math.Inf(1), now
	for f := s.run.from + maxLength/2; f < now-around; f++ {
		var sum float64
		for _, v := range s.db[f-around-s.base : f+around+1-s.base] {
			sum += float64(v)
		}
		if sum < best {
			best, at = sum, f
		}
	}
	s.release()
	s.queue = append(s.queue, span{s.run.from, at})
	s.run.from, s.cut = at, true
}

// take queues the given segments that were read.
func (s *Segmenter) take() {
	end := s.base + len(s.active)
	for len(s.given) > 0 {
		g := s.given[0]
		if g.to > end {
			if !s.eof || len(s.active) < len(s.db) {
				return // there is more to come
			}
			g.to = end
		}
		if s.given = s.given[1:]; g.from >= g.to {
			at := len(s.queue)
			s.voiced = append(s.voiced[:at:at], s.voiced[at+1:]...)
			continue
		}
		s.queue = append(s.queue, g)
	}
}

func (s *Segmenter) release() {
	if s.holds {
		s.queue = append(s.queue, s.held)
		s.holds = false
	}
}

// drop forgets the frames that no later segment can reach.
func (s *Segmenter) drop() {
	keep := s.next - padBefore - maxGap
	if s.inRun {
		keep = min(keep, s.run.from)
	}
	if s.holds {
		keep = min(keep, s.held.from)
	}
	if len(s.given) > 0 {
		keep = min(keep, s.given[0].from)
	}
	n := keep - s.base
	if n < blockFrames {
		return
	}
	s.pcm = append(s.pcm[:0], s.pcm[n*FrameSamples:]...)
	s.db = append(s.db[:0], s.db[n:]...)
	s.active = append(s.active[:0], s.active[n:]...)
	s.base += n
}
