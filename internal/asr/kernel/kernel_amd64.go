package kernel

import "golang.org/x/sys/cpu"

func native() []*Kernels {
	if !cpu.X86.HasAVX2 || !cpu.X86.HasFMA {
		return nil
	}
	avx2 := &Kernels{
		name: "avx2", rows: 6, panels: 1,
		tile: tileAVX2, gemvF32: gemvF32AVX2, gemvI8: gemvI8AVX2,
		unpack: unpackAVX2, exp: expAVX2, max: maxAVX2,
	}
	if !cpu.X86.HasAVX512F || !cpu.X86.HasAVX512DQ || !cpu.X86.HasAVX512VL {
		return []*Kernels{avx2}
	}
	wide := *avx2
	wide.name, wide.rows, wide.panels = "avx512", 8, 3
	wide.tile, wide.gemvI8 = tileAVX512, gemvI8AVX512
	wide.small = avx2
	return []*Kernels{avx2, &wide}
}

//go:noescape
func tileAVX2(k int, a *float32, lda int, b *float32, c *float32, ldc int, add bool)

//go:noescape
func tileAVX512(k int, a *float32, lda int, b *float32, c *float32, ldc int, add bool)

//go:noescape
func gemvF32AVX2(k int, x *float32, b *float32, n int, y *float32)

//go:noescape
func gemvI8AVX2(k int, x *float32, b *int8, n int, y *float32)

//go:noescape
func gemvI8AVX512(k int, x *float32, b *int8, n int, y *float32)

//go:noescape
func unpackAVX2(n int, dst *float32, q *int8, zero, scale float32)

//go:noescape
func expAVX2(n int, x *float32, scale, shift float32, lanes *[8]float32)

//go:noescape
func maxAVX2(n int, x *float32) float32
