package opus

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	pion "github.com/pion/opus"
	"github.com/thesyncim/gopus"
)

func TestSamples(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		packet []byte
		want   int
	}{
		{"empty", nil, 0},
		{"toc only, SILK 10 ms", []byte{0 << 3}, 480},
		{"SILK 60 ms", []byte{3 << 3, 1}, 2880},
		{"hybrid 10 ms", []byte{12 << 3, 1}, 480},
		{"hybrid 20 ms", []byte{13 << 3, 1}, 960},
		{"CELT 2.5 ms", []byte{28 << 3, 1}, 120},
		{"CELT 20 ms stereo", []byte{31<<3 | 4, 1}, 960},
		{"two equal frames", []byte{31<<3 | 1, 1, 2}, 1920},
		{"two equal frames, odd", []byte{31<<3 | 1, 1, 2, 3}, 0},
		{"two frames", []byte{31<<3 | 2, 2, 1, 2, 3}, 1920},
		{"two frames, first too long", []byte{31<<3 | 2, 4, 1, 2, 3}, 0},
		{"two frames, no size", []byte{31<<3 | 2}, 0},
		{"code 3, six of 20 ms", []byte{31<<3 | 3, 6, 1, 2, 3, 4, 5, 6}, 5760},
		{"code 3, seven of 20 ms", []byte{31<<3 | 3, 7, 1, 2, 3, 4, 5, 6, 7}, 0},
		{"code 3, 48 of 2.5 ms", append([]byte{28<<3 | 3, 48}, make([]byte, 48)...), 5760},
		{"code 3, none", []byte{31<<3 | 3, 0}, 0},
		{"code 3, no count", []byte{31<<3 | 3}, 0},
		{"code 3, uneven", []byte{31<<3 | 3, 2, 1}, 0},
		{"code 3, vbr", []byte{31<<3 | 3, 0x80 | 3, 1, 2, 9, 8, 8, 7}, 2880},
		{"code 3, vbr too short", []byte{31<<3 | 3, 0x80 | 3, 1, 9, 8}, 0},
		{"code 3, padded", []byte{31<<3 | 3, 0x40 | 1, 2, 9, 0, 0}, 960},
		{"code 3, padding too long", []byte{31<<3 | 3, 0x40 | 1, 4, 9, 0, 0}, 0},
		{"frame too long", make([]byte, 1277), 0},
		{"longest frame", make([]byte, 1276), 480},
	} {
		if got := Samples(tc.packet); got != tc.want {
			t.Errorf("%s: Samples = %d, want %d", tc.name, got, tc.want)
		}
	}
}

// Two unrelated decoders, in mono and in stereo, must find every silent packet
// legal and hear nothing in it.
func TestSilenceDecodesToZeros(t *testing.T) {
	t.Parallel()
	for _, n := range []int{120, 240, 480, 960, 5760} {
		p := Silence(n)
		if Samples(p) != n || !IsSilence(p) {
			t.Errorf("Silence(%d): Samples %d, IsSilence %v", n, Samples(p), IsSilence(p))
		}
		for _, channels := range []int{1, 2} {
			g, err := gopus.NewDecoder(gopus.DefaultDecoderConfig(48000, channels))
			if err != nil {
				t.Fatal(err)
			}
			o, err := pion.NewDecoderWithOutput(48000, channels)
			if err != nil {
				t.Fatal(err)
			}
			for name, decode := range map[string]func([]byte, []float32) (int, error){"gopus": g.Decode, "pion": o.DecodeToFloat32} {
				out := make([]float32, 5760*channels)
				got, err := decode(p, out)
				if err != nil || got != n {
					t.Errorf("%s: decode Silence(%d), %d channels: %d samples, %v", name, n, channels, got, err)
				}
				for _, v := range out {
					if v != 0 {
						t.Errorf("%s: Silence(%d) sounds: %g", name, n, v)
						break
					}
				}
			}
		}
	}
	if Silence(100) != nil || Silence(1920) != nil {
		t.Error("Silence made a packet of a length that it has not got")
	}
	for _, p := range [][]byte{nil, {0xf8}, {0xfc, 0xff, 0xfe}, {0xf8, 0xff, 0xff}, {0xd8, 0xff, 0xfe}, {0xf8, 0xff, 0xfe, 0}, make([]byte, 14)} {
		if IsSilence(p) {
			t.Errorf("IsSilence(% x) = true", p)
		}
	}
}

func TestNextSilence(t *testing.T) {
	t.Parallel()
	for n := int64(120); n < 20000; n += 120 {
		sum := int64(0)
		for sum < n {
			p, s := NextSilence(n - sum)
			if p == nil || Samples(p) != s {
				t.Fatalf("NextSilence(%d) = % x, %d", n-sum, p, s)
			}
			sum += int64(s)
		}
		if sum != n {
			t.Fatalf("filled %d samples, want %d", sum, n)
		}
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	want := Head{Channels: 2, PreSkip: 312, SampleRate: 44100, Gain: -256}
	b := want.Append(nil)
	got, ok := ParseHead(b)
	if !ok || !cmp.Equal(got, want) {
		t.Errorf("ParseHead: %v %s", ok, cmp.Diff(want, got))
	}
	for _, bad := range [][]byte{nil, b[:18], bytes.Replace(b, []byte("Head"), []byte("Tags"), 1), (Head{Channels: 3}).Append(nil), (Head{}).Append(nil)} {
		if _, ok := ParseHead(bad); ok {
			t.Errorf("ParseHead(%q) took it", bad)
		}
	}
}

// A packet that Samples finds legal must be one that a decoder finds legal,
// with the same length, and the other way round.
func FuzzSamples(f *testing.F) {
	for _, n := range []int{120, 240, 480, 960, 5760} {
		f.Add(Silence(n))
	}
	f.Add([]byte{})
	f.Add([]byte{31<<3 | 3, 0x80 | 3, 1, 2, 9, 8, 8, 7})
	f.Add([]byte{31<<3 | 3, 0x40 | 1, 255, 2, 9, 0, 0})
	f.Add([]byte{31<<3 | 2, 252, 0, 1, 2, 3})
	f.Fuzz(func(t *testing.T, p []byte) {
		got := Samples(p)
		if got < 0 || got > MaxSamples || got%120 != 0 {
			t.Fatalf("Samples = %d", got)
		}
		info, err := gopus.ParsePacket(p)
		want := 0
		if err == nil {
			want = info.FrameCount * info.TOC.FrameSize
		}
		if got != want {
			t.Errorf("Samples = %d, gopus says %d (%v)", got, want, err)
		}
	})
}
