package moonshine

import (
	"context"
	"math"

	"github.com/trackscribe/trackscribe/internal/asr/kernel"
)

// tokensPerSecond caps the output: speech does not get there, loops do.
const tokensPerSecond = 6.5

// maxTokens is the cap of the longest segment that decode takes.
const maxTokens = 192

// alignHeads are the cross-attention heads, layer·8+head, that follow the
// audio best. Chosen by comparing each head's word starts with a forced
// alignment.
var alignHeads = [...]int{29, 39, 44, 46, 47}

type decodeWork struct {
	self, cross        [layers][heads]cache
	x, n, q, k, v      [width]float32
	att                [width]float32
	ff                 [2 * mlpWidth]float32
	tmp                [mlpWidth]float32
	logits             [embedding]float32
	scores             []float32
	headOut            [3 * kernel.Panel]float32
	crossKey, crossVal []float32
}

// cache holds one head's keys (a column for each position) and values (a row
// for each).
type cache struct{ keys, values kernel.Panels }

// token is one step of the decoder.
type token struct {
	id   int
	logp float64                    // log of its probability
	rows [len(alignHeads)][]float32 // where it looked, for each of alignHeads: t weights
}

// decode writes greedily what the encoder's t rows say: at most limit tokens,
// the last of which may be the end token.
func (w *work) decode(ctx context.Context, enc []float32, t, limit int) ([]token, error) {
	d, k := &w.m.decoder, w.m.kernels
	s := &w.dec
	limit = min(limit, maxTokens)
	w.turns.upTo(limit)
	w.fillCross(enc, t)
	for l := range s.self {
		for h := range s.self[l] {
			s.self[l][h].keys.Reset(headWidth, limit)
			s.self[l][h].values.Reset(limit, headWidth)
		}
	}
	x, n, q, att, ff := s.x[:], s.n[:], s.q[:], s.att[:], s.ff[:]
	var out []token
	id := startToken
	for pos := range limit {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var tok token
		d.embed.Column(x, id)
		for i := range d.layers {
			l := &d.layers[i]
			layerNorm(n, x, l.norm1)
			k.MulRow(q, n, l.self.q)
			k.MulRow(s.k[:], n, l.self.k)
			k.MulRow(s.v[:], n, l.self.v)
			w.turns.turn(q, pos)
			w.turns.turn(s.k[:], pos)
			for h := range heads {
				c := &s.self[i][h]
				c.keys.SetColumn(pos, s.k[h*headWidth:][:headWidth])
				c.values.SetRow(pos, s.v[h*headWidth:][:headWidth])
				w.look(c, h, pos+1)
			}
			k.MulRow(n, att, l.self.out)
			add(x, n)

			layerNorm(n, x, l.norm2)
			k.MulRow(q, n, l.cross.q)
			for h := range heads {
				weights := w.look(&s.cross[i][h], h, t)
				for j, a := range alignHeads {
					if a == i*heads+h {
						tok.rows[j] = append([]float32(nil), weights...)
					}
				}
			}
			k.MulRow(n, att, l.cross.out)
			add(x, n)

			layerNorm(n, x, l.norm3)
			k.MulRow(ff, n, l.up)
			add(ff, l.upBias)
			k.GatedSilu(ff[:mlpWidth], ff[:mlpWidth], ff[mlpWidth:], s.tmp[:])
			k.MulRow(n, ff[:mlpWidth], l.down)
			addBiased(x, n, l.downBias)
		}
		layerNorm(n, x, d.norm)
		logits := s.logits[:]
		k.MulRow(logits, n, d.embed)
		best := k.Max(logits)
		for i, v := range logits {
			if v == best {
				id = i
				break
			}
		}
		tok.id = id
		tok.logp = -math.Log(float64(k.ExpSum(logits, 1, -best)))
		out = append(out, tok)
		if id == endToken {
			break
		}
		if n, looping := loop(out); looping {
			return out[:n], nil
		}
	}
	return out, nil
}

// fillCross computes every layer's keys and values of the encoder's rows.
func (w *work) fillCross(enc []float32, t int) {
	m, s := w.m, &w.dec
	key, val := sized(&s.crossKey, t*width), sized(&s.crossVal, t*width)
	for i := range s.cross {
		l := &m.decoder.layers[i]
		m.kernels.Mul(&w.scratch, key, width, enc, width, t, l.cross.k)
		m.kernels.Mul(&w.scratch, val, width, enc, width, t, l.cross.v)
		for h := range s.cross[i] {
			c := &s.cross[i][h]
			c.keys.Reset(headWidth, t)
			c.values.Reset(t, headWidth)
			for p := range t {
				c.keys.SetColumn(p, key[p*width+h*headWidth:][:headWidth])
				c.values.SetRow(p, val[p*width+h*headWidth:][:headWidth])
			}
		}
	}
}

// look is one head's attention of the query over n cached positions. It leaves
// the outcome in att and returns the weights, valid until the next call.
func (w *work) look(c *cache, head, n int) []float32 {
	k, s := w.m.kernels, &w.dec
	scores := sized(&s.scores, max(c.keys.N, c.values.K))
	q := s.q[head*headWidth:][:headWidth]
	k.MulRowPanels(scores, q, &c.keys)
	weights := scores[:n]
	inv := 1 / k.SoftmaxNumerators(weights, attentionScale)
	for i := range weights {
		weights[i] *= inv
	}
	clear(scores[n:]) // positions to come
	k.MulRowPanels(s.headOut[:], scores, &c.values)
	copy(s.att[head*headWidth:][:headWidth], s.headOut[:])
	return weights
}

// loop reports whether the last tokens are the same few over and over, and how
// many tokens to keep then.
func loop(toks []token) (keep int, looping bool) {
	const longest = 16
	for period := 1; period <= longest; period++ {
		times := 3
		switch {
		case period == 1:
			times = 8
		case period <= 3:
			times = 5
		case period <= 6:
			times = 4
		}
		n := len(toks) - period*times
		if n < 0 {
			continue
		}
		same := true
		for i := n; i < len(toks)-period && same; i++ {
			same = toks[i].id == toks[i+period].id
		}
		if same {
			return n + period, true
		}
	}
	return 0, false
}
