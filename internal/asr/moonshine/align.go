package moonshine

import (
	"math"
	"slices"
	"strings"

	"github.com/trackscribe/trackscribe/internal/asr"
)

// frameSeconds is the time between two encoder frames.
const frameSeconds = float64(frameSamples) / asr.SampleRate

// frameCentre is the middle of the samples that frame 0 sees.
const frameCentre = (conv1Width + (conv2Width-1)*conv1Stride + (conv3Width-1)*conv2Stride*conv1Stride) / 2.0 / asr.SampleRate

// frameTime is when frame f is, in seconds from the segment's start.
func frameTime(f int) float64 { return float64(f)*frameSeconds + frameCentre }

// spoken is a word before its times are fitted to the speech around it:
// seconds from the segment's start.
type spoken struct {
	text       string
	start, end float64
	logp       float64 // sum over its tokens
}

// words joins tokens to words and gives each the time at which the decoder
// began to look at it, until the next word's.
func (m *Model) words(toks []token, t int) []spoken {
	if len(toks) == 0 {
		return nil
	}
	first := firstFrames(toks, t)
	var out []spoken
	for i, tok := range toks {
		if tok.id == endToken {
			break
		}
		text := m.piece(tok.id)
		end := frameTime(t)
		if i+1 < len(toks) {
			end = frameTime(first[i+1])
		}
		if len(out) == 0 || strings.HasPrefix(text, " ") {
			out = append(out, spoken{start: frameTime(first[i])})
		}
		w := &out[len(out)-1]
		w.text += text
		w.end = end
		w.logp += tok.logp
	}
	// A word may have come out of single bytes, or of nothing but spaces.
	kept := out[:0]
	for _, w := range out {
		w.text = strings.TrimSpace(strings.ToValidUTF8(w.text, ""))
		if w.text != "" {
			kept = append(kept, w)
		}
	}
	return kept
}

func (m *Model) piece(id int) string {
	if id >= len(m.vocab) {
		return ""
	}
	return m.vocab[id]
}

// firstFrames aligns tokens with frames: dynamic time warping over the
// cross-attention of the alignment heads, each normalised over the tokens and
// smoothed by a median over time (the method of OpenAI's whisper/timing.py).
// It returns the first frame of each token.
func firstFrames(toks []token, t int) []int {
	n := len(toks)
	cost := make([]float64, n*t)
	norm := make([]float64, n*t)
	for h := range alignHeads {
		for f := range t {
			var sum, square float64
			for i := range toks {
				v := float64(toks[i].rows[h][f])
				sum += v
				square += v * v
			}
			mean := sum / float64(n)
			inv := 1 / (math.Sqrt(max(0, square/float64(n)-mean*mean)) + 1e-9)
			for i := range toks {
				norm[i*t+f] = (float64(toks[i].rows[h][f]) - mean) * inv
			}
		}
		for i := range toks {
			row := norm[i*t : (i+1)*t]
			for f := range t {
				cost[i*t+f] -= median7(row, f)
			}
		}
	}
	return warp(cost, n, t)
}

// median7 is the median of the seven values around i, mirrored at the ends.
func median7(x []float64, i int) float64 {
	var w [7]float64
	s := w[:0]
	for j := i - 3; j <= i+3; j++ {
		k := j
		if k < 0 {
			k = -k
		}
		if k >= len(x) {
			k = 2*len(x) - 2 - k
		}
		if k >= 0 && k < len(x) {
			s = append(s, x[k])
		}
	}
	slices.Sort(s)
	return s[len(s)/2]
}

// warp finds the cheapest monotonic path through an n × t cost table and
// returns the first column of each row.
func warp(cost []float64, n, t int) []int {
	const diagonal, down, right = 0, 1, 2
	steps := make([]byte, (n+1)*(t+1))
	prev, cur := make([]float64, t+1), make([]float64, t+1)
	for j := range prev {
		prev[j] = math.Inf(1)
	}
	prev[0] = 0
	for i := 1; i <= n; i++ {
		cur[0] = math.Inf(1)
		for j := 1; j <= t; j++ {
			best, step := cur[j-1], byte(right)
			if prev[j-1] <= prev[j] && prev[j-1] <= best {
				best, step = prev[j-1], diagonal
			} else if prev[j] < best {
				best, step = prev[j], down
			}
			cur[j] = best + cost[(i-1)*t+j-1]
			steps[i*(t+1)+j] = step
		}
		prev, cur = cur, prev
	}
	first := make([]int, n)
	for i, j := n, t; i > 0 && j > 0; {
		first[i-1] = j - 1
		switch steps[i*(t+1)+j] {
		case diagonal:
			i--
			j--
		case down:
			i--
		default:
			j--
		}
	}
	return first
}
