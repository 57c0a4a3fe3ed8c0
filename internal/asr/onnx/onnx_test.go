package onnx

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A writer for the messages of the tests.

func vint(number int, v uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, uint64(number)<<3), v)
}

func msg(number int, parts ...[]byte) []byte {
	var body []byte
	for _, p := range parts {
		body = append(body, p...)
	}
	head := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(number)<<3|bytesWire), uint64(len(body)))
	return append(head, body...)
}

func str(number int, s string) []byte { return msg(number, []byte(s)) }

func floats(v ...float32) (b []byte) {
	for _, f := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b
}

func join(parts ...[]byte) []byte {
	m := msg(1, parts...)
	return m[len(m)-sum(parts):]
}

func sum(parts [][]byte) (n int) {
	for _, p := range parts {
		n += len(p)
	}
	return n
}

// sample is a small model with what the real ones use: packed and single
// dims, raw, float and int32 data, a node with branches, unknown fields.
func sample() []byte {
	branch := msg(6, msg(1, str(1, "x"), str(1, "w_quantized"), str(3, "/q/MatMul"), str(4, "MatMulInteger")))
	graph := msg(7,
		str(2, "graph name"),
		msg(5, vint(1, 2), vint(1, 3), vint(2, uint64(Uint8)), str(8, "w_quantized"), str(9, "\x00\x01\x02\xfd\xfe\xff")),
		msg(5, vint(2, uint64(Float)), str(8, "w_scale"), msg(4, floats(0.5))),
		msg(5, vint(2, uint64(Uint8)), str(8, "w_zero"), msg(5, []byte{0x8d, 0x01})),
		msg(5, msg(1, []byte{2}), vint(2, uint64(Float)), str(8, "bias"), msg(9, floats(1, -2))),
		msg(5, vint(2, 9), str(8, "a bool"), str(9, "\x01")),
		msg(5, vint(2, uint64(Float)), vint(1, 100), str(8, "elsewhere"), vint(14, 1)),
		msg(1, str(3, "cond"), str(4, "If"), msg(5, str(1, "then_branch"), branch), msg(5, str(1, "alpha"), vint(3, 7))),
	)
	return join(vint(1, 8), append(binary.AppendUvarint(nil, 99<<3|fixed32Wire), 1, 2, 3, 4), graph)
}

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := Parse(sample())
	if err != nil {
		t.Fatal(err)
	}
	want := &Graph{
		Tensors: map[string]Tensor{
			"w_quantized": {Type: Uint8, Dims: []int{2, 3}, Data: []byte{0, 1, 2, 253, 254, 255}},
			"w_scale":     {Type: Float, Data: floats(0.5)},
			"w_zero":      {Type: Uint8, Data: []byte{141}},
			"bias":        {Type: Float, Dims: []int{2}, Data: floats(1, -2)},
		},
		Nodes: []Node{{Op: "If", Name: "cond", Subgraphs: map[string]*Graph{"then_branch": {
			Tensors: map[string]Tensor{},
			Nodes:   []Node{{Op: "MatMulInteger", Name: "/q/MatMul", Inputs: []string{"x", "w_quantized"}}},
		}}}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	f, err := got.Tensors["bias"].Floats()
	if d := cmp.Diff([]float32{1, -2}, f); d != "" || err != nil {
		t.Error(d, err)
	}
	if _, err := got.Tensors["w_zero"].Floats(); err == nil {
		t.Error("bytes were given as floats")
	}
}

func TestParseRejects(t *testing.T) {
	t.Parallel()
	tensor := func(parts ...[]byte) []byte { return msg(7, msg(5, append(parts, str(8, "bad one"))...)) }
	deep := msg(1, str(4, "If"))
	for range maxDepth + 2 {
		deep = msg(1, msg(5, str(1, "b"), msg(6, deep)))
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":           {nil, "no graph"},
		"text":            {[]byte("<html>not found</html>"), "parse onnx"},
		"bad tag":         {[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, "bad field tag"},
		"field 0":         {[]byte{0, 1}, "bad field tag"},
		"group":           {[]byte{7<<3 | 3}, "wire type 3"},
		"length too long": {[]byte{7<<3 | bytesWire, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, "ends within"},
		"short fixed":     {[]byte{7<<3 | fixed64Wire, 1, 2}, "ends within"},
		"short varint":    {[]byte{1 << 3, 0x80}, "ends within"},
		"too few bytes":   {tensor(vint(1, 3), vint(2, uint64(Float)), msg(9, floats(1, 2))), "bad one"},
		"too many bytes":  {tensor(vint(1, 1), vint(2, uint64(Float)), msg(9, floats(1, 2))), "needs 4 bytes"},
		"huge shape":      {tensor(vint(1, 1<<31-1), vint(1, 1<<31-1), vint(1, 1<<31-1), vint(2, uint64(Uint8)), str(9, "x")), "needs more"},
		"huge dimension":  {tensor(vint(1, 1<<40), vint(2, uint64(Uint8))), "dimension"},
		"many dimensions": {tensor(msg(1, make([]byte, 9)), vint(2, uint64(Uint8))), "dimension"},
		"deep":            {msg(7, deep), "nested deeper"},
	} {
		_, err := Parse(c.data)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
	// Cut anywhere, it is an error or a smaller model; never a panic.
	s := sample()
	for i := range s {
		Parse(s[:i])
	}
}

func FuzzParse(f *testing.F) {
	f.Add(sample())
	f.Add(sample()[:40])
	f.Add([]byte{7<<3 | bytesWire, 0})
	f.Add([]byte{7<<3 | bytesWire, 4, 5<<3 | bytesWire, 2, 1 << 3, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := Parse(b)
		if err != nil {
			return
		}
		for name, x := range g.Tensors {
			n := x.Type.size()
			for _, d := range x.Dims {
				n *= d
			}
			if n != len(x.Data) || len(x.Data) > len(b) {
				t.Errorf("%q: %v of type %d in %d bytes", name, x.Dims, x.Type, len(x.Data))
			}
			x.Floats()
		}
	})
}
