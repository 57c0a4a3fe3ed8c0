package rank

import (
	"cmp"
	"math"
	"slices"
)

// A vector is a sentence's TF-IDF weights of length 1, by stem.
type vector []element

type element struct {
	stem   int
	weight float64
}

func newVector(stems []int, idf []float64) vector {
	sorted := slices.Sorted(slices.Values(stems))
	var v vector
	for i := 0; i < len(sorted); {
		j := i
		for j < len(sorted) && sorted[j] == sorted[i] {
			j++
		}
		v = append(v, element{sorted[i], (1 + math.Log(float64(j-i))) * idf[sorted[i]]})
		i = j
	}
	norm := 0.0
	for _, e := range v {
		norm += e.weight * e.weight
	}
	if norm = math.Sqrt(norm); norm > 0 {
		for i := range v {
			v[i].weight /= norm
		}
	}
	return v
}

// dot is the cosine of two vectors.
func (v vector) dot(o vector) float64 {
	sum := 0.0
	for i, j := 0, 0; i < len(v) && j < len(o); {
		switch c := cmp.Compare(v[i].stem, o[j].stem); {
		case c < 0:
			i++
		case c > 0:
			j++
		default:
			sum += v[i].weight * o[j].weight
			i++
			j++
		}
	}
	return sum
}

// textRank ranks sentences by PageRank on their cosines (Mihalcea and Tarau,
// 2004, with TF-IDF cosines instead of word overlap).
func (r *Ranking) textRank(vocabulary int) []float64 {
	type posting struct {
		sentence int32
		weight   float32
	}
	type edge struct {
		to     int32
		weight float32
	}
	n := len(r.vectors)
	candidates := 0
	postings := make([][]posting, vocabulary)
	for i, v := range r.vectors {
		if len(v) > 0 {
			candidates++
		}
		for _, e := range v {
			postings[e.stem] = append(postings[e.stem], posting{int32(i), float32(e.weight)})
		}
	}
	edges := make([][]edge, n)
	sums := make([]float64, n)
	row := make([]float32, n)
	var touched []int32
	for i, v := range r.vectors {
		for _, e := range v {
			p := postings[e.stem]
			if len(p) > maxFrequency || (candidates > 8 && float64(len(p)) > maxShare*float64(candidates)) {
				continue
			}
			for _, q := range p {
				if int(q.sentence) <= i {
					continue
				}
				if row[q.sentence] == 0 {
					touched = append(touched, q.sentence)
				}
				row[q.sentence] += float32(e.weight) * q.weight
			}
		}
		slices.Sort(touched)
		for _, j := range touched {
			if w := row[j]; w >= minEdge {
				edges[i] = append(edges[i], edge{j, w})
				edges[j] = append(edges[j], edge{int32(i), w})
				sums[i] += float64(w)
				sums[j] += float64(w)
			}
			row[j] = 0
		}
		touched = touched[:0]
	}
	rank, next := make([]float64, n), make([]float64, n)
	for i := range rank {
		rank[i] = 1 / float64(max(candidates, 1))
	}
	for range iterations {
		for i := range next {
			next[i] = (1 - damping) / float64(max(candidates, 1))
		}
		for i, es := range edges {
			if sums[i] == 0 {
				continue
			}
			share := damping * rank[i] / sums[i]
			for _, e := range es {
				next[e.to] += share * float64(e.weight)
			}
		}
		rank, next = next, rank
	}
	return rank
}
