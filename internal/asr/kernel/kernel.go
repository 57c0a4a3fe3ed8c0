// Package kernel multiplies matrices of a small neural network on one CPU
// thread: panel-packed weights, a register-blocked product for many rows, a
// streaming product for one row, and the exponential that soft-max and the
// activations need. Go assembly for amd64 (AVX2 with FMA, AVX-512) and arm64
// (NEON), portable Go elsewhere.
//
// It promises the same bits for the same input on one machine, run after run
// and whatever runs beside it: every sum has one fixed order. Between kernels
// only rounding differs (the portable one does not fuse multiply and add on
// every platform), so results of different CPUs may differ in the last bits.
//
// It starts no goroutines, allocates nothing in the products and checks its
// slices' lengths before it hands their addresses to assembly; a slice that is
// too short is a programming error and panics.
package kernel

// Panel is the number of columns that are stored side by side. Every matrix
// has a multiple of Panel columns.
const Panel = 16

// blockK is the largest number of rows of a matrix that is unpacked at once:
// blockK × Panel floats stay in a first-level cache.
const blockK = 384

// Kernels is one implementation of the primitives. Get one with Best.
type Kernels struct {
	name string

	rows   int // rows of a tile
	panels int // panels of a tile

	// tile computes c[i][j] (+)= Σ_k a[i*lda+k]·b[k][j] for rows × (panels·Panel)
	// results; panels lie k·Panel floats apart.
	tile func(k int, a *float32, lda int, b *float32, c *float32, ldc int, add bool)
	// gemvF32 and gemvI8 compute y[j] = Σ_k x[k]·b[k][j] for n panels.
	gemvF32 func(k int, x *float32, b *float32, n int, y *float32)
	gemvI8  func(k int, x *float32, b *int8, n int, y *float32)
	// unpack writes (q-zero)·scale for n values, a multiple of Panel.
	unpack func(n int, dst *float32, q *int8, zero, scale float32)
	// exp replaces n values (a multiple of 8) by e^(x·scale+shift) and adds
	// them up in eight lanes, lane by lane.
	exp func(n int, x *float32, scale, shift float32, lanes *[8]float32)
	// max of n values, a multiple of 8, n > 0.
	max func(n int, x *float32) float32

	small *Kernels // takes matrices whose panels do not divide into tiles
}

// Name says which instructions the kernels use. It does not identify a
// result: every kernel gives the same result but for rounding.
func (k *Kernels) Name() string { return k.name }

// Best returns the fastest kernels that this CPU runs.
func Best() *Kernels {
	all := All()
	return all[len(all)-1]
}

// All returns every kind that this CPU runs, slowest first; the first is the
// portable one.
func All() []*Kernels { return append([]*Kernels{Portable()}, native()...) }

// Portable returns the kernels written in plain Go.
func Portable() *Kernels {
	return &Kernels{
		name: "portable", rows: 2, panels: 1,
		tile: tileGo, gemvF32: gemvF32Go, gemvI8: gemvI8Go,
		unpack: unpackGo, exp: expGo, max: maxGo,
	}
}
