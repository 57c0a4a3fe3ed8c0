package moonshine

import (
	"github.com/trackscribe/trackscribe/internal/asr/vad"
)

// The limits by which fit trusts the detector more than the alignment, in
// seconds.
const (
	lateMax  = 0.12 // a word may begin this long after the onset that is its own
	earlyMax = 0.10 // or this long before the pause that comes before it
	decay    = 0.06 // sounds go on below the threshold
	shortest = 0.04 // of a word
	nominal  = 0.30 // of a word outside all speech
)

// stretch is speech between two pauses: seconds from the segment's start.
type stretch struct{ start, end float64 }

func stretches(active []bool) []stretch {
	var out []stretch
	for _, v := range (vad.Segment{Active: active}).Voiced() {
		out = append(out, stretch{v.Start, v.End + decay})
	}
	return out
}

// fit moves the words' starts to the onsets after pauses and their ends to the
// beginnings of pauses: the alignment gives a pause to one of the words beside
// it, and is vague by a few hundredths of a second.
func fit(words []spoken, active []bool) {
	all := stretches(active)
	k := 0 // the stretch that the last word began in
	for i := range words {
		w := &words[i]
		for k < len(all) && all[k].end <= w.start {
			k++
		}
		if k == len(all) {
			break
		}
		fresh := i == 0 || words[i-1].start < all[k].start
		switch {
		case w.start < all[k].start:
			if w.end > all[k].start {
				w.start = all[k].start
			}
		case fresh && w.start-all[k].start <= lateMax:
			w.start = all[k].start
		case all[k].end-decay-w.start < earlyMax && k+1 < len(all) && w.end > all[k+1].start+earlyMax:
			k++
			w.start = all[k].start
		}
	}
	k = 0
	for i := range words {
		w := &words[i]
		if i+1 < len(words) {
			w.end = words[i+1].start
		}
		for k < len(all) && all[k].end <= w.start {
			k++
		}
		if k < len(all) && all[k].start <= w.start {
			w.end = min(w.end, all[k].end)
		} else {
			w.end = min(w.end, w.start+nominal)
		}
		w.end = max(w.end, w.start+shortest)
	}
}
