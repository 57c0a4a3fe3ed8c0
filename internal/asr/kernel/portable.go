package kernel

import "unsafe"

// The portable kernels take addresses as the assembly does, so that both sit
// behind one signature; the callers in matrix.go have checked the lengths.

func tileGo(k int, a *float32, lda int, b *float32, c *float32, ldc int, add bool) {
	a0 := unsafe.Slice(a, lda+k)
	a1 := a0[lda:][:k]
	a0 = a0[:k]
	bs := unsafe.Slice(b, k*Panel)
	cs := unsafe.Slice(c, ldc+Panel)
	for j := 0; j < Panel; j += 4 {
		var s [8]float32
		if add {
			copy(s[:4], cs[j:])
			copy(s[4:], cs[ldc+j:])
		}
		s00, s01, s02, s03 := s[0], s[1], s[2], s[3]
		s10, s11, s12, s13 := s[4], s[5], s[6], s[7]
		p := bs[j:]
		for i, x := range a0 {
			y := a1[i]
			q := (*[4]float32)(p)
			s00 += x * q[0]
			s01 += x * q[1]
			s02 += x * q[2]
			s03 += x * q[3]
			s10 += y * q[0]
			s11 += y * q[1]
			s12 += y * q[2]
			s13 += y * q[3]
			p = p[min(Panel, len(p)):]
		}
		cs[j], cs[j+1], cs[j+2], cs[j+3] = s00, s01, s02, s03
		cs[ldc+j], cs[ldc+j+1], cs[ldc+j+2], cs[ldc+j+3] = s10, s11, s12, s13
	}
}

func gemvF32Go(k int, x *float32, b *float32, n int, y *float32) {
	xs, bs, ys := unsafe.Slice(x, k), unsafe.Slice(b, k*n*Panel), unsafe.Slice(y, n*Panel)
	clear(ys)
	for p := range n {
		acc := (*[Panel]float32)(ys[p*Panel:])
		for i, v := range xs {
			row := (*[Panel]float32)(bs[(p*k+i)*Panel:])
			for j := range acc {
				acc[j] += v * row[j]
			}
		}
	}
}

func gemvI8Go(k int, x *float32, b *int8, n int, y *float32) {
	xs, bs, ys := unsafe.Slice(x, k), unsafe.Slice(b, k*n*Panel), unsafe.Slice(y, n*Panel)
	clear(ys)
	for p := range n {
		acc := (*[Panel]float32)(ys[p*Panel:])
		for i, v := range xs {
			row := (*[Panel]int8)(bs[(p*k+i)*Panel:])
			for j := range acc {
				acc[j] += v * float32(row[j])
			}
		}
	}
}

func unpackGo(n int, dst *float32, q *int8, zero, scale float32) {
	d := unsafe.Slice(dst, n)
	for i, v := range unsafe.Slice(q, n) {
		d[i] = (float32(v) - zero) * scale
	}
}

func expGo(n int, x *float32, scale, shift float32, lanes *[8]float32) {
	for i, v := range unsafe.Slice(x, n) {
		e := exp1(v*scale + shift)
		unsafe.Slice(x, n)[i] = e
		lanes[i&7] += e
	}
}

func maxGo(n int, x *float32) float32 {
	xs := unsafe.Slice(x, n)
	m := xs[0]
	for _, v := range xs {
		m = max(m, v)
	}
	return m
}
