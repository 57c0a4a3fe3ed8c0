// Package asr holds the words that speech recognisers and their users share: a
// stream of samples, a recognised word, a recogniser. It recognises nothing
// itself; moonshine is the embedded recogniser.
//
// A Recognizer reads its stream once, in order, and keeps no more of it than a
// minute, so a track of hours costs as little memory as one of minutes.
package asr

import "context"

// SampleRate of every PCM stream, in Hz.
const SampleRate = 16000

// LevelSeconds is the length of one of Result.Levels.
const LevelSeconds = 0.05

// PCM is a stream of mono samples at SampleRate, full scale ±1. Read follows
// io.Reader's rules: it may return fewer samples than asked for, and io.EOF
// with the last of them or after.
type PCM interface {
	Read(samples []float32) (int, error)
}

// Word is one recognised word with its punctuation.
type Word struct {
	Text        string
	Start, End  float64 // seconds from the start of the stream
	Probability float64 // of the text given what was said before, 0 to 1; not calibrated
	Level       float64 // RMS of the word in the stream, in dBFS, before any gain
}

// Segment is a stretch of the stream that is recognised in one go.
type Segment struct {
	Start, End float64 // seconds from the start of the stream
	Words      int     // how many of Result.Words came out of it; the segments' words follow each other
	// Voiced is where in it, in seconds from the start of the stream, a voice
	// is heard: what lies between are pauses. Empty: not known.
	Voiced []Span
}

// Span is a stretch of time, in seconds.
type Span struct{ Start, End float64 }

// PauseSeconds is the shortest pause within a segment that counts as one.
const PauseSeconds = 0.15

// Result is what a recogniser made of a stream. A stream without speech is a
// Result without words.
type Result struct {
	Words    []Word
	Segments []Segment
	Duration float64 // seconds in the stream
	Speech   float64 // seconds that were given to the model: the sum of the segments
	// Estimated says that times of words are guesses from those of longer
	// stretches.
	Estimated bool
	Levels    []int8 // RMS of each LevelSeconds of the stream, in dBFS, -127 and below as -127
}

// Guided is a Recognizer that can be told where speech is.
type Guided interface {
	// TranscribeSegments is Transcribe for just these segments, whose Words
	// count for nothing. They are in order of time.
	TranscribeSegments(ctx context.Context, pcm PCM, segments []Segment) (Result, error)
}

// Recognizer turns speech into words.
type Recognizer interface {
	// Name identifies the engine, its model and its version: what gives another
	// result has another name.
	Name() string
	// Transcribe reads pcm to its end. It returns the stream's error, or the
	// context's soon after it is done.
	Transcribe(ctx context.Context, pcm PCM) (Result, error)
}
