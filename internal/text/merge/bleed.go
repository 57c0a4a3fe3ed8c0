package merge

import (
	"fmt"
	"math"
	"slices"
)

// Thresholds of the decision whether words on one track are another
// participant's voice. Levels in dB, times in seconds.
const (
	louderWord = 3.0 // the other track is at least this much louder under a word
	louder     = 6.0 // ... and under a run of words
	alike      = 0.70
	veryAlike  = 0.85
	sameWords  = 0.6 // share of words that match the other track's
	minMatched = 3   // and their number, for words alone to prove anything
	longRun    = 1.0 // length from which an envelope proves anything by itself
	sureRun    = 2.5 // ... and from which chance hardly makes two alike
	ownRange   = 5.0 // at most this far below the participant's usual level is their own voice
	gainRange  = 6.0 // bleed from one track to another keeps its level difference this well
	usualWords = 5   // words needed to know a usual level
)

// dropBleed leaves out words that are another participant's voice in this
// participant's microphone. Evidence comes from the tracks' levels (the
// other's are well louder, and both run alike) and from the words (both have
// the same at the same time). Two people who talk at once, each near their
// usual level and not alike, both keep their words.
func dropBleed(lanes []*lane) []string {
	usual := make([]ownLevel, len(lanes))
	for i := range lanes {
		usual[i] = usualLevel(lanes, i)
	}
	for j, b := range lanes {
		floor := b.env.floor()
		for _, a := range lanes {
			if a.speaker == b.speaker || len(a.words) == 0 || len(b.words) == 0 {
				continue
			}
			// Long stretches prove themselves and tell how loud a voice arrives
			// next door; then everything is judged with that known.
			p := pair{a: a, b: b, usual: usual[j], floor: floor, learning: true}
			for _, u := range utterances(b.words) {
				p.drop(u)
			}
			p.gain, p.gainKnown = median(p.gains)
			p.learning = false
			for _, u := range utterances(b.words) {
				p.drop(u)
			}
		}
	}
	var warnings []string
	for _, l := range lanes {
		n := 0
		for _, w := range l.words {
			if w.voice {
				n++
			}
		}
		if n > 0 {
			warnings = append(warnings, fmt.Sprintf("%s on track %d were another participant's voice and were left out", count(n), l.track))
		}
	}
	return warnings
}

// A pair is the question whether a's voice is on b's track.
type pair struct {
	a, b      *lane
	usual     ownLevel
	floor     float64   // b's noise, dBFS
	learning  bool      // only gather gains
	gains     []float64 // level differences of the long runs found, dB
	gain      float64   // what they came to
	gainKnown bool
}

// drop marks the words of an utterance that are a's voice.
func (p *pair) drop(u utterance) {
	b := p.b.words
	start, end := span(b[u.from:u.to])
	if !anyWord(p.a.words, start-near, end+near) {
		return
	}
	match := align(p.a.words, b, u.from, u.to)
	if !p.a.env.known() || !p.b.env.known() {
		if !p.learning {
			p.dropByWords(u, match)
		}
		return
	}
	_, lag := correlate(p.a.env, p.b.env, start-0.3, end+0.3)
	margin := make([]float64, u.to-u.from)
	possible := make([]bool, u.to-u.from)
	suspect := make([]bool, u.to-u.from)
	for k := range margin {
		w := b[u.from+k]
		theirs, mine := p.a.env.mean(w.start-lag, w.end-lag), p.b.env.mean(w.start, w.end)
		margin[k] = theirs - mine
		possible[k] = p.explained(theirs, mine) && overlaps(p.a.words, w, near)
		suspect[k] = possible[k] && margin[k] >= louderWord
	}
	found := make([]bool, len(suspect))
	for from := 0; from < len(suspect); {
		to := from
		for to < len(suspect) && suspect[to] {
			to++
		}
		if to > from && p.isBleed(u.from+from, u.from+to, match[from:to]) {
			if p.learning {
				m, _ := median(margin[from:to])
				p.gains = append(p.gains, m)
			} else {
				mark(found[from:to], match[from:to], from == 0, to == len(suspect))
			}
		}
		from = to + 1
	}
	// One doubtful word inside a voice that bled in belongs to that voice.
	for k := 1; k+1 < len(found); k++ {
		if possible[k] && found[k-1] && found[k+1] && margin[k] >= 0 {
			found[k] = true
		}
	}
	for k, f := range found {
		if f {
			b[u.from+k].bleed()
		}
	}
}

// explained reports whether a's voice, as loud as it is known to arrive, and
// b's noise are enough to make b's level.
func (p *pair) explained(theirs, mine float64) bool {
	if !p.gainKnown {
		return true
	}
	expected := 10 * math.Log10(math.Pow(10, (theirs-p.gain)/10)+math.Pow(10, p.floor/10))
	return mine <= expected+gainRange
}

// mark sets found for the words of a run that bled in. Where the words tell
// the two voices apart, words at the run's edge that the other did not say go
// with what adjoins them; first and last say whether nothing does.
func mark(found []bool, match []int, first, last bool) {
	matched := 0
	for k, m := range match {
		found[k] = true
		if m >= 0 {
			matched++
		}
	}
	if matched < minMatched || float64(matched) < sameWords*float64(len(match)) {
		return
	}
	for k := 0; match[k] < 0 && !first; k++ {
		found[k] = false
	}
	for k := len(match) - 1; match[k] < 0 && !last; k-- {
		found[k] = false
	}
}

// isBleed decides on the run of words b[from:to], which are all quieter than a.
func (p *pair) isBleed(from, to int, match []int) bool {
	words := p.b.words[from:to]
	start, end := span(words)
	isLong := len(words) >= minMatched && end-start >= longRun
	if p.learning && !isLong {
		return false
	}
	// A short run is judged with what surrounds it: a voice that bleeds in
	// does so before and after, one's own "yeah" stands alone.
	context := 0.3
	if !isLong {
		context = 0.75
	}
	before, after := start-context, end+context
	if from > 0 {
		before = min(start, max(before, p.b.words[from-1].end))
	}
	if to < len(p.b.words) {
		after = max(end, min(after, p.b.words[to].start))
	}
	r, lag := correlate(p.a.env, p.b.env, before, after)
	level := p.b.env.mean(start, end)
	margin := p.a.env.mean(start-lag, end-lag) - level
	own := p.usual.known && level >= p.usual.level-ownRange
	matched, telling := matches(words, match)
	same := float64(matched) >= sameWords*float64(len(words))

	if isLong {
		byWords := same && matched >= minMatched && telling > 0 && (!own || r >= alike)
		byLevels := margin >= louder && r >= alike && (r >= veryAlike || (!own && end-start >= sureRun))
		return byWords || byLevels
	}
	if own || margin < louder || !(r >= veryAlike || (same && r >= alike)) {
		return false
	}
	return p.gainKnown || p.usual.known
}

// An ownLevel is how loud a participant is on their own track, where known.
type ownLevel struct {
	level float64
	known bool
}

// usualLevel is the median level of the words of lane i that nobody else talks
// over.
func usualLevel(lanes []*lane, i int) ownLevel {
	var levels []float64
	for _, w := range lanes[i].words {
		alone := !w.gone
		for j, l := range lanes {
			alone = alone && (l.speaker == lanes[i].speaker || j == i || !overlaps(l.words, w, 0.3))
		}
		if !alone {
			continue
		}
		if lanes[i].env.known() {
			levels = append(levels, lanes[i].env.mean(w.start, w.end))
		} else if w.level < 0 {
			levels = append(levels, w.level)
		}
	}
	if len(levels) < usualWords {
		return ownLevel{}
	}
	m, _ := median(levels)
	return ownLevel{level: m, known: true}
}

func anyWord(words []word, start, end float64) bool {
	return overlaps(words, word{start: start, end: end}, 0)
}

func span(words []word) (start, end float64) {
	start = words[0].start
	for _, w := range words {
		end = max(end, w.end)
	}
	return start, end
}

func median(x []float64) (float64, bool) {
	if len(x) == 0 {
		return 0, false
	}
	s := slices.Sorted(slices.Values(x))
	return s[len(s)/2], true
}
