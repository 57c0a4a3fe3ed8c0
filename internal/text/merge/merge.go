// Package merge joins what was recognised on each track into one transcript:
// one speaker per participant, words in one order, voices that bled into a
// neighbour's microphone left out.
//
// It promises the same bytes whatever order the tracks come in, finite and
// ordered times, and a warning for everything it repaired or left out;
// warnings count and name tracks, never people. It does not correct words and
// does not guess who speaks from how a voice sounds.
package merge

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/trackscribe/trackscribe/internal/text/segment"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// A lane is the words of one TrackWords document while they are worked on.
type lane struct {
	track   int
	speaker string
	words   []word // by start, end, position
	env     envelope
}

// A word is a recognised word with repaired times.
type word struct {
	text       string // as said
	norm       string // for comparing: lower case, letters and digits only
	start, end float64
	prob       float64
	level      float64 // dBFS; 0 when not known
	gone       bool    // left out
	voice      bool    // left out as another participant's voice
}

// bleed leaves w out as another participant's voice.
func (w *word) bleed() { w.gone, w.voice = true, true }

// Merge joins tracks into a transcript. A track that no participant claims
// gets a speaker of its own, "Speaker N" with N its index + 1. Words are in
// order of start, end, track index and position on the track. Warnings about the
// participants are passed on, and those of the recognised tracks with the
// track's index before them.
func Merge(rec artifact.Recording, who artifact.Participants, tracks []artifact.TrackWords) artifact.Transcript {
	t := artifact.Transcript{
		Recording: rec.ID,
		Words:     []artifact.TranscriptWord{},
		Warnings:  append([]string{}, who.Warnings...),
	}
	tracks = slices.Clone(tracks)
	slices.SortStableFunc(tracks, compareTracks)

	speakers, owner, warnings := assign(rec, who, tracks)
	t.Participants = speakers
	t.Warnings = append(t.Warnings, warnings...)

	limit := timeLimit(rec, tracks)
	lanes := make([]*lane, 0, len(tracks))
	for i, tw := range tracks {
		for _, w := range tw.Warnings {
			t.Warnings = append(t.Warnings, fmt.Sprintf("track %d: %s", tw.Track, w))
		}
		if i > 0 && tracks[i-1].Track == tw.Track {
			t.Warnings = append(t.Warnings, fmt.Sprintf("track %d was transcribed more than once; doubled words were left out", tw.Track))
		}
		l := &lane{track: tw.Track, speaker: owner[tw.Track]}
		var repaired int
		l.words, repaired = repair(tw.Words, limit)
		if repaired > 0 {
			t.Warnings = append(t.Warnings, fmt.Sprintf("%s on track %d had impossible times, which were repaired", count(repaired), tw.Track))
		}
		var err error
		if l.env, err = newEnvelope(tw); err != nil {
			t.Warnings = append(t.Warnings, fmt.Sprintf("track %d has unreadable levels; voices of others were told by their words alone", tw.Track))
		}
		lanes = append(lanes, l)
	}
	t.Warnings = append(t.Warnings, dropDoubles(lanes)...)
	t.Warnings = append(t.Warnings, dropBleed(lanes)...)

	t.Words = order(lanes)
	t.Segments = segment.Split(t.Words)
	t.Language = language(tracks)
	t.Duration = duration(rec, tracks, t.Words)
	return t
}

// order puts the words that are left in transcript order.
func order(lanes []*lane) []artifact.TranscriptWord {
	n := 0
	for _, l := range lanes {
		n += len(l.words)
	}
	out := make([]artifact.TranscriptWord, 0, n)
	for _, l := range lanes {
		for _, w := range l.words {
			if !w.gone {
				out = append(out, artifact.TranscriptWord{
					Text: w.text, Start: w.start, End: w.end, Probability: w.prob, Speaker: l.speaker, Track: l.track,
				})
			}
		}
	}
	// Lanes are in track order and their words in position order, so a stable
	// sort keeps both as the last criteria.
	slices.SortStableFunc(out, func(a, b artifact.TranscriptWord) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.Track, b.Track))
	})
	return out
}

// compareTracks orders by index; documents of the same track, which should not
// exist, by what they hold, so that their order of arrival does not show.
func compareTracks(a, b artifact.TrackWords) int {
	c := cmp.Or(cmp.Compare(a.Track, b.Track), cmp.Compare(len(a.Words), len(b.Words)))
	for i := 0; c == 0 && i < len(a.Words); i++ {
		x, y := a.Words[i], b.Words[i]
		c = cmp.Or(cmp.Compare(x.Start, y.Start), cmp.Compare(x.End, y.End), strings.Compare(x.Text, y.Text),
			cmp.Compare(x.Probability, y.Probability), cmp.Compare(x.Level, y.Level))
	}
	return cmp.Or(c, cmp.Compare(a.Duration, b.Duration), strings.Compare(a.Language, b.Language),
		strings.Compare(a.LevelData, b.LevelData), slices.Compare(a.Levels, b.Levels),
		cmp.Compare(a.LevelStep, b.LevelStep), slices.Compare(a.Warnings, b.Warnings))
}

// language returns the language of most words; ties go to the first in the
// alphabet.
func language(tracks []artifact.TrackWords) string {
	n := map[string]int{}
	for _, tw := range tracks {
		if tw.Language != "" {
			n[tw.Language] += len(tw.Words)
		}
	}
	best := ""
	for l, c := range n {
		if best == "" || c > n[best] || (c == n[best] && l < best) {
			best = l
		}
	}
	return best
}

// duration returns the longest of what the source says, what was listened to
// and the last word's end.
func duration(rec artifact.Recording, tracks []artifact.TrackWords, words []artifact.TranscriptWord) float64 {
	d := max(0, finite(rec.Duration))
	for _, tw := range tracks {
		d = max(d, finite(tw.Duration))
	}
	for _, w := range words {
		d = max(d, w.End)
	}
	return round(d)
}

// newEnvelope returns the levels of a track, decoded where only their base64
// form is there.
func newEnvelope(tw artifact.TrackWords) (envelope, error) {
	if !(tw.LevelStep >= minStep && tw.LevelStep <= maxStep) {
		return envelope{}, nil
	}
	levels := tw.Levels
	if levels == nil && tw.LevelData != "" {
		raw, err := base64.StdEncoding.DecodeString(tw.LevelData)
		if err != nil {
			return envelope{}, fmt.Errorf("decode levels: %w", err)
		}
		levels = make([]int8, len(raw))
		for i, b := range raw {
			levels[i] = int8(b)
		}
	}
	return envelope{levels: levels, step: tw.LevelStep}, nil
}

func count(n int) string {
	if n == 1 {
		return "1 word"
	}
	return fmt.Sprintf("%d words", n)
}

func finite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}

// round cuts a time to milliseconds: more is noise, and costs bytes. Adding 0
// turns -0 into 0.
func round(x float64) float64 { return math.Round(x*1000)/1000 + 0 }
