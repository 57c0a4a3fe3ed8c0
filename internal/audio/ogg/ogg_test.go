package ogg_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/audio/ogg"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
	"github.com/trackscribe/trackscribe/internal/testenv"
)

// made returns packets of 20 ms that hold no sound; some are longer than a page
// segment, one is longer than a page.
func made(n int) []audiotest.Packet {
	var all []audiotest.Packet
	for i := range n {
		data := append([]byte{0xf8, byte(i), byte(i >> 8)}, bytes.Repeat([]byte{7}, i*37%600)...)
		all = append(all, audiotest.Packet{True: int64(i) * 960, Data: data})
	}
	return all
}

func file(t testing.TB, packets []audiotest.Packet, o audiotest.OggOptions) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := audiotest.Ogg(&b, packets, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read reads everything; positions are in samples, the pre-skip taken off.
func read(t *testing.T, r io.Reader) ([]audiotest.Packet, *ogg.Reader) {
	t.Helper()
	in, err := ogg.NewReader(r, ogg.Options{})
	if err != nil {
		t.Fatalf("NewReader: %v", err)
	}
	var all []audiotest.Packet
	for {
		p, err := in.Next()
		if err == io.EOF {
			return all, in
		}
		if err != nil {
			t.Fatalf("Next after %d packets: %v", len(all), err)
		}
		at := (p.Time*3 + 187_500_031_250) / 62500 // 1 s later: never below 0
		all = append(all, audiotest.Packet{True: at - 3_000_000, Data: bytes.Clone(p.Data)})
	}
}

// differ says where packets differ; those wanted begin at -312.
func differ(want, got []audiotest.Packet) string {
	for i := range min(len(want), len(got)) {
		if want[i].True-312 != got[i].True || !bytes.Equal(want[i].Data, got[i].Data) {
			return fmt.Sprintf("packet %d: at %d, %d bytes; want %d, %d bytes", i, got[i].True, len(got[i].Data), want[i].True-312, len(want[i].Data))
		}
	}
	if len(want) != len(got) {
		return fmt.Sprintf("%d packets, want %d", len(got), len(want))
	}
	return ""
}

func TestReader(t *testing.T) {
	t.Parallel()
	packets := made(1000)
	holes := made(1000)
	for i := 300; i < 1000; i++ {
		holes[i].True += 960 * 50
	}
	for name, tc := range map[string]struct {
		packets []audiotest.Packet
		o       audiotest.OggOptions
	}{
		"plain":              {packets, audiotest.OggOptions{}},
		"one packet a page":  {packets, audiotest.OggOptions{PerPage: 1}},
		"holes":              {holes, audiotest.OggOptions{}},
		"begins later":       {packets, audiotest.OggOptions{First: 1 << 40}},
		"end trimmed":        {packets, audiotest.OggOptions{TrimEnd: 700}},
		"short, end trimmed": {packets[:3], audiotest.OggOptions{TrimEnd: 700}},
		"no checksums":       {packets, audiotest.OggOptions{NoSum: true}},
		"no end":             {packets, audiotest.OggOptions{Open: true}},
	} {
		b := file(t, tc.packets, tc.o)
		for _, r := range []io.Reader{bytes.NewReader(b), iotest.HalfReader(iotest.DataErrReader(bytes.NewReader(b)))} {
			got, in := read(t, r)
			if diff := differ(tc.packets, got); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
			want := audio.Format{Codec: "opus", SampleRate: 48000, Channels: 1, PreSkip: 312}
			if diff := cmp.Diff(want, in.Format()); diff != "" || len(in.Warnings()) != 0 {
				t.Errorf("%s: format differs:\n%s; warnings %q", name, diff, in.Warnings())
			}
		}
	}
}

// A packet that goes on over several pages.
func TestLongPacket(t *testing.T) {
	t.Parallel()
	long := append([]byte{0xfb, 6}, make([]byte, 6*1275)...)
	packets := made(5)
	packets[2].Data = long
	for i := 3; i < 5; i++ {
		packets[i].True += 4800
	}
	got, _ := read(t, bytes.NewReader(file(t, packets, audiotest.OggOptions{})))
	if diff := differ(packets, got); diff != "" {
		t.Error(diff)
	}
}

func TestChain(t *testing.T) {
	t.Parallel()
	first, second := made(100), made(200)
	b := append(file(t, first, audiotest.OggOptions{Serial: 1}), file(t, second, audiotest.OggOptions{Serial: 2})...)
	got, in := read(t, bytes.NewReader(b))
	want := first
	for _, p := range second {
		// The second stream's pre-skip is not heard: its packets overlap the
		// first one's end by so much.
		p.True += 100*960 - 312
		want = append(want, p)
	}
	if diff := differ(want, got); diff != "" {
		t.Error(diff)
	}
	if w := in.Warnings(); len(w) != 1 || !strings.Contains(w[0], "2 streams") {
		t.Errorf("Warnings = %q", w)
	}
}

func TestDamage(t *testing.T) {
	t.Parallel()
	packets := made(1000)
	b := file(t, packets, audiotest.OggOptions{PerPage: 10})
	copy(b[len(b)/2:], "these bytes are wrong")
	got, in := read(t, bytes.NewReader(b))
	if lost := len(packets) - len(got); lost < 1 || lost > 40 {
		t.Errorf("21 damaged bytes cost %d packets", lost)
	}
	tail := len(got) - 300
	if diff := differ(packets[len(packets)-300:], got[tail:]); diff != "" {
		t.Errorf("behind the damage: %s", diff)
	}
	if w := in.Warnings(); len(w) != 1 || !strings.Contains(w[0], "damaged") {
		t.Errorf("Warnings = %q", w)
	}
}

func TestCutOrBroken(t *testing.T) {
	t.Parallel()
	packets := made(100)
	b := file(t, packets, audiotest.OggOptions{PerPage: 5})
	for n := 300; n < len(b); n += 97 {
		got, _ := read(t, bytes.NewReader(b[:n]))
		if diff := differ(packets[:len(got)], got); diff != "" {
			t.Fatalf("cut at %d: %s", n, diff)
		}
	}
	in, err := ogg.NewReader(io.MultiReader(bytes.NewReader(b[:len(b)/2]), iotest.ErrReader(io.ErrUnexpectedEOF)), ogg.Options{})
	for err == nil {
		_, err = in.Next()
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) || audio.IsBadData(err) {
		t.Errorf("a broken transfer gives %v", err)
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	of := func(head string) []byte { return file(t, made(2), audiotest.OggOptions{Head: []byte(head)}) }
	late := made(20)
	late[10].True += 48000 * 3600 * 20
	for _, tc := range []struct {
		name string
		file []byte
		want error
	}{
		{"empty", nil, audio.ErrEmpty},
		{"text", []byte("hello, this is no Ogg file at all"), ogg.ErrNotOgg},
		{"header only", []byte("OggS"), ogg.ErrHeader},
		{"vorbis", of("\x01vorbis and so on"), &audio.UnsupportedCodecError{Codec: "vorbis", Container: "ogg"}},
		{"speex", of("Speex   1.2"), &audio.UnsupportedCodecError{Codec: "speex", Container: "ogg"}},
		{"theora", of("\x80theora"), &audio.NoAudioError{Holds: "video (theora)"}},
		{"bad head", of("OpusHead\x01"), ogg.ErrHeader},
		{"surround", of("OpusHead\x01\x06\x00\x00\x80\xbb\x00\x00\x00\x00\x01\x04\x02\x00\x04\x01\x02\x03\x05"), &audio.UnsupportedCodecError{Codec: "opus with 6 channels, mapping family 1", Container: "ogg"}},
		{"20 hours of nothing", file(t, late, audiotest.OggOptions{}), audio.ErrTooLong},
	} {
		in, err := ogg.NewReader(bytes.NewReader(tc.file), ogg.Options{})
		for err == nil {
			_, err = in.Next()
		}
		if !errors.Is(err, tc.want) && !cmp.Equal(err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
		}
		if !audio.IsBadData(err) {
			t.Errorf("%s: %v is not marked as bad data", tc.name, err)
		}
	}
}

// What another program writes.
func TestAgainstFFmpeg(t *testing.T) {
	t.Parallel()
	ffmpeg := testenv.Program(t, "ffmpeg")
	name := filepath.Join(t.TempDir(), "a.ogg")
	cmd := exec.CommandContext(t.Context(), ffmpeg, "-v", "error", "-f", "lavfi", "-i", "sine=duration=10", "-c:a", "libopus", name)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("missing: an ffmpeg that writes Ogg Opus: %v %s", err, out)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	got, in := read(t, bytes.NewReader(b))
	if len(got) < 500 || len(got) > 502 || got[0].True != -312 || len(in.Warnings()) != 0 {
		t.Fatalf("%d packets from %d on, warnings %q", len(got), got[0].True, in.Warnings())
	}
	for i, p := range got {
		if p.True != int64(i)*960-312 {
			t.Fatalf("packet %d at %d", i, p.True)
		}
	}
}

func FuzzReader(f *testing.F) {
	packets := made(20)
	f.Add([]byte{})
	for _, o := range []audiotest.OggOptions{{}, {NoSum: true}, {PerPage: 1, NoSum: true}, {First: 1 << 50, NoSum: true}, {Head: []byte("\x01vorbis"), NoSum: true}} {
		b := file(f, packets, o)
		f.Add(b)
		f.Add(b[:len(b)*2/3])
		f.Add(append(b[:len(b):len(b)], b...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		in, err := ogg.NewReader(bytes.NewReader(b), ogg.Options{})
		n := 0
		for err == nil {
			var p audio.Packet
			p, err = in.Next()
			if n++; n > len(b) {
				t.Fatalf("%d packets from %d bytes", n, len(b))
			}
			if err == nil && (len(p.Data) == 0 || opus.Samples(p.Data) > opus.MaxSamples) {
				t.Fatal("a packet without bytes")
			}
		}
		if err != io.EOF && !audio.IsBadData(err) {
			t.Fatalf("%v is not marked as bad data", err)
		}
	})
}
