package opus_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	pion "github.com/pion/opus"

	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
)

// snr returns the ratio of want to its difference from got, in dB, at the lag
// (got is late by that much) within ±maxLag that gives the highest.
func snr(want, got []float32, maxLag int) (best float64, lag int) {
	best = math.Inf(-1)
	for l := -maxLag; l <= maxLag; l++ {
		var signal, noise float64
		for i := maxLag; i < min(len(want), len(got))-maxLag; i++ {
			d := float64(want[i] - got[i+l])
			signal += float64(want[i]) * float64(want[i])
			noise += d * d
		}
		if r := 10 * math.Log10(signal/max(noise, 1e-30)); r > best {
			best, lag = r, l
		}
	}
	return best, lag
}

func decodeAll(t testing.TB, packets [][]byte, o opus.DecoderOptions) []float32 {
	t.Helper()
	dec, err := opus.NewDecoder(o)
	if err != nil {
		t.Fatal(err)
	}
	channels := max(o.Channels, 1)
	buf := make([]float32, opus.MaxSamples*channels)
	var out []float32
	for i, p := range packets {
		n, err := dec.Decode(p, buf)
		if err != nil {
			t.Fatalf("packet %d: %v", i, err)
		}
		out = append(out, buf[:n*channels]...)
	}
	return out
}

// The oracle is another implementation, written by others.
func TestDecoderAgreesWithOracle(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		coding audiotest.Coding
		want   float64 // dB
	}{
		{"hybrid", audiotest.Coding{}, 45},
		{"SILK", audiotest.Coding{Bitrate: 14000}, 45},
		{"SILK DTX", audiotest.Coding{Bitrate: 14000, DTX: true}, 45},
		{"CELT", audiotest.Coding{Bitrate: 64000, Music: true}, 95},
		{"CELT stereo", audiotest.Coding{Bitrate: 96000, Music: true, Channels: 2}, 95},
		{"CELT 5 ms", audiotest.Coding{Bitrate: 64000, Music: true, Milliseconds: 5}, 95},
		{"60 ms", audiotest.Coding{Milliseconds: 60, Bitrate: 16000}, 45},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			packets, err := audiotest.Encode(audiotest.Speech(7, 3), tt.coding)
			if err != nil {
				t.Fatal(err)
			}
			channels := max(tt.coding.Channels, 1)
			oracle, err := pion.NewDecoderWithOutput(48000, channels)
			if err != nil {
				t.Fatal(err)
			}
			var want []float32
			buf := make([]float32, opus.MaxSamples*channels)
			for i, p := range packets {
				n, err := oracle.DecodeToFloat32(p, buf)
				if err != nil {
					t.Fatalf("oracle, packet %d: %v", i, err)
				}
				want = append(want, buf[:n*channels]...)
			}
			got := decodeAll(t, packets, opus.DecoderOptions{Channels: channels})
			if len(got) != len(want) {
				t.Fatalf("%d samples, oracle has %d", len(got), len(want))
			}
			ratio, lag := snr(want, got, 4)
			t.Logf("%.1f dB at lag %d", ratio, lag)
			if ratio < tt.want {
				t.Errorf("%.1f dB from the oracle, want at least %.0f", ratio, tt.want)
			}
		})
	}
}

func TestDecoderRates(t *testing.T) {
	t.Parallel()
	packets, err := audiotest.Encode(audiotest.Sine(48000, 440, 0.5, 1), audiotest.Coding{})
	if err != nil {
		t.Fatal(err)
	}
	for _, rate := range []int{8000, 12000, 16000, 24000, 48000} {
		for _, channels := range []int{1, 2} {
			got := decodeAll(t, packets, opus.DecoderOptions{SampleRate: rate, Channels: channels})
			if want := rate * channels; len(got) != want {
				t.Errorf("%d Hz, %d channels: %d samples, want %d", rate, channels, len(got), want)
			}
			var power float64
			for _, v := range got[len(got)/2:] {
				power += float64(v) * float64(v)
			}
			if level := 10 * math.Log10(power/float64(len(got)/2)); math.Abs(level+9.03) > 0.5 {
				t.Errorf("%d Hz, %d channels: sine at %.1f dB, want -9.0", rate, channels, level)
			}
		}
	}
	if _, err := opus.NewDecoder(opus.DecoderOptions{SampleRate: 44100}); !errors.Is(err, opus.ErrCodec) {
		t.Errorf("44100 Hz: error %v, want ErrCodec", err)
	}
}

func encodeAll(t testing.TB, pcm []float32, o opus.EncoderOptions) [][]byte {
	t.Helper()
	enc, err := opus.NewEncoder(o)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, opus.MaxPacket)
	var out [][]byte
	for i := 0; i+opus.FrameSize <= len(pcm); i += opus.FrameSize {
		n, err := enc.Encode(pcm[i:i+opus.FrameSize], buf)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, append([]byte(nil), buf[:n]...))
	}
	return out
}

func TestEncodeDecode(t *testing.T) {
	t.Parallel()
	pcm := audiotest.Speech(3, 5)
	packets := encodeAll(t, pcm, opus.EncoderOptions{})
	bytes := 0
	for _, p := range packets {
		bytes += len(p)
		if n := opus.Samples(p); n != opus.FrameSize {
			t.Fatalf("packet of %d samples", n)
		}
	}
	if rate := float64(bytes) * 8 / 5; rate < 35000 || rate > 58000 {
		t.Errorf("%.0f bit/s, want about 48000", rate)
	}
	got := decodeAll(t, packets, opus.DecoderOptions{})
	ratio, lag := snr(pcm, got, opus.Lookahead+8)
	t.Logf("%.1f dB at lag %d, %d bit/s", ratio, lag, bytes*8/5)
	if lag != opus.Lookahead {
		t.Errorf("delay of %d samples, want %d", lag, opus.Lookahead)
	}
	if ratio < 10 {
		t.Errorf("%.1f dB from what was encoded, want at least 10", ratio)
	}
}

// What is cut with DisablePrediction decodes on its own: a decoder that starts
// there is soon where one is that heard all before.
func TestDisablePrediction(t *testing.T) {
	t.Parallel()
	pcm := audiotest.Speech(3, 2)
	enc, err := opus.NewEncoder(opus.EncoderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, opus.MaxPacket)
	var packets [][]byte
	const cut = 50
	for i := range len(pcm) / opus.FrameSize {
		enc.DisablePrediction(i == cut)
		n, err := enc.Encode(pcm[i*opus.FrameSize:][:opus.FrameSize], buf)
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, append([]byte(nil), buf[:n]...))
	}
	all := decodeAll(t, packets, opus.DecoderOptions{})[(cut+1)*opus.FrameSize:]
	from := decodeAll(t, packets[cut:], opus.DecoderOptions{})[opus.FrameSize:]
	if ratio, _ := snr(all, from, 0); ratio < 30 {
		t.Errorf("decoding from the cut on is %.1f dB from decoding all, want at least 30", ratio)
	}
}

func TestConceal(t *testing.T) {
	t.Parallel()
	packets, err := audiotest.Encode(audiotest.Sine(48000, 300, 0.5, 1), audiotest.Coding{})
	if err != nil {
		t.Fatal(err)
	}
	dec, err := opus.NewDecoder(opus.DecoderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]float32, opus.MaxSamples)
	if n, err := dec.Conceal(buf[:opus.FrameSize]); n != opus.FrameSize || err != nil {
		t.Errorf("before any packet: %d samples, error %v", n, err)
	}
	for _, p := range packets[:20] {
		if _, err := dec.Decode(p, buf); err != nil {
			t.Fatal(err)
		}
	}
	n, err := dec.Conceal(buf[:opus.FrameSize])
	if n != opus.FrameSize || err != nil {
		t.Fatalf("%d samples, error %v", n, err)
	}
	var peak float32
	for _, v := range buf[:n] {
		peak = max(peak, v)
	}
	if peak < 0.1 {
		t.Errorf("a sine goes on at %.3f, want it heard", peak)
	}
}

func TestDecodeErrors(t *testing.T) {
	t.Parallel()
	dec, err := opus.NewDecoder(opus.DecoderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]float32, opus.MaxSamples)
	for name, p := range map[string][]byte{
		"empty": nil, "no frames": {0xfb, 0}, "too long": {0xfb, 48}, "odd halves": {0xf9, 1}, "size cut off": {0xfa},
	} {
		if _, err := dec.Decode(p, buf); !errors.Is(err, opus.ErrCodec) {
			t.Errorf("%s: error %v, want ErrCodec", name, err)
		}
	}
	if n, err := dec.Decode(opus.Silence(960), buf); n != 960 || err != nil {
		t.Errorf("after the errors: %d samples, error %v", n, err)
	}
	if _, err := dec.Decode(opus.Silence(960), buf[:100]); err == nil {
		t.Error("no error for a buffer that is too short")
	}
}

// hostile decodes p after a good packet and checks what must hold whatever p is.
func hostile(t *testing.T, dec *opus.Decoder, p []byte, buf []float32) {
	t.Helper()
	n, err := dec.Decode(p, buf)
	if err != nil {
		if !errors.Is(err, opus.ErrCodec) {
			t.Fatalf("packet %x: error %v, want ErrCodec", p, err)
		}
		return
	}
	if n > opus.MaxSamples {
		t.Fatalf("packet %x: %d samples", p, n)
	}
	for _, v := range buf[:n] {
		if v != v {
			t.Fatalf("packet %x: NaN", p)
		}
	}
}

func TestHostilePackets(t *testing.T) {
	t.Parallel()
	dec, err := opus.NewDecoder(opus.DecoderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]float32, opus.MaxSamples)
	r := rand.New(rand.NewPCG(1, 2))
	good, err := audiotest.Encode(audiotest.Speech(1, 1), audiotest.Coding{FEC: true})
	if err != nil {
		t.Fatal(err)
	}
	for range 3000 {
		p := append([]byte(nil), good[r.IntN(len(good))]...)
		for range 1 + r.IntN(8) {
			p[r.IntN(len(p))] = byte(r.Uint32())
		}
		hostile(t, dec, p[:r.IntN(len(p)+1)], buf)
	}
}

func FuzzDecode(f *testing.F) {
	good, err := audiotest.Encode(audiotest.Speech(1, 0.2), audiotest.Coding{Bitrate: 24000})
	if err != nil {
		f.Fatal(err)
	}
	for _, p := range good {
		f.Add(p)
	}
	f.Add(opus.Silence(opus.MaxSamples))
	f.Add([]byte{})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, p []byte) {
		dec, err := opus.NewDecoder(opus.DecoderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]float32, opus.MaxSamples)
		hostile(t, dec, good[0], buf)
		hostile(t, dec, p, buf)
		hostile(t, dec, p, buf)
	})
}
