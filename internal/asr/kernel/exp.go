package kernel

import "math"

// The exponential is Cephes' expf: x = n·ln2 + r with |r| <= ln2/2, a polynomial
// of degree five for e^r, and n added to the exponent. Its relative error is
// below 2e-7. Arguments are limited to [expMin, expMax], where the result is a
// normal number.
const (
	expMin = -87
	expMax = 88
	log2e  = 1.44269504088896341
	ln2Hi  = 0.693359375
	ln2Lo  = -2.12194440e-4
	expP0  = 1.9875691500e-4
	expP1  = 1.3981999507e-3
	expP2  = 8.3334519073e-3
	expP3  = 4.1665795894e-2
	expP4  = 1.6666665459e-1
	expP5  = 5.0000001201e-1
)

func exp1(x float32) float32 {
	x = min(max(x, expMin), expMax)
	n := float32(math.RoundToEven(float64(x * log2e)))
	r := x - n*ln2Hi
	r -= n * ln2Lo
	p := float32(expP0)
	p = p*r + expP1
	p = p*r + expP2
	p = p*r + expP3
	p = p*r + expP4
	p = p*r + expP5
	p = p*(r*r) + r + 1
	return math.Float32frombits(math.Float32bits(p) + uint32(int32(n))<<23)
}

// ExpSum replaces every x by e^(x·scale+shift) and returns their sum.
func (k *Kernels) ExpSum(x []float32, scale, shift float32) float32 {
	var lanes [8]float32
	n := len(x) &^ 7
	if n > 0 {
		k.exp(n, &x[0], scale, shift, &lanes)
	}
	for i, v := range x[n:] {
		e := exp1(v*scale + shift)
		x[n+i] = e
		lanes[i] += e
	}
	return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]))
}

// Max returns the largest of x, which must not be empty or hold a NaN.
func (k *Kernels) Max(x []float32) float32 {
	m := x[0]
	n := len(x) &^ 7
	if n > 0 {
		m = k.max(n, &x[0])
	}
	for _, v := range x[n:] {
		m = max(m, v)
	}
	return m
}

// SoftmaxNumerators replaces x by e^(scale·(x-max)) and returns the sum to
// divide by. scale must be positive.
func (k *Kernels) SoftmaxNumerators(x []float32, scale float32) float32 {
	return k.ExpSum(x, scale, -k.Max(x)*scale)
}

// Tanh replaces x by its hyperbolic tangent, with an absolute error below
// 3e-7. tmp must be as long as x.
func (k *Kernels) Tanh(x, tmp []float32) {
	tmp = tmp[:len(x)]
	for i, v := range x {
		tmp[i] = abs(v)
	}
	k.ExpSum(tmp, -2, 0)
	for i, e := range tmp {
		t := (1 - e) / (1 + e)
		if x[i] < 0 {
			t = -t
		}
		x[i] = t
	}
}

// Gelu adds a bias to each row of x and replaces it by v·Φ(v), with an absolute
// error below 1e-6·|v|: Φ through Abramowitz and Stegun 7.1.26. tmp must be as
// long as x.
func (k *Kernels) Gelu(x, bias, tmp []float32) {
	tmp = tmp[:len(x)]
	n := len(bias)
	for o := 0; o < len(x); o += n {
		r, t := x[o:o+n], tmp[o:o+n]
		for i, b := range bias {
			v := r[i] + b
			r[i] = v
			t[i] = v * v
		}
	}
	k.ExpSum(tmp, -0.5, 0)
	for i, e := range tmp {
		v := x[i]
		t := 1 / (1 + 0.3275911*math.Sqrt2/2*abs(v))
		// tail is Φ(-|v|)
		tail := 0.5 * e * t * (0.254829592 + t*(-0.284496736+t*(1.421413741+t*(-1.453152027+t*1.061405429))))
		if v > 0 {
			tail = 1 - tail
		}
		x[i] = v * tail
	}
}

// GatedSilu computes dst = a·g/(1+e^-g). tmp must be as long as g.
func (k *Kernels) GatedSilu(dst, a, g, tmp []float32) {
	tmp = tmp[:len(g)]
	copy(tmp, g)
	k.ExpSum(tmp, -1, 0)
	for i, e := range tmp {
		dst[i] = a[i] * g[i] / (1 + e)
	}
}

func abs(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) }
