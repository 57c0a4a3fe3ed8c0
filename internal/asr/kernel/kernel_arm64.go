package kernel

// Every arm64 CPU has NEON.
func native() []*Kernels {
	return []*Kernels{{
		name: "neon", rows: 6, panels: 1,
		tile: tileNEON, gemvF32: gemvF32NEON, gemvI8: gemvI8NEON,
		unpack: unpackNEON, exp: expNEON, max: maxNEON,
	}}
}

//go:noescape
func tileNEON(k int, a *float32, lda int, b *float32, c *float32, ldc int, add bool)

//go:noescape
func gemvF32NEON(k int, x *float32, b *float32, n int, y *float32)

//go:noescape
func gemvI8NEON(k int, x *float32, b *int8, n int, y *float32)

//go:noescape
func unpackNEON(n int, dst *float32, q *int8, zero, scale float32)

//go:noescape
func expNEON(n int, x *float32, scale, shift float32, lanes *[8]float32)

//go:noescape
func maxNEON(n int, x *float32) float32
