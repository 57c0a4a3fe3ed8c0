package moonshine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trackscribe/trackscribe/internal/asr/kernel"
	"github.com/trackscribe/trackscribe/internal/asr/onnx"
)

// weights finds a graph's constants by the model's own names. Its first error
// stays; what comes after it is empty.
type weights struct {
	tensors map[string]onnx.Tensor
	matmul  map[string]string // a layer's name -> its quantised weight's
	err     error
}

// merged is what the export tool appends to names that the merged decoder's
// two branches share.
const merged = "_merged_0"

func newWeights(g *onnx.Graph) *weights {
	w := &weights{tensors: g.Tensors, matmul: map[string]string{}}
	w.nodes(g)
	return w
}

// nodes notes the weight of each quantised product. The merged decoder holds
// its graph twice, with and without a cache; else_branch is the one without,
// which has the products that fill the cache.
func (w *weights) nodes(g *onnx.Graph) {
	for _, n := range g.Nodes {
		if n.Op == "MatMulInteger" && len(n.Inputs) > 1 {
			w.matmul[strings.TrimSuffix(strings.TrimPrefix(n.Name, "/"), "/MatMul_quant")] = n.Inputs[1]
		}
		if sub := n.Subgraphs["else_branch"]; sub != nil {
			w.nodes(sub)
		}
	}
}

func (w *weights) fail(format string, a ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, a...)
	}
}

// tensor finds a constant and checks its shape.
func (w *weights) tensor(name string, dims ...int) (onnx.Tensor, bool) {
	t, ok := w.tensors[name]
	if !ok {
		t, ok = w.tensors[name+merged]
	}
	if !ok {
		w.fail("no constant %q", name)
		return t, false
	}
	if dims != nil && !slices.Equal(t.Dims, dims) {
		w.fail("constant %q has shape %v, not %v", name, t.Dims, dims)
		return t, false
	}
	return t, true
}

// vector returns n floats, of whatever shape.
func (w *weights) vector(name string, n int) []float32 {
	t, ok := w.tensor(name)
	if !ok {
		return nil
	}
	f, err := t.Floats()
	if err != nil || len(f) != n {
		w.fail("constant %q is not %d floats", name, n)
		return nil
	}
	return f
}

func (w *weights) scalar(name string) float32 {
	if f := w.vector(name, 1); f != nil {
		return f[0]
	}
	return 0
}

// quantised packs a k × n matrix out of the 8-bit tensor of the given name and
// shape. Element (row, col) is at index(row) + col·step.
func (w *weights) quantised(name string, dims []int, k, n, step int, index func(row int) int) *kernel.Matrix {
	t, ok := w.tensor(name, dims...)
	if !ok {
		return nil
	}
	stem, suffix := strings.CutSuffix(name, merged)
	stem = strings.TrimSuffix(stem, "_quantized")
	if suffix {
		stem += merged
	}
	scale := w.scalar(stem + "_scale")
	if len(t.Data) != k*n || !(scale > 0) {
		w.fail("constant %q: %d bytes, scale %g", name, len(t.Data), scale)
		return nil
	}
	zt, ok := w.tensor(stem + "_zero_point")
	if !ok {
		return nil
	}
	var flip byte
	var zero float32
	switch {
	case t.Type == onnx.Uint8 && zt.Type == onnx.Uint8 && len(zt.Data) == 1:
		// value = (q-zero)·scale, moved down into the signed range
		flip, zero = 0x80, float32(zt.Data[0])-128
	case t.Type == onnx.Int8 && zt.Type == onnx.Float && len(zt.Data) == 4:
		// value = q·scale + zero
		zero = -w.scalar(stem+"_zero_point") / scale
	default:
		w.fail("constant %q: type %d with a zero point of type %d", name, t.Type, zt.Type)
		return nil
	}
	return kernel.Quantised(k, n, scale, zero, func(dst []int8, row, col int) {
		at := index(row) + col*step
		for i := range dst {
			dst[i] = int8(t.Data[at] ^ flip)
			at += step
		}
	})
}

// linear packs the weight of a layer's product, a k × n matrix.
func (w *weights) linear(layer string, k, n int) *kernel.Matrix {
	name, ok := w.matmul[layer]
	if !ok {
		w.fail("no product %q", layer)
		return nil
	}
	return w.quantised(name, []int{k, n}, k, n, 1, func(row int) int { return row * n })
}

// conv packs a convolution's weight, [out][in][width], for products over rows
// of samples: row x of the matrix is tap x/in of channel x%in.
func (w *weights) conv(name string, out, in, width int) *kernel.Matrix {
	return w.quantised(name+".weight_quantized", []int{out, in, width}, in*width, out, in*width, func(row int) int {
		return row%in*width + row/in
	})
}
