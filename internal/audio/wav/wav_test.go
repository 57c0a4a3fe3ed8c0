package wav_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/audio/wav"
)

func file(t testing.TB, pcm []float32, f audiotest.WAVFormat) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := audiotest.WAV(&b, pcm, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(t *testing.T, r io.Reader) ([]float32, *wav.Reader) {
	t.Helper()
	in, err := wav.NewReader(r)
	if err != nil {
		t.Fatalf("NewReader: %v", err)
	}
	var all []float32
	buf := make([]float32, 1000)
	for {
		n, err := in.Read(buf)
		all = append(all, buf[:n]...)
		if err == io.EOF {
			return all, in
		}
		if err != nil {
			t.Fatalf("Read: %v", err)
		}
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	pcm := audiotest.Sine(8000, 440, 0.8, 1.01)
	for _, tc := range []struct {
		codec string
		f     audiotest.WAVFormat
		far   float64
	}{
		{"pcm_u8", audiotest.WAVFormat{Bits: 8}, 1. / 64},
		{"pcm_s16le", audiotest.WAVFormat{}, 1e-4},
		{"pcm_s16le", audiotest.WAVFormat{Channels: 2, Rate: 44100, Extensible: true}, 1e-4},
		{"pcm_s16le", audiotest.WAVFormat{Unknown: true, DataSize: 0}, 1e-4},
		{"pcm_s16le", audiotest.WAVFormat{Unknown: true, DataSize: math.MaxUint32}, 1e-4},
		{"pcm_s24le", audiotest.WAVFormat{Bits: 24, Channels: 3, Chunks: true}, 1e-6},
		{"pcm_s32le", audiotest.WAVFormat{Bits: 32, Chunks: true}, 1e-6},
		{"pcm_f32le", audiotest.WAVFormat{Bits: 32, Float: true}, 1e-7},
		{"pcm_f32le", audiotest.WAVFormat{Bits: 32, Float: true, Extensible: true, Channels: 2}, 1e-7},
	} {
		b := file(t, pcm, tc.f)
		for _, r := range []io.Reader{bytes.NewReader(b), iotest.HalfReader(bytes.NewReader(b))} {
			got, in := read(t, r)
			want := audio.Format{Codec: tc.codec, SampleRate: max(tc.f.Rate, 0), Channels: max(tc.f.Channels, 1)}
			if want.SampleRate == 0 {
				want.SampleRate = 48000
			}
			if diff := cmp.Diff(want, in.Format()); diff != "" {
				t.Errorf("%+v: format differs:\n%s", tc.f, diff)
			}
			if len(got) != len(pcm) || len(in.Warnings()) != 0 {
				t.Fatalf("%+v: %d samples, want %d; warnings %q", tc.f, len(got), len(pcm), in.Warnings())
			}
			for i := range pcm {
				if math.Abs(float64(got[i]-pcm[i])) > tc.far {
					t.Fatalf("%+v: sample %d is %g, want %g", tc.f, i, got[i], pcm[i])
				}
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	pcm := []float32{0.1, 0.2}
	short := file(t, pcm, audiotest.WAVFormat{})
	for _, tc := range []struct {
		name string
		file []byte
		want error
	}{
		{"empty", nil, audio.ErrEmpty},
		{"stub", []byte("RIFF"), wav.ErrNotWAV},
		{"avi", []byte("RIFF\x00\x00\x00\x00AVI LIST"), wav.ErrNotWAV},
		{"header cut", short[:30], wav.ErrHeader},
		{"no channels", bytes.Replace(short, []byte("\x01\x00\x01\x00"), []byte("\x01\x00\x00\x00"), 1), wav.ErrHeader},
		{"no rate", bytes.Replace(short, []byte("\x80\xbb\x00\x00"), []byte("\x00\x00\x00\x00"), 1), wav.ErrHeader},
		{"sound before format", []byte("RIFF\x20\x00\x00\x00WAVEdata\x04\x00\x00\x00\x00\x00\x00\x00"), wav.ErrHeader},
		{"aac", file(t, pcm, audiotest.WAVFormat{Tag: 0xFF}), &audio.UnsupportedCodecError{Codec: "aac", Container: "wav"}},
		{"mp3, extensible", file(t, pcm, audiotest.WAVFormat{Tag: 0x55, Extensible: true}), &audio.UnsupportedCodecError{Codec: "mp3", Container: "wav"}},
		{"unknown", file(t, pcm, audiotest.WAVFormat{Tag: 0x1234}), &audio.UnsupportedCodecError{Codec: "format 0x1234", Container: "wav"}},
	} {
		_, err := wav.NewReader(bytes.NewReader(tc.file))
		if !errors.Is(err, tc.want) && !cmp.Equal(err, tc.want) {
			t.Errorf("%s: NewReader gives %v, want %v", tc.name, err, tc.want)
		}
		if !audio.IsBadData(err) {
			t.Errorf("%s: %v is not marked as bad data", tc.name, err)
		}
	}
}

func TestCutOrBroken(t *testing.T) {
	t.Parallel()
	b := file(t, audiotest.Sine(48000, 440, 0.5, 1), audiotest.WAVFormat{Channels: 2})
	got, in := read(t, bytes.NewReader(b[:44+4*1000+3]))
	if len(got) != 1000 || len(in.Warnings()) != 1 {
		t.Errorf("a cut file: %d samples, want 1000; warnings %q", len(got), in.Warnings())
	}
	in, err := wav.NewReader(io.MultiReader(bytes.NewReader(b[:5000]), iotest.ErrReader(io.ErrUnexpectedEOF)))
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = in.Read(make([]float32, 100))
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a broken transfer gives %v", err)
	}
}

func FuzzReader(f *testing.F) {
	pcm := audiotest.Sine(8000, 440, 0.5, 0.01)
	f.Add([]byte{})
	for _, format := range []audiotest.WAVFormat{
		{}, {Bits: 24, Channels: 2, Chunks: true}, {Bits: 32, Float: true, Extensible: true}, {Unknown: true}, {Tag: 0xFF},
	} {
		b := file(f, pcm, format)
		f.Add(b)
		f.Add(b[:len(b)-5])
		f.Add(b[:25])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		in, err := wav.NewReader(bytes.NewReader(b))
		if err != nil {
			if !audio.IsBadData(err) {
				t.Fatalf("NewReader: %v is not marked as bad data", err)
			}
			return
		}
		buf := make([]float32, 64)
		total := 0
		for {
			n, err := in.Read(buf)
			for _, v := range buf[:n] {
				if !(v >= -1 && v <= 1) {
					t.Fatalf("sample of %g", v)
				}
			}
			if total += n; total > len(b) {
				t.Fatalf("%d samples from %d bytes", total, len(b))
			}
			if err == io.EOF {
				return
			}
			if err != nil {
				t.Fatalf("Read: %v", err)
			}
		}
	})
}
