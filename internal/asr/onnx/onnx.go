// Package onnx reads the constants out of an ONNX file: each graph's
// initialisers and the names by which its nodes use them. It is a reader of
// the few protobuf fields that this needs (onnx.proto3 of the ONNX project),
// not a runtime: it knows no operators and runs nothing.
//
// It promises to return an error, never to panic, to allocate no more than a
// small multiple of the input's size, and to hand out tensors only where their
// bytes match their shape. Tensors point into the input where they can.
package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// A DataType is a tensor's element type, as TensorProto.DataType numbers it.
type DataType int

// The element types that this package can give the size of.
const (
	Float DataType = 1
	Uint8 DataType = 2
	Int8  DataType = 3
	Int32 DataType = 6
	Int64 DataType = 7
)

func (d DataType) size() int {
	switch d {
	case Uint8, Int8:
		return 1
	case Float, Int32:
		return 4
	case Int64:
		return 8
	}
	return 0
}

// Tensor is one initialiser. Data is little-endian, row-major and as long as
// Dims and Type say.
type Tensor struct {
	Type DataType
	Dims []int
	Data []byte
}

// Floats returns a Float tensor's values.
func (t Tensor) Floats() ([]float32, error) {
	if t.Type != Float {
		return nil, fmt.Errorf("tensor of type %d is not of floats", t.Type)
	}
	f := make([]float32, len(t.Data)/4)
	for i := range f {
		f[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*i:]))
	}
	return f, nil
}

// Node is one operation of a graph.
type Node struct {
	Op, Name  string
	Inputs    []string
	Subgraphs map[string]*Graph // by attribute, such as then_branch
}

// Graph is a model's graph, or a branch of one.
type Graph struct {
	Nodes   []Node
	Tensors map[string]Tensor
}

// Parse reads a model file and returns its graph. Initialisers of types
// without a known size, and those kept in other files, are left out.
func Parse(model []byte) (*Graph, error) {
	var g *Graph
	err := fields(model, func(f field) (err error) {
		if f.number == 7 && f.wire == bytesWire {
			g, err = parseGraph(f.bytes, 0)
		}
		return err
	})
	if err == nil && g == nil {
		err = errors.New("no graph")
	}
	if err != nil {
		return nil, fmt.Errorf("parse onnx: %w", err)
	}
	return g, nil
}

// maxDepth limits branches within branches.
const maxDepth = 4

func parseGraph(b []byte, depth int) (*Graph, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("branches nested deeper than %d", maxDepth)
	}
	g := &Graph{Tensors: map[string]Tensor{}}
	err := fields(b, func(f field) error {
		if f.wire != bytesWire {
			return nil
		}
		switch f.number {
		case 1:
			n, err := parseNode(f.bytes, depth)
			g.Nodes = append(g.Nodes, n)
			return err
		case 5:
			name, t, ok, err := parseTensor(f.bytes)
			if err != nil {
				return fmt.Errorf("initialiser %q: %w", name, err)
			}
			if ok {
				g.Tensors[name] = t
			}
		}
		return nil
	})
	return g, err
}

func parseNode(b []byte, depth int) (n Node, err error) {
	err = fields(b, func(f field) error {
		if f.wire != bytesWire {
			return nil
		}
		switch f.number {
		case 1:
			n.Inputs = append(n.Inputs, string(f.bytes))
		case 3:
			n.Name = string(f.bytes)
		case 4:
			n.Op = string(f.bytes)
		case 5:
			return n.attribute(f.bytes, depth)
		}
		return nil
	})
	return n, err
}

func (n *Node) attribute(b []byte, depth int) error {
	var name string
	var graph *Graph
	err := fields(b, func(f field) (err error) {
		switch {
		case f.number == 1 && f.wire == bytesWire:
			name = string(f.bytes)
		case f.number == 6 && f.wire == bytesWire:
			graph, err = parseGraph(f.bytes, depth+1)
		}
		return err
	})
	if err != nil || graph == nil {
		return err
	}
	if n.Subgraphs == nil {
		n.Subgraphs = map[string]*Graph{}
	}
	n.Subgraphs[name] = graph
	return nil
}

// parseTensor reads a TensorProto; ok says whether its data is here and of a
// known size.
func parseTensor(b []byte) (name string, t Tensor, ok bool, err error) {
	external := false
	err = fields(b, func(f field) error {
		switch f.number {
		case 1: // dims, packed or not
			return f.varints(func(v uint64) error {
				if v > math.MaxInt32 || len(t.Dims) == 8 {
					return fmt.Errorf("dimension %d of size %d", len(t.Dims), v)
				}
				t.Dims = append(t.Dims, int(v))
				return nil
			})
		case 2:
			t.Type = DataType(f.value)
		case 4, 9: // float_data, raw_data: the same bytes on little-endian wire
			if f.wire == bytesWire {
				t.Data = f.bytes
			}
		case 5: // int32_data: one varint for each element, however small
			return f.varints(func(v uint64) error {
				t.Data = append(t.Data, byte(v))
				return nil
			})
		case 8:
			name = string(f.bytes)
		case 14:
			external = f.value != 0
		}
		return nil
	})
	size := t.Type.size()
	if err != nil || size == 0 || external {
		return name, t, false, err
	}
	n := size
	for _, d := range t.Dims {
		if d == 0 {
			n = 0
			break
		}
		if n > len(t.Data)/d {
			return name, t, false, fmt.Errorf("shape %v needs more than %d bytes", t.Dims, len(t.Data))
		}
		n *= d
	}
	if n != len(t.Data) {
		// int32_data of wider types, which nothing here uses, comes this way too.
		return name, t, false, fmt.Errorf("shape %v needs %d bytes, not %d", t.Dims, n, len(t.Data))
	}
	return name, t, true, nil
}
