package merge

import "sort"

const (
	// near is how far apart, in seconds, one word can be on two tracks.
	near = 0.6
	// breath is the pause that ends an utterance, in seconds.
	breath = 0.6
)

// An utterance is a run of a lane's words, by index: [from, to).
type utterance struct{ from, to int }

// utterances cuts words at pauses. Words that are gone belong to none.
func utterances(words []word) []utterance {
	var out []utterance
	end := 0.0
	for i, w := range words {
		if w.gone {
			continue
		}
		n := len(out)
		if n > 0 && out[n-1].to == i && w.start-end < breath {
			out[n-1].to = i + 1
			end = max(end, w.end)
			continue
		}
		out = append(out, utterance{i, i + 1})
		end = w.end
	}
	return out
}

// between returns the range of words that may overlap [start, end]: all that
// start in it or up to maxWord before.
func between(words []word, start, end float64) (from, to int) {
	from = sort.Search(len(words), func(i int) bool { return words[i].start >= start-maxWord })
	to = from + sort.Search(len(words)-from, func(i int) bool { return words[from+i].start > end })
	for from < to && words[from].end < start {
		from++
	}
	return from, to
}

// align matches the words b[from:to] with words of a that sound alike at about
// the same time, in order, as many as possible and then as close as possible.
// The result has, for each of them, the index in a or -1.
func align(a, b []word, from, to int) []int {
	match := make([]int, to-from)
	for k := range match {
		match[k] = -1
	}
	lo, hi := between(a, b[from].start-near, b[to-1].end+near)
	n, m := to-from, hi-lo
	if n == 0 || m == 0 {
		return match
	}
	// Matching is worth 1 less a little for distance in time, so that of two
	// equal words the nearer one is taken.
	score := make([]float64, (n+1)*(m+1))
	worth := func(i, j int) float64 {
		x, y := b[from+i], a[lo+j]
		d := x.start - y.start
		if x.gone || y.gone || d > near || d < -near || !similar(x.norm, y.norm) {
			return 0
		}
		return 1 - 0.1*max(d, -d)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			s := max(score[(i+1)*(m+1)+j], score[i*(m+1)+j+1])
			if w := worth(i, j); w > 0 {
				s = max(s, w+score[(i+1)*(m+1)+j+1])
			}
			score[i*(m+1)+j] = s
		}
	}
	for i, j := 0, 0; i < n && j < m; {
		here := score[i*(m+1)+j]
		switch w := worth(i, j); {
		case w > 0 && here == w+score[(i+1)*(m+1)+j+1]:
			match[i] = lo + j
			i++
			j++
		case here == score[(i+1)*(m+1)+j]:
			i++
		default:
			j++
		}
	}
	return match
}

// overlaps reports whether w overlaps, within tolerance seconds, a word of
// words that is not gone.
func overlaps(words []word, w word, tolerance float64) bool {
	from, to := between(words, w.start-tolerance, w.end+tolerance)
	for _, x := range words[from:to] {
		if !x.gone && x.end >= w.start-tolerance {
			return true
		}
	}
	return false
}
