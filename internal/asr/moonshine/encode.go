package moonshine

import (
	"math"

	"github.com/trackscribe/trackscribe/internal/asr/kernel"
)

// work is one worker's memory. It grows to the longest segment's needs and is
// used again for the next.
type work struct {
	m       *Model
	scratch kernel.Scratch
	turns   rotations

	wave, mid, tmp   []float32 // the convolutions' outputs
	x, n, q, k, v, f []float32
	scores, sums     []float32
	headOut          []float32
	keys, values     kernel.Panels

	dec decodeWork
}

func newWork(m *Model) *work { return &work{m: m} }

func sized(s *[]float32, n int) []float32 {
	if cap(*s) < n {
		*s = make([]float32, n)
	}
	return (*s)[:n]
}

// encode runs the encoder over at least minSamples of one segment and returns
// its frames, a row of width numbers each. The rows are valid until the next
// call.
func (w *work) encode(pcm []float32) (rows []float32, t int) {
	m, e, k := w.m, &w.m.encoder, w.m.kernels
	x, t := w.front(pcm)
	w.turns.upTo(t)
	n := sized(&w.n, t*width)
	q, key, v := sized(&w.q, t*width), sized(&w.k, t*width), sized(&w.v, t*width)
	ff, tmp := sized(&w.f, t*mlpWidth), sized(&w.tmp, t*mlpWidth)
	for i := range e.layers {
		l := &e.layers[i]
		layerNorm(n, x, l.norm1)
		k.Mul(&w.scratch, q, width, n, width, t, l.attention.q)
		k.Mul(&w.scratch, key, width, n, width, t, l.attention.k)
		k.Mul(&w.scratch, v, width, n, width, t, l.attention.v)
		for p := range t {
			w.turns.turn(q[p*width:], p)
			w.turns.turn(key[p*width:], p)
		}
		w.attend(n, q, key, v, t)
		k.Mul(&w.scratch, q, width, n, width, t, l.attention.out)
		add(x, q)
		layerNorm(n, x, l.norm2)
		k.Mul(&w.scratch, ff, mlpWidth, n, width, t, l.up)
		m.kernels.Gelu(ff, l.upBias, tmp)
		k.Mul(&w.scratch, n, width, ff, mlpWidth, t, l.down)
		addBiased(x, n, l.downBias)
	}
	layerNorm(x, x, e.norm)
	return x, t
}

// front is the three convolutions; each is a product over overlapping rows.
func (w *work) front(pcm []float32) (x []float32, t int) {
	e, k := &w.m.encoder, w.m.kernels
	t1 := (len(pcm)-conv1Width)/conv1Stride + 1
	t2 := (t1-conv2Width)/conv2Stride + 1
	t = (t2-conv3Width)/conv3Stride + 1
	wave, mid, x := sized(&w.wave, t1*width), sized(&w.mid, t2*convWidth), sized(&w.x, t*width)
	tmp := sized(&w.tmp, max(len(wave), len(mid), len(x)))

	k.Mul(&w.scratch, wave, width, pcm, conv1Stride, t1, e.conv1)
	k.Tanh(wave, tmp)
	groupNorm(wave, e.groupMul, e.groupAdd)
	k.Mul(&w.scratch, mid, convWidth, wave, conv2Stride*width, t2, e.conv2)
	k.Gelu(mid, e.conv2Bias, tmp)
	k.Mul(&w.scratch, x, width, mid, conv3Stride*convWidth, t, e.conv3)
	k.Gelu(x, e.conv3Bias, tmp)
	return x, t
}

// groupNorm normalises over all rows and columns at once.
func groupNorm(x, mul, add []float32) {
	const eps = 1e-5
	var sum, square float64
	for o := 0; o < len(x); o += width {
		var s, q float32
		for _, v := range x[o : o+width] {
			s += v
			q += v * v
		}
		sum += float64(s)
		square += float64(q)
	}
	mean := sum / float64(len(x))
	inv := float32(1 / math.Sqrt(max(0, square/float64(len(x))-mean*mean)+eps))
	for o := 0; o < len(x); o += width {
		r := x[o : o+width]
		for i, v := range r {
			r[i] = (v-float32(mean))*inv*mul[i] + add[i]
		}
	}
}

// attentionScale multiplies the products of queries and keys.
var attentionScale = float32(1 / math.Sqrt(headWidth))

// attend is self-attention of t rows over each other, all heads.
func (w *work) attend(dst, q, key, v []float32, t int) {
	k := w.m.kernels
	sums := sized(&w.sums, t)
	for h := 0; h < width; h += headWidth {
		w.keys.Reset(headWidth, t)
		w.values.Reset(t, headWidth)
		for p := range t {
			w.keys.SetColumn(p, key[p*width+h:][:headWidth])
			w.values.SetRow(p, v[p*width+h:][:headWidth])
		}
		ld := w.keys.N
		scores := sized(&w.scores, t*ld)
		k.MulPanels(&w.scratch, scores, ld, q[h:], width, t, &w.keys)
		for p := range t {
			sums[p] = 1 / k.SoftmaxNumerators(scores[p*ld:][:t], attentionScale)
		}
		out := sized(&w.headOut, t*w.values.N)
		k.MulPanels(&w.scratch, out, w.values.N, scores, ld, t, &w.values)
		for p, s := range sums {
			d := dst[p*width+h:][:headWidth]
			for i, x := range out[p*w.values.N:][:headWidth] {
				d[i] = x * s
			}
		}
	}
}
