package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestKernelsAreNamedAndOrdered(t *testing.T) {
	t.Parallel()
	all := All()
	if all[0].Name() != "portable" || Best().Name() != all[len(all)-1].Name() {
		t.Errorf("first %q, best %q", all[0].Name(), Best().Name())
	}
	t.Logf("best: %s", Best().Name())
}

// noise returns n numbers in [-1, 1) that start off floats past an aligned
// address.
func noise(r *rand.Rand, n, off int) []float32 {
	x := make([]float32, n+off)
	for i := range x {
		x[i] = r.Float32()*2 - 1
	}
	return x[off:]
}

// random fills a matrix.
func random(r *rand.Rand) func([]int8, int, int) {
	return func(dst []int8, _, _ int) {
		for i := range dst {
			dst[i] = int8(r.IntN(256) - 128)
		}
	}
}

func near(t *testing.T, what string, got, want []float32, tol float64) {
	t.Helper()
	for i, w := range want {
		if d := math.Abs(float64(got[i] - w)); !(d <= tol) {
			t.Fatalf("%s: [%d] = %g, want %g", what, i, got[i], w)
		}
	}
}

func TestMulAgainstDoublePrecision(t *testing.T) {
	t.Parallel()
	for _, k := range All() {
		r := rand.New(rand.NewPCG(1, 2))
		var s Scratch
		for _, d := range []struct{ m, k, n, lda, pad, off int }{
			{1, 1, 16, 1, 0, 0},
			{5, 3, 16, 3, 5, 1},
			{6, 36, 48, 41, 0, 3},
			{7, 127, 288, 64, 3, 1},
			{8, 288, 96, 288, 0, 0},
			{13, 385, 32, 385, 1, 5},
			{17, 1152, 48, 1152, 0, 2},
			{25, 2016, 64, 864, 7, 1},
		} {
			b := Quantised(d.k, d.n, 0.01, 3, random(r))
			a := noise(r, (d.m-1)*d.lda+d.k, d.off)
			ldc := d.n + d.pad
			c := noise(r, (d.m-1)*ldc+d.n+9, 1)
			before := append([]float32(nil), c...)
			k.Mul(&s, c, ldc, a, d.lda, d.m, b)
			want := append([]float32(nil), before...) // what lies between and after the rows must stay
			col := make([]float32, d.k)
			for n := range d.n {
				b.Column(col, n)
				for m := range d.m {
					var sum float64
					for i, v := range col {
						sum += float64(v) * float64(a[m*d.lda+i])
					}
					want[m*ldc+n] = float32(sum)
				}
			}
			name := fmt.Sprintf("%s %+v", k.Name(), d)
			near(t, name, c, want, 1e-5*math.Sqrt(float64(d.k))*3)

			y := noise(r, d.n+3, 1)
			k.MulRow(y[:d.n], a, b)
			near(t, name+" row", y, want[:d.n], 1e-5*math.Sqrt(float64(d.k))*6)
		}
	}
}

func TestMulPanels(t *testing.T) {
	t.Parallel()
	for _, k := range All() {
		r := rand.New(rand.NewPCG(3, 4))
		var s Scratch
		var b Panels
		for _, d := range []struct{ m, k, n int }{{1, 36, 1}, {50, 36, 50}, {9, 77, 36}, {6, 5, 144}} {
			b.Reset(d.k, d.n)
			cols := make([][]float32, d.n)
			for n := range cols {
				cols[n] = noise(r, d.k, 0)
				b.SetColumn(n, cols[n])
			}
			if d.n%2 == 0 { // the same again through rows
				b.Reset(d.k, d.n)
				for i := range d.k {
					row := make([]float32, d.n)
					for n := range row {
						row[n] = cols[n][i]
					}
					b.SetRow(i, row)
				}
			}
			a := noise(r, d.m*d.k, 1)
			c := noise(r, d.m*b.N, 0)
			k.MulPanels(&s, c, b.N, a, d.k, d.m, &b)
			y := make([]float32, b.N)
			for m := range d.m {
				k.MulRowPanels(y, a[m*d.k:][:d.k], &b)
				near(t, k.Name()+" row", y, c[m*b.N:][:b.N], 1e-5)
				for n, col := range cols {
					var sum float64
					for i, v := range col {
						sum += float64(v) * float64(a[m*d.k+i])
					}
					near(t, k.Name(), y[n:n+1], []float32{float32(sum)}, 1e-5)
				}
				for _, v := range y[d.n:] {
					if v != 0 {
						t.Fatalf("%s: column beyond the last is %g", k.Name(), v)
					}
				}
			}
		}
	}
}

func TestShortSlicesPanic(t *testing.T) {
	t.Parallel()
	b := Quantised(4, 16, 1, 0, func([]int8, int, int) {})
	var p Panels
	p.Reset(4, 16)
	var s Scratch
	long, short := make([]float32, 100), make([]float32, 15)
	for name, f := range map[string]func(k *Kernels){
		"result":      func(k *Kernels) { k.Mul(&s, short, 16, long, 4, 1, b) },
		"input":       func(k *Kernels) { k.Mul(&s, long, 16, short, 4, 4, b) },
		"stride":      func(k *Kernels) { k.Mul(&s, long, 8, long, 4, 2, b) },
		"row result":  func(k *Kernels) { k.MulRow(short, long, b) },
		"row input":   func(k *Kernels) { k.MulRow(long, short[:3], b) },
		"panel input": func(k *Kernels) { k.MulRowPanels(long, short[:3], &p) },
		"no rows":     func(k *Kernels) { k.MulPanels(&s, long, 48, long, 4, 0, &p) },
	} {
		for _, k := range All() {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s: %s: no panic", k.Name(), name)
					}
				}()
				f(k)
			}()
		}
	}
}

func TestExpSumAndMax(t *testing.T) {
	t.Parallel()
	for _, k := range All() {
		r := rand.New(rand.NewPCG(5, 6))
		for n := 1; n < 70; n++ {
			x := noise(r, n, n%5)
			for i := range x {
				x[i] *= 40
			}
			if n > 3 {
				x[1], x[2] = -1e9, float32(math.Inf(-1))
			}
			top := float32(math.Inf(-1))
			for _, v := range x {
				top = max(top, v)
			}
			if got := k.Max(x); got != top {
				t.Fatalf("%s: max of %d = %g, want %g", k.Name(), n, got, top)
			}
			want := make([]float64, n)
			var sum float64
			for i, v := range x {
				want[i] = math.Exp(math.Max(expMin, 0.5*float64(v)-0.5*float64(top)))
				sum += want[i]
			}
			got := k.SoftmaxNumerators(x, 0.5)
			if math.Abs(float64(got)-sum) > 1e-5*sum {
				t.Fatalf("%s: sum of %d = %g, want %g", k.Name(), n, got, sum)
			}
			for i, w := range want {
				if math.Abs(float64(x[i])-w) > 3e-6*w {
					t.Fatalf("%s: [%d] = %g, want %g", k.Name(), i, x[i], w)
				}
			}
		}
	}
}

func TestActivations(t *testing.T) {
	t.Parallel()
	for _, k := range All() {
		var x []float32
		for v := -12.0; v <= 12; v += 0.0371 {
			x = append(x, float32(v))
		}
		x = append(x, 0, 100, -100, 1e-6, -1e-6, 1e9, -1e9)
		x = x[:len(x)&^1]
		tmp := make([]float32, len(x))
		th, ge, si := append([]float32(nil), x...), append([]float32(nil), x...), make([]float32, len(x))
		k.Tanh(th, tmp)
		k.Gelu(ge, []float32{0.25, -0.5}, tmp)
		k.GatedSilu(si, x, x, tmp)
		for i, f := range x {
			v := float64(f)
			b := v + []float64{0.25, -0.5}[i%2]
			for _, c := range []struct {
				name      string
				got, want float64
			}{
				{"tanh", float64(th[i]), math.Tanh(v)},
				{"gelu", float64(ge[i]), b * 0.5 * (1 + math.Erf(b/math.Sqrt2))},
				{"silu", float64(si[i]), v * v / (1 + math.Exp(-v))},
			} {
				if math.Abs(c.got-c.want) > 2e-6*(1+math.Abs(c.want)) {
					t.Fatalf("%s: %s(%g) = %g, want %g", k.Name(), c.name, v, c.got, c.want)
				}
			}
		}
	}
}

// FuzzMul compares every kernel with the portable one on any small shape.
func FuzzMul(f *testing.F) {
	f.Add(uint64(1), uint8(7), uint16(33), uint8(3), uint8(9), int8(3))
	f.Add(uint64(2), uint8(1), uint16(1), uint8(0), uint8(0), int8(-128))
	f.Add(uint64(3), uint8(16), uint16(400), uint8(5), uint8(1), int8(0))
	f.Fuzz(func(t *testing.T, seed uint64, m uint8, kn uint16, panels, over uint8, zero int8) {
		rows, depth, n := int(m)%20+1, int(kn)%800+1, (int(panels)%7+1)*Panel
		lda := max(1, depth-int(over)%16)
		r := rand.New(rand.NewPCG(seed, 0))
		b := Quantised(depth, n, 1.0/128, float32(zero), random(r))
		a := noise(r, (rows-1)*lda+depth, int(seed%3))
		var s Scratch
		want, got, row := make([]float32, rows*n), make([]float32, rows*n), make([]float32, n)
		Portable().Mul(&s, want, n, a, lda, rows, b)
		tol := 1e-6 * float64(depth) * (1 + math.Abs(float64(zero))/128)
		for _, k := range All()[1:] {
			k.Mul(&s, got, n, a, lda, rows, b)
			near(t, k.Name(), got, want, tol)
			k.MulRow(row, a, b)
			near(t, k.Name()+" row", row, want[:n], 2*tol)
		}
	})
}

// FuzzExp compares the exponentials of every kernel with the library's.
func FuzzExp(f *testing.F) {
	f.Add(float32(0), float32(1), float32(0), uint8(8))
	f.Add(float32(-200), float32(0.5), float32(3), uint8(21))
	f.Fuzz(func(t *testing.T, v, scale, shift float32, n uint8) {
		arg := float64(float32(v*scale) + shift)
		if math.IsNaN(arg) || math.Abs(arg) > 80 || math.Abs(float64(v*scale)) > 100 || n == 0 {
			return
		}
		for _, k := range All() {
			x := make([]float32, n)
			for i := range x {
				x[i] = v
			}
			k.ExpSum(x, scale, shift)
			for i := range x {
				if w := math.Exp(float64(v)*float64(scale) + float64(shift)); math.Abs(float64(x[i])-w) > 4e-5*w {
					t.Fatalf("%s: [%d] = %g, want %g", k.Name(), i, x[i], w)
				}
			}
		}
	})
}

func BenchmarkMul(b *testing.B) {
	for _, k := range All() {
		b.Run(k.Name(), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			w := Quantised(288, 1152, 0.01, 3, random(r))
			a, c := noise(r, 400*288, 0), make([]float32, 400*1152)
			var s Scratch
			for b.Loop() {
				k.Mul(&s, c, 1152, a, 288, 400, w)
			}
			b.ReportMetric(2*400*288*1152*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}

func BenchmarkMulRow(b *testing.B) {
	for _, k := range All() {
		b.Run(k.Name(), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			w := Quantised(288, 32768, 0.01, 3, random(r))
			x, y := noise(r, 288, 0), make([]float32, 32768)
			for b.Loop() {
				k.MulRow(y, x, w)
			}
		})
	}
}

func BenchmarkExpSum(b *testing.B) {
	for _, k := range All() {
		b.Run(k.Name(), func(b *testing.B) {
			x := make([]float32, 4096)
			for b.Loop() {
				k.ExpSum(x, -1, 0)
			}
		})
	}
}
