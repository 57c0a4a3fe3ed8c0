package topics

import (
	"math"
	"slices"
	"strings"

	"github.com/trackscribe/trackscribe/internal/text/phrase"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

const (
	blockWords = 20   // content words a block holds at least
	maxBlocks  = 1200 // beyond, blocks grow: time and memory go with the square
	cueWeight  = 0.5
	cueBefore  = 4    // turns before a block's first that may announce it
	cueAfter   = 7    // and after
	minShare   = 0.25 // a topic's least length as a share of the mean
	unitWords  = 80   // words after which a long turn counts as another
	opensUnit  = 2.0  // cue score of a sentence that begins another within a turn
)

// How many topics: see [count].
const (
	oneTopicWords = 600  // below, a meeting is about one thing
	steadyWords   = 2500 // from here the measured rule for long meetings holds
	gainWeight    = 6.0  // a cut of a shorter meeting is worth this · ln n or is not made
)

// A unit is a turn, or a piece of a long one: what a boundary can lie between.
type unit struct {
	first, last int // range of segments
	words       int
	stems       []string
	cue         float64
}

func newUnits(segs []artifact.Segment) []unit {
	var out []unit
	var text []string
	flush := func() {
		if len(out) > 0 {
			u := &out[len(out)-1]
			whole := strings.Join(text, " ")
			u.stems, u.cue = phrase.Content(whole), cueScore(whole)
		}
	}
	for i, s := range segs {
		n := len(strings.Fields(s.Text))
		if n == 0 {
			continue
		}
		// Who leads a meeting ends one topic and opens the next in one breath.
		opens := cueScore(s.Text) >= opensUnit
		if k := len(out) - 1; k >= 0 && segs[out[k].last].Speaker == s.Speaker && out[k].words < unitWords && !opens {
			out[k].last, out[k].words = i, out[k].words+n
			text = append(text, s.Text)
			continue
		}
		flush()
		text = append(text[:0], s.Text)
		out = append(out, unit{first: i, last: i, words: n})
	}
	flush()
	// Segments without text belong to what is around them.
	for k := range out {
		if k == 0 {
			out[k].first = 0
		} else {
			out[k].first = out[k-1].last + 1
		}
		if k == len(out)-1 {
			out[k].last = len(segs) - 1
		}
	}
	return out
}

// A block is units joined until they hold enough content words.
type block struct {
	first int // its first unit
	stems []int
	bonus float64 // for a boundary before it
	at    int     // the unit where that boundary then lies
}

// newBlocks joins units to blocks and returns how many different stems they
// hold.
func newBlocks(units []unit) (blocks []block, vocabulary int) {
	total := 0
	for _, u := range units {
		total += len(u.stems)
	}
	size := max(blockWords, total/maxBlocks)
	ids := map[string]int{}
	open := false
	for i, u := range units {
		if !open {
			blocks = append(blocks, block{first: i})
			open = true
		}
		b := &blocks[len(blocks)-1]
		for _, s := range u.stems {
			id, ok := ids[s]
			if !ok {
				id = len(ids)
				ids[s] = id
			}
			b.stems = append(b.stems, id)
		}
		open = len(b.stems) < size
	}
	for i := range blocks {
		b := &blocks[i]
		b.at = b.first
		for k := max(1, b.first-cueBefore); i > 0 && k <= min(len(units)-1, b.first+cueAfter); k++ {
			if units[k].cue > b.bonus {
				b.bonus, b.at = units[k].cue, k
			}
		}
	}
	return blocks, len(ids)
}

// boundaries returns the units that begin a topic, without the first.
func boundaries(units []unit) []int {
	words := 0
	for _, u := range units {
		words += u.words
	}
	blocks, vocabulary := newBlocks(units)
	content := 0
	for _, b := range blocks {
		content += len(b.stems)
	}
	most := maxTopics(words, len(blocks))
	if most < 2 || content == 0 {
		return nil
	}
	costs := segmentCosts(blocks, vocabulary)
	logn := math.Log(float64(content))
	k := count(words, most, func(k int) float64 {
		total, _ := best(blocks, costs, k, cueWeight*logn)
		return total
	}, gainWeight*logn)
	_, starts := best(blocks, costs, k, cueWeight*logn)
	var out []int
	for _, i := range starts {
		out = append(out, blocks[i].at)
	}
	// Moving to a cue can make two boundaries meet.
	slices.Sort(out)
	return slices.Compact(out)
}

// usual is how many topics a long meeting has; measured on QMSum.
func usual(words int) int {
	return min(8, max(3, int(math.Round(2.2+float64(words)/3000))))
}

// maxTopics is the most topics that a meeting can be cut into.
func maxTopics(words, blocks int) int {
	if words < oneTopicWords {
		return 1
	}
	return min(usual(words)+2, blocks/2, words/(oneTopicWords/2), 8)
}

// count says how many topics there are, given the least cost of k topics. A
// long meeting has the usual number, and more where further cuts pay; a
// shorter one has as many as pay.
func count(words, most int, cost func(k int) float64, gain float64) int {
	k := 1
	if words >= steadyWords {
		k = min(usual(words), most)
	}
	here := cost(k)
	for k < most {
		next := cost(k + 1)
		if here-next < gain {
			break
		}
		k, here = k+1, next
	}
	return k
}

// segmentCosts returns, for blocks i..j-1 as one segment, how badly its words
// are told by their own frequencies: N·ln(N+V) − Σ f·ln(f+1), at [i][j-i-1].
func segmentCosts(blocks []block, vocabulary int) [][]float64 {
	costs := make([][]float64, len(blocks))
	f := make([]float64, vocabulary)
	for i := range blocks {
		clear(f)
		row := make([]float64, 0, len(blocks)-i)
		n, sum := 0.0, 0.0
		for _, b := range blocks[i:] {
			for _, w := range b.stems {
				sum += (f[w]+1)*math.Log(f[w]+2) - f[w]*math.Log(f[w]+1)
				f[w]++
				n++
			}
			row = append(row, n*math.Log(n+float64(vocabulary))-sum)
		}
		costs[i] = row
	}
	return costs
}

// best returns the least cost of k segments and the blocks that begin them,
// without the first.
func best(blocks []block, costs [][]float64, k int, weight float64) (float64, []int) {
	m := len(blocks)
	least := max(1, int(minShare*float64(m)/float64(k)))
	row := make([]float64, m+1) // least cost of the first j blocks
	for j := range row {
		row[j] = math.Inf(1)
	}
	row[0] = 0
	from := make([][]int, k)
	for s := range k {
		from[s] = make([]int, m+1)
		next := make([]float64, m+1)
		for j := range next {
			next[j] = math.Inf(1)
			for i := 0; i+least <= j; i++ {
				if math.IsInf(row[i], 1) {
					continue
				}
				c := row[i] + costs[i][j-i-1]
				if i > 0 {
					c -= weight * blocks[i].bonus
				}
				if c < next[j] {
					next[j], from[s][j] = c, i
				}
			}
		}
		row = next
	}
	if math.IsInf(row[m], 1) {
		return row[m], nil
	}
	var starts []int
	for s, j := k-1, m; s > 0; s-- {
		j = from[s][j]
		starts = append(starts, j)
	}
	slices.Reverse(starts)
	return row[m], starts
}
