package kernel

import "fmt"

// Matrix is a K × N matrix of 8-bit numbers, packed for the products: panels
// of Panel columns, each panel row after row. Value = (q-Zero)·Scale.
type Matrix struct {
	K, N        int
	Scale, Zero float32
	q           []int8
}

// Quantised packs a K × N matrix. fill writes the Panel numbers of row k from
// column n on to dst. N must be a multiple of Panel.
func Quantised(k, n int, scale, zero float32, fill func(dst []int8, k, n int)) *Matrix {
	if k <= 0 || n <= 0 || n%Panel != 0 {
		panic(fmt.Sprintf("kernel: matrix of %d by %d", k, n))
	}
	m := &Matrix{K: k, N: n, Scale: scale, Zero: zero, q: make([]int8, k*n)}
	i := 0
	for p := 0; p < n; p += Panel {
		for r := range k {
			fill(m.q[i:i+Panel:i+Panel], r, p)
			i += Panel
		}
	}
	return m
}

// Column writes the K values of column n to dst.
func (m *Matrix) Column(dst []float32, n int) {
	p := m.q[n/Panel*m.K*Panel:][:m.K*Panel]
	for k := range dst[:m.K] {
		dst[k] = (float32(p[k*Panel+n%Panel]) - m.Zero) * m.Scale
	}
}

// Panels is a K × N matrix of floats, packed as Matrix is. Its storage is
// reused from one Reset to the next.
type Panels struct {
	K, N int
	f    []float32
}

// Reset makes p a K × N matrix of zeros. N is rounded up to a multiple of
// three panels, which suits every tile.
func (p *Panels) Reset(k, n int) {
	const step = 3 * Panel
	p.K, p.N = k, (n+step-1)/step*step
	if cap(p.f) < k*p.N {
		p.f = make([]float32, k*p.N)
		return
	}
	p.f = p.f[:k*p.N]
	clear(p.f)
}

// SetColumn sets column n to the K values of src.
func (p *Panels) SetColumn(n int, src []float32) {
	d := p.f[n/Panel*p.K*Panel:][:p.K*Panel]
	n %= Panel
	for k, v := range src[:p.K] {
		d[k*Panel+n] = v
	}
}

// SetRow sets the first columns of row k.
func (p *Panels) SetRow(k int, src []float32) {
	for n := 0; n < len(src); n += Panel {
		copy(p.f[(n/Panel*p.K+k)*Panel:][:Panel], src[n:])
	}
}

// Scratch is the working memory of a product. The zero value is ready; one
// Scratch serves one goroutine.
type Scratch struct {
	b []float32 // unpacked panels
	a []float32 // the last rows, filled up to a tile
	c []float32
}

func grow(s []float32, n int) []float32 {
	if cap(s) < n {
		return make([]float32, n)
	}
	return s[:n]
}

// Mul computes C = A·B for m rows: row i of A starts at a[i*lda], row i of C at
// c[i*ldc]. Rows of A may overlap (lda < K), which makes a convolution over
// time a plain product.
func (k *Kernels) Mul(s *Scratch, c []float32, ldc int, a []float32, lda, m int, b *Matrix) {
	k = k.fit(b.N)
	blocks := (b.K + blockK - 1) / blockK
	step := (b.K + blocks - 1) / blocks
	width := k.panels * Panel
	s.b = grow(s.b, step*width)
	check(c, ldc, a, lda, m, b.K, b.N)
	for k0 := 0; k0 < b.K; k0 += step {
		n := min(step, b.K-k0)
		for p := 0; p < b.N; p += width {
			for i := range k.panels {
				q := b.q[(p+i*Panel)*b.K+k0*Panel:][:n*Panel]
				k.unpack(len(q), &s.b[i*n*Panel], &q[0], b.Zero, b.Scale)
			}
			k.strip(s, c[p:], ldc, a[k0:], lda, m, n, &s.b[0], k0 > 0)
		}
	}
}

// MulPanels is Mul for a matrix of floats.
func (k *Kernels) MulPanels(s *Scratch, c []float32, ldc int, a []float32, lda, m int, b *Panels) {
	k = k.fit(b.N)
	check(c, ldc, a, lda, m, b.K, b.N)
	width := k.panels * Panel
	for p := 0; p < b.N; p += width {
		k.strip(s, c[p:], ldc, a, lda, m, b.K, &b.f[p*b.K], false)
	}
}

// strip runs down all m rows for the columns of one tile.
func (k *Kernels) strip(s *Scratch, c []float32, ldc int, a []float32, lda, m, kn int, b *float32, add bool) {
	i := 0
	for ; i+k.rows <= m; i += k.rows {
		k.tile(kn, &a[i*lda], lda, b, &c[i*ldc], ldc, add)
	}
	if i == m {
		return
	}
	// The last rows: a tile of their copies, so that assembly never reads or
	// writes outside.
	width := k.panels * Panel
	s.a, s.c = grow(s.a, k.rows*kn), grow(s.c, k.rows*width)
	for r := range k.rows {
		if i+r < m {
			copy(s.a[r*kn:][:kn], a[(i+r)*lda:])
			if add {
				copy(s.c[r*width:][:width], c[(i+r)*ldc:])
			}
		} else {
			clear(s.a[r*kn:][:kn])
		}
	}
	k.tile(kn, &s.a[0], kn, b, &s.c[0], width, add)
	for r := 0; i+r < m; r++ {
		copy(c[(i+r)*ldc:][:width], s.c[r*width:])
	}
}

func (k *Kernels) fit(n int) *Kernels {
	if n%(k.panels*Panel) != 0 {
		return k.small
	}
	return k
}

func check(c []float32, ldc int, a []float32, lda, m, kn, n int) {
	if m <= 0 || lda <= 0 || ldc < n || len(a) < (m-1)*lda+kn || len(c) < (m-1)*ldc+n {
		panic(fmt.Sprintf("kernel: product of %d by %d by %d: %d and %d floats in steps of %d and %d", m, kn, n, len(a), len(c), lda, ldc))
	}
}

// MulRow computes y = x·B for one row.
func (k *Kernels) MulRow(y, x []float32, b *Matrix) {
	check(y, b.N, x, b.K, 1, b.K, b.N)
	k.gemvI8(b.K, &x[0], &b.q[0], b.N/Panel, &y[0])
	// Σ x·(q-zero)·scale = (Σ x·q - zero·Σ x)·scale
	var sum float32
	for _, v := range x[:b.K] {
		sum += v
	}
	sum *= b.Zero
	y = y[:b.N]
	for i, v := range y {
		y[i] = (v - sum) * b.Scale
	}
}

// MulRowPanels computes y = x·B for one row.
func (k *Kernels) MulRowPanels(y, x []float32, b *Panels) {
	check(y, b.N, x, b.K, 1, b.K, b.N)
	k.gemvF32(b.K, &x[0], &b.f[0], b.N/Panel, &y[0])
}
