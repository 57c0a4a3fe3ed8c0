package pad_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	pion "github.com/pion/opus"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
	"github.com/trackscribe/trackscribe/internal/audio/pad"
	"github.com/trackscribe/trackscribe/internal/audio/webm"
	"github.com/trackscribe/trackscribe/internal/testenv"
)

// decoder decodes with a library that is unrelated to the one that encoded.
type decoder struct {
	d        pion.Decoder
	channels int
	buf      []float32
}

func newDecoder(t *testing.T, channels int) *decoder {
	t.Helper()
	d, err := pion.NewDecoderWithOutput(48000, channels)
	if err != nil {
		t.Fatal(err)
	}
	return &decoder{d, channels, make([]float32, 5760*channels)}
}

// at decodes a packet and puts its last channel into pcm from pos on.
func (d *decoder) at(t *testing.T, pcm []float32, pos int64, packet []byte) {
	t.Helper()
	n, err := d.d.DecodeToFloat32(packet, d.buf)
	if err != nil || n != opus.Samples(packet) {
		t.Fatalf("decode packet at %d: %d samples, %v", pos, n, err)
	}
	for i := range n {
		if k := pos + int64(i); k >= 0 && k < int64(len(pcm)) {
			pcm[k] = d.buf[i*d.channels+d.channels-1]
		}
	}
}

// decode decodes a padded file from the recording's start on.
func decode(t *testing.T, file []byte, samples int) []float32 {
	t.Helper()
	r, err := pad.Open(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	d := newDecoder(t, r.Format().Channels)
	pcm := make([]float32, samples)
	for {
		pos, packet, err := r.Next()
		if err == io.EOF {
			return pcm
		}
		if err != nil {
			t.Fatal(err)
		}
		d.at(t, pcm, pos, packet)
	}
}

// lag returns by how many samples b is behind a around the window, and the
// correlation there.
func lag(a, b []float32, at, length, most int) (int, float64) {
	best, where := -2.0, 0
	for l := -most; l <= most; l++ {
		var ab, aa, bb float64
		for i := at; i < at+length; i++ {
			x, y := float64(a[i]), float64(b[i+l])
			ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
		}
		if c := ab / math.Sqrt(aa*bb+1e-30); c > best {
			best, where = c, l
		}
	}
	return where, best
}

func power(pcm []float32) float64 {
	sum := 0.0
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return sum / float64(len(pcm))
}

// The sound of a padded file must lie where the raw packets' time stamps put
// it, for every kind of track, and be the same sound.
func TestPaddedSoundIsInPlace(t *testing.T) {
	t.Parallel()
	specs := audiotest.Meeting(16)
	specs[2].Offset, specs[3].Offset = 3.004, 1.533
	limits := [4]int{0, 60, 4*48 + 4*48, 60} // jitter may move the start
	for k, spec := range specs {
		t.Run(string('0'+rune(k)), func(t *testing.T) {
			t.Parallel()
			packets, err := audiotest.Packets(spec)
			if err != nil {
				t.Fatal(err)
			}
			channels := max(spec.Coding.Channels, 1)
			file := raw(t, packets, audiotest.Live{Channels: channels})
			tl, _, out := padded(t, file, pad.Options{})
			samples := int(tl.Duration*48000+0.5) + 2*48000
			want := make([]float32, samples)
			voiced := make([]bool, samples/960) // frames that are not near a gap
			d := newDecoder(t, channels)
			streak, next := 0, int64(-1)
			for _, p := range packets {
				d.at(t, want, p.True, p.Data)
				if p.True != next {
					streak = 0
				}
				next = p.True + 960
				if streak++; streak > 10 {
					voiced[p.True/960] = true
				}
			}
			got := decode(t, out, samples)
			windows := 0
			for at := 48000; at+9600+1000 < samples; at += 24000 {
				inside := true
				for f := at/960 - 1; f <= (at+9600)/960; f++ {
					inside = inside && voiced[f]
				}
				if !inside || power(want[at:at+9600]) < 1e-4 {
					continue
				}
				windows++
				l, c := lag(want, got, at, 9600, 300)
				if l > limits[k] || l < -limits[k] || c < 0.99 {
					t.Errorf("at %.2f s: lag of %d samples, correlation %.4f", float64(at)/48000, l, c)
				}
				var noise float64
				for i := at; i < at+9600; i++ {
					e := float64(want[i] - got[i+l])
					noise += e * e / 9600
				}
				if snr := 10 * math.Log10(power(want[at:at+9600])/(noise+1e-15)); snr < 25 {
					t.Errorf("at %.2f s: %.1f dB from the raw packets' sound", float64(at)/48000, snr)
				}
			}
			if windows < 10 {
				t.Errorf("only %d windows with sound", windows)
			}
			// Before the track begins, and in its mutes, there is nothing.
			quiet := slices.Clone(got[:int(tl.Offset*48000)-1000])
			for _, g := range tl.Gaps {
				quiet = append(quiet, got[int(g.Start*48000)+1000:int((g.Start+g.Length)*48000)-100]...)
			}
			if p := power(quiet); p > 1e-12 {
				t.Errorf("silence has a power of %g", p)
			}
			t.Logf("%d windows, %d gaps of %.1f s, drift %.4f s", windows, tl.GapCount, tl.GapSeconds, tl.MaxDrift)
		})
	}
}

// tone is a sound that is known at every instant.
func tone(rate int, seconds float64) []float32 {
	pcm := make([]float32, int(seconds*float64(rate)))
	for i := range pcm {
		s := float64(i) / float64(rate)
		pcm[i] = float32(0.4 * math.Sin(2*math.Pi*(220*s+60*s*s)) * math.Pow(math.Sin(math.Pi*1.7*s), 2))
	}
	return pcm
}

type encoder struct{ *opus.Encoder }

func (encoder) Lookahead() int { return opus.Lookahead }

func newEncoder() (pad.Encoder, error) {
	e, err := opus.NewEncoder(opus.EncoderOptions{})
	return encoder{e}, err
}

func TestPadWAV(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		format audiotest.WAVFormat
		offset float64
	}{
		{audiotest.WAVFormat{}, 0},
		{audiotest.WAVFormat{Rate: 44100, Channels: 2, Extensible: true}, 2.5},
		{audiotest.WAVFormat{Rate: 16000, Bits: 24}, 0.0123},
		{audiotest.WAVFormat{Rate: 96000, Bits: 32, Float: true, Unknown: true}, 7},
	} {
		var file bytes.Buffer
		rate := tc.format.Rate
		if rate == 0 {
			rate = 48000
		}
		if err := audiotest.WAV(&file, tone(rate, 5), tc.format); err != nil {
			t.Fatal(err)
		}
		tl, got, out := padded(t, file.Bytes(), pad.Options{ClockOffset: tc.offset, NewEncoder: newEncoder})
		end := tc.offset + 5
		warnings := 0 // without any clock, beginning with the recording is the rule
		if tc.offset > 0 {
			warnings = 1
		}
		if tl.Offset != math.Round(tc.offset*48000)/48000 || math.Abs(tl.Duration-end) > 1e-4 || tl.Packets != len(got) || tl.SampleRate != rate || len(tl.Warnings) != warnings {
			t.Errorf("%+v: timeline %+v, %d packets", tc, tl, len(got))
		}
		pcm := decode(t, out, int(end*48000)+2000)
		start := int(math.Round(tc.offset * 48000))
		want := append(make([]float32, start), tone(48000, 5)...)
		for _, at := range []int{start + 12000, start + 180000} {
			if l, c := lag(want, pcm, at, 24000, 100); l != 0 || c < 0.98 {
				t.Errorf("%+v at %d: lag of %d samples, correlation %.4f", tc, at, l, c)
			}
		}
	}
	var file bytes.Buffer
	if err := audiotest.WAV(&file, tone(48000, 1), audiotest.WAVFormat{}); err != nil {
		t.Fatal(err)
	}
	if _, err := pad.Pad(t.Context(), &file, nowhere{}, pad.Options{}); !errors.Is(err, pad.ErrNoEncoder) {
		t.Errorf("PCM without an encoder gives %v", err)
	}
	file.Reset()
	if err := audiotest.WAV(&file, nil, audiotest.WAVFormat{}); err != nil {
		t.Fatal(err)
	}
	if tl, got, _ := padded(t, file.Bytes(), pad.Options{NewEncoder: newEncoder}); tl.Packets != 0 || tl.Duration != 0 || len(got) != 0 {
		t.Errorf("an empty WAV file: %+v", tl)
	}
}

func TestPadOgg(t *testing.T) {
	t.Parallel()
	packets := made(900, 0)
	for i := 400; i < 900; i++ {
		packets[i].True += 48000 * 30
	}
	for _, offset := range []float64{0, 12.5} {
		var file bytes.Buffer
		if err := audiotest.Ogg(&file, packets, audiotest.OggOptions{}); err != nil {
			t.Fatal(err)
		}
		tl, got, _ := padded(t, file.Bytes(), pad.Options{ClockOffset: offset})
		want := make([]audiotest.Packet, len(packets))
		for i, p := range packets {
			want[i] = audiotest.Packet{True: p.True - 312 + int64(offset*48000), Data: p.Data}
		}
		if far := worst(t, want, got); far > 0 || tl.GapCount != 1 || (len(tl.Warnings) == 1) != (offset > 0) {
			t.Errorf("packets are off by up to %d samples; %+v", far, tl)
		}
	}
}

// What an encoder with a container of its own does with the shared recordings
// must agree with what we do.
func TestPadAgainstFFmpeg(t *testing.T) {
	t.Parallel()
	ffmpeg := testenv.Program(t, "ffmpeg")
	files, err := filepath.Glob(filepath.Join(testenv.SharedData(t), "meeting4", "tracks", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tracks: %v", err)
	}
	in, err := os.Open(files[1])
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	name := filepath.Join(t.TempDir(), "padded.webm")
	out, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	tl, err := pad.Pad(t.Context(), in, out, pad.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	pcm := func(args ...string) []float32 {
		args = append(append([]string{"-v", "error"}, args...), "-ac", "1", "-f", "f32le", "-ar", "48000", "-")
		b, err := exec.CommandContext(t.Context(), ffmpeg, args...).Output()
		if err != nil {
			t.Fatal(err)
		}
		all := make([]float32, len(b)/4)
		for i := range all {
			all[i] = math.Float32frombits(uint32(b[4*i]) | uint32(b[4*i+1])<<8 | uint32(b[4*i+2])<<16 | uint32(b[4*i+3])<<24)
		}
		return all
	}
	ours := pcm("-i", name)
	theirs := pcm("-copyts", "-t", "90", "-i", files[1], "-af", "aresample=async=1:first_pts=0")
	if d := math.Abs(float64(len(ours))/48000 - tl.Duration); d > 0.001 {
		t.Errorf("ffmpeg decodes %.3f s of a file of %.3f s", float64(len(ours))/48000, tl.Duration)
	}
	windows := 0
	for at := 48000 * 8; at+48000 < min(len(ours), len(theirs)); at += 48000 * 7 {
		if power(ours[at:at+24000]) < 1e-4 {
			continue
		}
		windows++
		if l, c := lag(theirs, ours, at, 24000, 400); l < -60 || l > 60 || c < 0.98 {
			t.Errorf("at %d s: %d samples behind ffmpeg's, correlation %.4f", at/48000, l, c)
		}
	}
	if windows < 3 {
		t.Errorf("only %d windows with speech", windows)
	}
}

func TestPadRefuses(t *testing.T) {
	t.Parallel()
	for name, file := range map[string][]byte{
		"empty": nil,
		"video": raw(t, nil, audiotest.Live{VideoOnly: true}),
		"mp4":   []byte("\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00isommp42"),
		"text":  []byte("<Error>no such key</Error>"),
		"cut":   raw(t, nil, audiotest.Live{})[:50],
	} {
		_, err := pad.Pad(t.Context(), bytes.NewReader(file), nowhere{}, pad.Options{})
		if !audio.IsBadData(err) {
			t.Errorf("%s: %v is not marked as bad data", name, err)
		}
	}
	if _, err := pad.Pad(t.Context(), bytes.NewReader(nil), nowhere{}, pad.Options{}); !errors.Is(err, audio.ErrEmpty) {
		t.Errorf("an empty file gives %v", err)
	}
	if _, err := pad.Open(bytes.NewReader([]byte("RIFF    WAVE"))); !errors.Is(err, webm.ErrNotWebM) {
		t.Errorf("Open of a WAV file gives %v", err)
	}
}
