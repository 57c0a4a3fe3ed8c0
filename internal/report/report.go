// Package report writes what people read of a finished result: report.html,
// one self-contained page, and summary.md.
//
// It promises: everything but the transcript may be missing, and the text then
// says what is missing and why; names and words are data, never markup; equal
// input gives equal bytes; the page needs no script, no network and no font,
// and stays under a megabyte for a three-hour meeting of twenty people. It
// computes nothing about the meeting beyond speaking time: highlights, topics
// and titles are shown as they were found.
package report

import (
	"cmp"
	"math"
	"slices"

	"github.com/trackscribe/trackscribe/steps/artifact"
)

// Input is everything that a report may show. Only Transcript is needed.
type Input struct {
	Recording  artifact.Recording
	Transcript artifact.Transcript
	Topics     *artifact.Topics
	Title      *artifact.Title
	Summary    *artifact.Summary
	Peaks      *artifact.Peaks
	// AudioFile is the mixed audio beside the page, such as "audio.webm";
	// empty when there is none. It must be a plain file name.
	AudioFile string
	// AudioGone says that the mixed audio was deleted for want of consent.
	AudioGone bool
	// Skipped says why a part is missing. Warnings are shown together with
	// those of the recording and the transcript, each once.
	Skipped  []artifact.Skipped
	Warnings []string
	// Pending says that the run goes on: what is missing may still come.
	Pending bool
}

// SpeakingTime returns the seconds in which each speaker speaks: the union of
// their segments, so that overlapping ones count once. Speakers without a
// segment are not in the map.
func SpeakingTime(segments []artifact.Segment) map[string]float64 {
	sorted := slices.Clone(segments)
	slices.SortStableFunc(sorted, func(a, b artifact.Segment) int { return cmp.Compare(a.Start, b.Start) })
	total, until := map[string]float64{}, map[string]float64{}
	for _, s := range sorted {
		from := s.Start
		if end, spoke := until[s.Speaker]; spoke {
			from = max(from, end)
		}
		if !(s.End > from) || math.IsInf(s.End-from, 0) {
			continue
		}
		total[s.Speaker] += s.End - from
		until[s.Speaker] = s.End
	}
	return total
}
