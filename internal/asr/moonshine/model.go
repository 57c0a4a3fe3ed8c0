package moonshine

import (
	"fmt"
	"math"

	"github.com/trackscribe/trackscribe/internal/asr/kernel"
)

// The model's shape.
const (
	width     = 288
	heads     = 8
	headWidth = width / heads
	rotary    = 32 // of each head's dimensions are turned by the position
	layers    = 6
	mlpWidth  = 1152
	convWidth = 576
	embedding = 32768

	// The front end's three convolutions: samples per step and samples seen.
	conv1Width, conv1Stride = 127, 64
	conv2Width, conv2Stride = 7, 3
	conv3Width, conv3Stride = 3, 2

	// frameSamples is how far apart the encoder's frames are: 24 ms.
	frameSamples = conv1Stride * conv2Stride * conv3Stride
	// minSamples gives at least two frames.
	minSamples = 2000
)

// Model is a loaded model. It does not change after Open and serves any number
// of goroutines.
type Model struct {
	kernels *kernel.Kernels
	workers int
	vocab   []string

	encoder encoder
	decoder decoder
}

type encoder struct {
	conv1, conv2, conv3  *kernel.Matrix
	groupMul, groupAdd   []float32
	conv2Bias, conv3Bias []float32
	layers               [layers]encoderLayer
	norm                 []float32
}

type encoderLayer struct {
	norm1, norm2     []float32
	attention        attention
	up, down         *kernel.Matrix
	upBias, downBias []float32
}

type attention struct{ q, k, v, out *kernel.Matrix }

type decoder struct {
	embed  *kernel.Matrix // width × embedding, both ways
	layers [layers]decoderLayer
	norm   []float32
}

type decoderLayer struct {
	norm1, norm2, norm3 []float32
	self, cross         attention
	up, down            *kernel.Matrix
	upBias, downBias    []float32
}

func (w *weights) attention(layer string) attention {
	return attention{
		q:   w.linear(layer+"/q_proj", width, width),
		k:   w.linear(layer+"/k_proj", width, width),
		v:   w.linear(layer+"/v_proj", width, width),
		out: w.linear(layer+"/dense", width, width),
	}
}

func (m *Model) buildEncoder(w *weights) {
	e := &m.encoder
	e.conv1 = w.conv("conv1", width, 1, conv1Width)
	e.conv2 = w.conv("conv2", convWidth, width, conv2Width)
	e.conv3 = w.conv("conv3", width, convWidth, conv3Width)
	e.conv2Bias = w.vector("conv2.bias", convWidth)
	e.conv3Bias = w.vector("conv3.bias", width)
	// The export tool named the group norm's constants after its nodes.
	e.groupMul = w.vector("onnx::Mul_1488", width)
	e.groupAdd = w.vector("onnx::Add_1489", width)
	e.norm = w.vector("layer_norm.weight", width)
	for i := range e.layers {
		slash, dot := fmt.Sprintf("layers.%d/", i), fmt.Sprintf("layers.%d.", i)
		e.layers[i] = encoderLayer{
			norm1:     w.vector(dot+"input_layernorm.weight", width),
			norm2:     w.vector(dot+"post_attention_layernorm.weight", width),
			attention: w.attention(slash + "self_attn"),
			up:        w.linear(slash+"mlp/fc1", width, mlpWidth),
			upBias:    w.vector(dot+"mlp.fc1.bias", mlpWidth),
			down:      w.linear(slash+"mlp/fc2", mlpWidth, width),
			downBias:  w.vector(dot+"mlp.fc2.bias", width),
		}
	}
}

func (m *Model) buildDecoder(w *weights) {
	d := &m.decoder
	d.embed = w.quantised("model.decoder.embed_tokens.weight"+merged+"_quantized", []int{embedding, width},
		width, embedding, width, func(row int) int { return row })
	d.norm = w.vector("model.decoder.norm.weight", width)
	for i := range d.layers {
		slash, dot := fmt.Sprintf("model/decoder/layers.%d/", i), fmt.Sprintf("model.decoder.layers.%d.", i)
		d.layers[i] = decoderLayer{
			norm1:    w.vector(dot+"input_layernorm.weight", width),
			norm2:    w.vector(dot+"post_attention_layernorm.weight", width),
			norm3:    w.vector(dot+"final_layernorm.weight", width),
			self:     w.attention(slash + "self_attn"),
			cross:    w.attention(slash + "encoder_attn"),
			up:       w.linear(slash+"mlp/up_proj", width, 2*mlpWidth),
			upBias:   w.vector(dot+"mlp.up_proj.bias", 2*mlpWidth),
			down:     w.linear(slash+"mlp/down_proj", mlpWidth, width),
			downBias: w.vector(dot+"mlp.down_proj.bias", width),
		}
	}
}

// layerNorm normalises each row of src into dst; there is no bias.
func layerNorm(dst, src, gain []float32) {
	const eps = 1e-5
	for o := 0; o < len(src); o += width {
		r, d := src[o:o+width], dst[o:o+width]
		var s [4]float32
		for i := 0; i < width; i += 4 {
			s[0] += r[i]
			s[1] += r[i+1]
			s[2] += r[i+2]
			s[3] += r[i+3]
		}
		mean := (s[0] + s[1] + s[2] + s[3]) / width
		s = [4]float32{}
		for i := 0; i < width; i += 4 {
			a, b, c, e := r[i]-mean, r[i+1]-mean, r[i+2]-mean, r[i+3]-mean
			s[0] += a * a
			s[1] += b * b
			s[2] += c * c
			s[3] += e * e
		}
		inv := float32(1 / math.Sqrt(float64((s[0]+s[1]+s[2]+s[3])/width)+eps))
		for i, g := range gain[:width] {
			d[i] = (r[i] - mean) * inv * g
		}
	}
}

func add(dst, src []float32) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] += v
	}
}

// addBiased adds src and a row of biases to every row of dst.
func addBiased(dst, src, bias []float32) {
	n := len(bias)
	for o := 0; o < len(dst); o += n {
		d, s := dst[o:o+n], src[o:o+n]
		for i, b := range bias {
			d[i] += s[i] + b
		}
	}
}

// rotations holds the rotary embedding's angles: base 10000, neighbouring
// dimensions as pairs.
type rotations struct{ cos, sin [][rotary / 2]float32 }

func (r *rotations) upTo(n int) {
	for p := len(r.cos); p < n; p++ {
		var c, s [rotary / 2]float32
		for i := range c {
			a := float64(p) / math.Pow(10000, float64(2*i)/rotary)
			c[i], s[i] = float32(math.Cos(a)), float32(math.Sin(a))
		}
		r.cos, r.sin = append(r.cos, c), append(r.sin, s)
	}
}

// turn rotates one row at the given position.
func (r *rotations) turn(x []float32, position int) {
	c, s := &r.cos[position], &r.sin[position]
	for h := 0; h < width; h += headWidth {
		p := x[h : h+rotary]
		for i := range c {
			a, b := p[2*i], p[2*i+1]
			p[2*i] = a*c[i] - b*s[i]
			p[2*i+1] = b*c[i] + a*s[i]
		}
	}
}
