// Package rank finds a meeting's telling sentences: TextRank and a TF-IDF
// centroid with cue phrases, chosen so that they do not repeat each other.
// The mix (half TextRank, half centroid, 0.25 for a cue phrase, up to 0.1 for a
// long turn, no two sentences with a cosine over 0.5) is the best of those
// measured on QMSum's general summaries.
//
// It promises equal output for equal input and takes time about linear in the
// meeting's length. It only ever returns sentences that were said.
package rank

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/trackscribe/trackscribe/internal/pattern"
	"github.com/trackscribe/trackscribe/internal/text/phrase"
	"github.com/trackscribe/trackscribe/internal/text/segment"
)

const (
	blockWords   = 20   // content words per block; blocks are what IDF counts in
	maxCosine    = 0.5  // two chosen sentences are at most this alike
	damping      = 0.85 // TextRank's
	iterations   = 25
	minEdge      = 0.1
	maxShare     = 0.25 // a stem in more sentences than this links nothing
	maxFrequency = 400  // ... nor one in more than this many: it bounds the time
)

// A Ranking holds the scores of a meeting's sentences.
type Ranking struct {
	Sentences []segment.Sentence
	scores    []float64 // 0 for a sentence that is no candidate
	vectors   []vector
}

// cue tells sentences that carry a meeting: proposals, needs, decisions.
var cue = pattern.New(`(?i)\b(we (should|need|will|can|could|decided|agreed)|decid\w*|agree\w*|the (idea|problem|point|goal|question|main) |propos\w*|suggest\w*|recommend\w*|important|basically|so we|have to|design|plan)\b`)

// New ranks sentences.
func New(sentences []segment.Sentence) *Ranking {
	r := &Ranking{Sentences: sentences, scores: make([]float64, len(sentences)), vectors: make([]vector, len(sentences))}
	stems := make([][]int, len(sentences))
	ids := map[string]int{}
	candidate := make([]bool, len(sentences))
	n := 0
	for pass := range 2 {
		for i, s := range sentences {
			if pass == 0 {
				for _, w := range phrase.Content(s.Text) {
					id, ok := ids[w]
					if !ok {
						id = len(ids)
						ids[w] = id
					}
					stems[i] = append(stems[i], id)
				}
			}
			// A short meeting may have no sentence of the usual length.
			words := len(strings.Fields(s.Text))
			if (words >= 7 && words <= 60 && len(stems[i]) >= 3) || (pass == 1 && words >= 3 && len(stems[i]) >= 1) {
				candidate[i] = true
				n++
			}
		}
		if n >= 3 {
			break
		}
	}
	idf := inverse(stems, len(ids))
	for i := range sentences {
		if candidate[i] {
			r.vectors[i] = newVector(stems[i], idf)
		}
	}
	textRank := r.textRank(len(ids))
	centroid := r.centroid(idf)
	topRank, topCentroid := slices.Max(append(textRank, 1e-12)), slices.Max(append(centroid, 1e-12))
	for i, s := range sentences {
		if !candidate[i] {
			continue
		}
		r.scores[i] = 0.5*textRank[i]/topRank + 0.5*centroid[i]/topCentroid + 0.1*min(1, float64(s.TurnWords)/40)
		if cue.MatchString(s.Text) {
			r.scores[i] += 0.25
		}
	}
	return r
}

// Best returns the indexes of up to n sentences among from..to-1, in order of
// time. Fewer come back when there are not as many that differ.
func (r *Ranking) Best(from, to, n int) []int {
	var order []int
	for i := from; i < to; i++ {
		if r.scores[i] > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(r.scores[b], r.scores[a]) })
	var out []int
	for _, i := range order {
		if len(out) == n {
			break
		}
		if !slices.ContainsFunc(out, func(j int) bool { return r.vectors[i].dot(r.vectors[j]) > maxCosine }) {
			out = append(out, i)
		}
	}
	slices.Sort(out)
	return out
}

// Score returns the score of sentence i; 0 when it is too short to stand
// alone.
func (r *Ranking) Score(i int) float64 { return r.scores[i] }

// inverse returns ln(1 + blocks/blocks with the stem) per stem.
func inverse(stems [][]int, vocabulary int) []float64 {
	df := make([]int, vocabulary)
	last := make([]int, vocabulary)
	blocks, size := 1, 0
	for _, ws := range stems {
		for _, w := range ws {
			if last[w] != blocks {
				last[w] = blocks
				df[w]++
			}
		}
		if size += len(ws); size >= blockWords {
			blocks, size = blocks+1, 0
		}
	}
	idf := make([]float64, vocabulary)
	for w, n := range df {
		idf[w] = math.Log(1 + float64(blocks)/float64(max(n, 1)))
	}
	return idf
}

// centroid scores sentences by the weight of their different stems in the
// whole, over the root of how many they are.
func (r *Ranking) centroid(idf []float64) []float64 {
	n := make([]int, len(idf))
	for _, v := range r.vectors {
		for _, e := range v {
			n[e.stem]++
		}
	}
	out := make([]float64, len(r.vectors))
	for i, v := range r.vectors {
		for _, e := range v {
			out[i] += math.Log(1+float64(n[e.stem])) * idf[e.stem]
		}
		if len(v) > 0 {
			out[i] /= math.Sqrt(float64(len(v)))
		}
	}
	return out
}
