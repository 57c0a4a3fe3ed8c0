package merge

import "fmt"

// dropDoubles leaves out what one participant said twice at the same time: on
// two of their tracks, as when a reconnection overlaps what it replaces. Where
// both tracks have the same words, the more certain one keeps them. Different
// words at the same time are kept.
func dropDoubles(lanes []*lane) []string {
	dropped := map[int]int{}
	for j, b := range lanes {
		for _, a := range lanes[:j] {
			if a.speaker != b.speaker {
				continue
			}
			for _, u := range utterances(b.words) {
				l, n := dropDouble(a, b, u)
				if n > 0 {
					dropped[l.track] += n
				}
			}
		}
	}
	var warnings []string
	last := -1
	for _, l := range lanes {
		if n := dropped[l.track]; n > 0 && l.track != last {
			warnings = append(warnings, fmt.Sprintf("%s on track %d were also on another track of the same participant and were left out once", count(n), l.track))
		}
		last = l.track
	}
	return warnings
}

// dropDouble compares one utterance of b with a and returns the lane that lost
// words and how many.
func dropDouble(a, b *lane, u utterance) (*lane, int) {
	match := align(a.words, b.words, u.from, u.to)
	first, last, matched, overlapped := -1, -1, 0, 0
	for k, m := range match {
		if m >= 0 {
			if first < 0 {
				first = k
			}
			last = k
			matched++
		}
		if m >= 0 || overlaps(a.words, b.words[u.from+k], 0) {
			overlapped++
		}
	}
	if matched == 0 || 2*matched < overlapped {
		return nil, 0
	}
	aFrom, aTo := match[first], match[last]+1
	bFrom, bTo := u.from+first, u.from+last+1
	loser, from, to := b, bFrom, bTo
	before, after := a.words[:aFrom], a.words[aTo:]
	if certainty(b.words[bFrom:bTo]) > certainty(a.words[aFrom:aTo]) {
		loser, from, to = a, aFrom, aTo
		before, after = b.words[:bFrom], b.words[bTo:]
	}
	// What is left of a word where a track was cut sounds like nothing on the
	// other, but lies on top of one that nothing matches.
	for from > 0 && covered(before, loser.words[from-1]) {
		from--
	}
	for to < len(loser.words) && covered(after, loser.words[to]) {
		to++
	}
	n := 0
	for i := from; i < to; i++ {
		if !loser.words[i].gone {
			loser.words[i].gone = true
			n++
		}
	}
	return loser, n
}

// covered reports whether w shares half its length or more with a word of
// words.
func covered(words []word, w word) bool {
	from, to := between(words, w.start, w.end)
	for _, x := range words[from:to] {
		shared := min(x.end, w.end) - max(x.start, w.start)
		if !x.gone && !w.gone && shared > 0 && shared >= 0.5*min(w.end-w.start, x.end-x.start) {
			return true
		}
	}
	return false
}

// certainty is the mean probability of words that are not gone.
func certainty(words []word) float64 {
	sum, n := 0.0, 0
	for _, w := range words {
		if !w.gone {
			sum += w.prob
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}
