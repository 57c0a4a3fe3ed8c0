package track_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/audio/track"
)

func write(t testing.TB, f func(w io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func samples(t testing.TB) (webm, ogg, wav []byte) {
	packets := []audiotest.Packet{{Data: []byte{0xf8, 1, 2}}, {True: 960, Time: 20e6, Data: []byte{0xf8, 3, 4}}}
	webm = write(t, func(w io.Writer) error { return audiotest.WriteLive(w, packets, audiotest.Live{Channels: 2}) })
	ogg = write(t, func(w io.Writer) error { return audiotest.Ogg(w, packets, audiotest.OggOptions{}) })
	wav = write(t, func(w io.Writer) error {
		return audiotest.WAV(w, make([]float32, 100), audiotest.WAVFormat{Rate: 16000})
	})
	return webm, ogg, wav
}

func TestOpen(t *testing.T) {
	t.Parallel()
	webm, ogg, wav := samples(t)
	for container, file := range map[string][]byte{"webm": webm, "ogg": ogg, "wav": wav} {
		in, err := track.Open(bytes.NewReader(file), track.Options{})
		if err != nil {
			t.Fatalf("%s: %v", container, err)
		}
		if in.Container != container || in.RecordingClock != (container == "webm") || len(in.Warnings()) != 0 {
			t.Errorf("%s: %+v", container, in)
		}
		if (in.PCM != nil) != (container == "wav") || (in.Packets != nil) == (container == "wav") {
			t.Fatalf("%s: PCM %v, packets %v", container, in.PCM, in.Packets)
		}
		if in.Packets == nil {
			n, err := in.PCM.Read(make([]float32, 200))
			if n != 100 || err != nil && err != io.EOF {
				t.Errorf("%s: %d samples, %v", container, n, err)
			}
			continue
		}
		n := 0
		for {
			if _, err := in.Packets.Next(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", container, err)
			}
			n++
		}
		if n != 2 {
			t.Errorf("%s: %d packets, want 2", container, n)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	unsupported := func(codec, container string) error {
		return &audio.UnsupportedCodecError{Codec: codec, Container: container}
	}
	fill := string(make([]byte, 40))
	for name, tc := range map[string]struct {
		file string
		want error
	}{
		"empty":    {"", audio.ErrEmpty},
		"zeros":    {fill, track.ErrUnknown},
		"a byte":   {"x", track.ErrUnknown},
		"mp4":      {"\x00\x00\x00\x1cftypisom" + fill, unsupported("aac or other", "mp4")},
		"mp3":      {"ID3\x04\x00" + fill, unsupported("mp3", "mp3")},
		"bare mp3": {"\xff\xfb\x90\x64" + fill, unsupported("mp3", "mp3")},
		"adts":     {"\xff\xf1\x50\x80" + fill, unsupported("aac", "adts")},
		"flac":     {"fLaC\x00\x00\x00\x22" + fill, unsupported("flac", "flac")},
		"avi":      {"RIFF\x00\x00\x00\x00AVI LIST" + fill, unsupported("video", "avi")},
		"ts":       {"\x47\x40\x11\x10" + fill, unsupported("video", "mpeg-ts")},
	} {
		_, err := track.Open(bytes.NewReader([]byte(tc.file)), track.Options{})
		if !errors.Is(err, tc.want) && !cmp.Equal(err, tc.want) {
			t.Errorf("%s: Open gives %v, want %v", name, err, tc.want)
		}
		if !audio.IsBadData(err) {
			t.Errorf("%s: %v is not marked as bad data", name, err)
		}
	}
	for _, text := range []string{"<?xml version=\"1.0\"?><Error/>", " \r\n{\"error\": 403}", "\ufeff<html>"} {
		_, err := track.Open(bytes.NewReader([]byte(text)), track.Options{})
		var bad *audio.DataError
		if !errors.As(err, &bad) || bad.Hint() == "" || errors.Is(err, track.ErrUnknown) {
			t.Errorf("%q: Open gives %v", text, err)
		}
	}
	broken := errors.New("connection reset")
	if _, err := track.Open(iotest.ErrReader(broken), track.Options{}); !errors.Is(err, broken) || audio.IsBadData(err) {
		t.Errorf("a broken transfer gives %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	webm, ogg, wav := samples(f)
	for _, b := range [][]byte{nil, webm, ogg, wav, []byte("ID3"), []byte("\x00\x00\x00\x1cftyp"), []byte("<x>")} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		in, err := track.Open(bytes.NewReader(b), track.Options{})
		if err != nil && !audio.IsBadData(err) {
			t.Fatalf("%v is not marked as bad data", err)
		}
		if err == nil && (in.PCM == nil) == (in.Packets == nil) {
			t.Fatal("neither packets nor PCM, or both")
		}
	})
}
