package merge

// dropByWords decides without envelopes: a stretch with the same words as a's
// is the voice of whoever is louder, or, levels not known, was recognised with
// more certainty.
func (p *pair) dropByWords(u utterance, match []int) {
	first, last := -1, -1
	for k, m := range match {
		if m >= 0 {
			if first < 0 {
				first = k
			}
			last = k
		}
	}
	if first < 0 {
		return
	}
	words := p.b.words[u.from+first : u.from+last+1]
	matched, telling := matches(words, match[first:last+1])
	if matched < minMatched || telling == 0 || float64(matched) < sameWords*float64(len(words)) {
		return
	}
	others := make([]word, 0, matched)
	for _, m := range match[first : last+1] {
		if m >= 0 {
			others = append(others, p.a.words[m])
		}
	}
	if !p.quieter(words, others) {
		return
	}
	for i := range words {
		words[i].bleed()
	}
}

// quieter reports whether words, on b, are rather the echo of others, on a.
func (p *pair) quieter(words, others []word) bool {
	mine, mineKnown := meanLevel(words)
	theirs, theirsKnown := meanLevel(others)
	if mineKnown && theirsKnown && mine != theirs {
		return theirs-mine >= louderWord
	}
	if x, y := certainty(words), certainty(others); x != y {
		return x < y
	}
	if x, y := words[0].start, others[0].start; x != y {
		return x > y
	}
	return p.b.track > p.a.track
}

// matches counts the words that match, and those of them that two people would
// not say together by chance.
func matches(words []word, match []int) (matched, telling int) {
	for k, m := range match {
		if m >= 0 {
			matched++
			if !isChorus(words[k].norm) {
				telling++
			}
		}
	}
	return matched, telling
}

// isChorus reports whether a word is one that people say together.
func isChorus(norm string) bool {
	switch norm {
	case "yeah", "yes", "yep", "yup", "no", "nope", "ok", "okay", "right", "sure", "mhm", "mm", "hm", "hmm", "uh", "um", "oh", "ah",
		"thanks", "thank", "you", "hi", "hello", "hey", "bye", "goodbye", "good", "morning", "great", "cool", "fine", "all", "so",
		"see", "everyone", "everybody", "the", "a", "and", "i", "it", "that", "thats", "its", "is", "agreed", "exactly", "sorry", "nice":
		return true
	}
	return false
}

func meanLevel(words []word) (float64, bool) {
	sum, n := 0.0, 0
	for _, w := range words {
		if w.level < 0 {
			sum += w.level
			n++
		}
	}
	if n == 0 {
		return 0, false
	}
	return sum / float64(n), true
}
