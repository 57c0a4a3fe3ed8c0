package webm_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
	"github.com/trackscribe/trackscribe/internal/audio/webm"
	"github.com/trackscribe/trackscribe/internal/testenv"
)

// packet is what a test compares.
type packet struct {
	Time int64
	Data []byte
}

func readAll(t *testing.T, r io.Reader) ([]packet, *webm.Reader) {
	t.Helper()
	in, err := webm.NewReader(r, webm.Options{})
	if err != nil {
		t.Fatalf("NewReader: %v", err)
	}
	var all []packet
	for {
		p, err := in.Next()
		if err == io.EOF {
			return all, in
		}
		if err != nil {
			t.Fatalf("Next after %d packets: %v", len(all), err)
		}
		all = append(all, packet{p.Time, bytes.Clone(p.Data)})
	}
}

// made returns packets without sound: the container does not care.
func made(n int) []audiotest.Packet {
	var all []audiotest.Packet
	for i := range n {
		data := []byte{0xf8, byte(i), byte(i >> 8)}
		data = append(data, bytes.Repeat([]byte{7}, i*37%500)...)
		all = append(all, audiotest.Packet{True: int64(i) * 960, Time: int64(i)*20e6 + 229e6, Data: data})
	}
	return all
}

func live(t *testing.T, packets []audiotest.Packet, l audiotest.Live) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := audiotest.WriteLive(&b, packets, l); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func wanted(packets []audiotest.Packet) []packet {
	var all []packet
	for _, p := range packets {
		all = append(all, packet{p.Time, p.Data})
	}
	return all
}

// differ says where two lists of packets differ first; cmp.Diff takes seconds
// for so many bytes.
func differ(want, got []packet) string {
	for i := range min(len(want), len(got)) {
		if want[i].Time != got[i].Time || !bytes.Equal(want[i].Data, got[i].Data) {
			return fmt.Sprintf("packet %d: %d ns, %d bytes; want %d ns, %d bytes", i, got[i].Time, len(got[i].Data), want[i].Time, len(want[i].Data))
		}
	}
	if len(want) != len(got) {
		return fmt.Sprintf("%d packets, want %d", len(got), len(want))
	}
	return ""
}

func TestReaderLayouts(t *testing.T) {
	t.Parallel()
	packets := made(2000)
	same := made(2000)
	for i := range same {
		same[i].Data = bytes.Repeat([]byte{0xf8}, 40)
	}
	stripped := made(300)
	for _, tc := range []struct {
		name    string
		packets []audiotest.Packet
		live    audiotest.Live
	}{
		{"simple blocks", packets, audiotest.Live{}},
		{"block groups", packets, audiotest.Live{Layout: audiotest.BlockGroups}},
		{"xiph lacing", packets, audiotest.Live{Layout: audiotest.XiphLacing}},
		{"ebml lacing", packets, audiotest.Live{Layout: audiotest.EBMLLacing}},
		{"fixed lacing", same, audiotest.Live{Layout: audiotest.FixedLacing}},
		{"known sizes", packets, audiotest.Live{KnownSizes: true}},
		{"clutter", packets, audiotest.Live{Clutter: true}},
		{"clutter, known sizes, block groups", packets, audiotest.Live{Clutter: true, KnownSizes: true, Layout: audiotest.BlockGroups}},
		{"video beside", packets, audiotest.Live{Video: true}},
		{"empty blocks", packets, audiotest.Live{EmptyBlocks: true}},
		{"no head", packets, audiotest.Live{NoHead: true}},
		{"codec delay", packets, audiotest.Live{CodecDelay: 80e6}},
		{"wrong codec delay", packets, audiotest.Live{WrongDelay: 3600e9}},
		{"matroska", packets, audiotest.Live{Doc: "matroska"}},
		{"fine time scale", packets, audiotest.Live{Scale: 100_000}},
		{"short clusters", packets, audiotest.Live{Cluster: 0.02}},
		{"stripped headers", stripped, audiotest.Live{Strip: []byte{0xf8}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			file := live(t, tc.packets, tc.live)
			for name, r := range map[string]io.Reader{
				"whole": bytes.NewReader(file),
				"bits":  iotest.HalfReader(iotest.DataErrReader(bytes.NewReader(file))),
			} {
				got, in := readAll(t, r)
				if diff := differ(wanted(tc.packets), got); diff != "" {
					t.Fatalf("%s: %s", name, diff)
				}
				f := in.Format()
				if f.Codec != "opus" || f.SampleRate != 48000 || f.Channels != 1 || f.PreSkip != tc.live.CodecDelay*48/1e6 {
					t.Errorf("Format = %+v", f)
				}
				if w := in.Warnings(); len(w) != 0 != (tc.live.WrongDelay != 0) {
					t.Errorf("Warnings = %q", w)
				}
			}
		})
	}
}

func TestReaderRefuses(t *testing.T) {
	t.Parallel()
	packets := made(10)
	zlib := []byte{0x62, 0x40, 0x86, 0x50, 0x34, 0x83, 0x42, 0x54, 0x80}
	encrypted := []byte{0x62, 0x40, 0x84, 0x50, 0x33, 0x81, 0x01}
	for _, tc := range []struct {
		name string
		file []byte
		want error
	}{
		{"empty", nil, audio.ErrEmpty},
		{"one byte", []byte{0x1a}, webm.ErrNotWebM},
		{"text", []byte("<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>"), webm.ErrNotWebM},
		{"zeros", make([]byte, 1000), webm.ErrNotWebM},
		{"other document", live(t, packets, audiotest.Live{Doc: "mka-ng"}), webm.ErrNotWebM},
		{"header only", live(t, nil, audiotest.Live{})[:20], webm.ErrNoTracks},
		{"no tracks yet", live(t, nil, audiotest.Live{})[:60], webm.ErrNoTracks},
		{"late tracks", live(t, packets, audiotest.Live{LateTracks: true}), webm.ErrLateTracks},
		{"video only", live(t, nil, audiotest.Live{VideoOnly: true}), &audio.NoAudioError{Holds: "video (V_VP8)"}},
		{"vorbis", live(t, packets, audiotest.Live{Codec: "A_VORBIS"}), &audio.UnsupportedCodecError{Codec: "A_VORBIS", Container: "webm"}},
		{"surround", live(t, packets, audiotest.Live{NoHead: true, Channels: 6}), &audio.UnsupportedCodecError{Codec: "A_OPUS with 6 channels, mapping family 0", Container: "webm"}},
		{"zlib", live(t, packets, audiotest.Live{Encodings: zlib}), webm.ErrEncoded},
		{"encrypted", live(t, packets, audiotest.Live{Encodings: encrypted}), webm.ErrEncoded},
	} {
		_, err := webm.NewReader(bytes.NewReader(tc.file), webm.Options{})
		same := errors.Is(err, tc.want) || cmp.Equal(err, tc.want, cmpopts.EquateComparable(audio.NoAudioError{}, audio.UnsupportedCodecError{}))
		if !same {
			t.Errorf("%s: NewReader gives %v, want %v", tc.name, err, tc.want)
		}
		if !audio.IsBadData(err) {
			t.Errorf("%s: %v is not marked as bad data", tc.name, err)
		}
	}
}

func TestReaderLimits(t *testing.T) {
	t.Parallel()
	packets := made(100)
	packets[50].Time = 30 * 3600e9
	in, err := webm.NewReader(bytes.NewReader(live(t, packets, audiotest.Live{})), webm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = in.Next()
	}
	if !errors.Is(err, audio.ErrTooLong) {
		t.Errorf("a time stamp of 30 hours gives %v, want ErrTooLong", err)
	}

	file := live(t, made(1000), audiotest.Live{})
	in, err = webm.NewReader(bytes.NewReader(file), webm.Options{MaxBytes: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = in.Next()
	}
	if !errors.Is(err, audio.ErrTooBig) || !audio.IsBadData(err) {
		t.Errorf("a file beyond the limit gives %v, want ErrTooBig", err)
	}
}

// A recording that was cut ends where it is cut; a transfer that broke is an
// error. The two must not be taken for each other: one loses speech in silence,
// the other is worth another attempt.
func TestReaderCutOrBroken(t *testing.T) {
	t.Parallel()
	packets := made(50)
	file := live(t, packets, audiotest.Live{})
	begin := len(live(t, nil, audiotest.Live{}))
	for n := begin; n <= len(file); n += 7 {
		got, in := readAll(t, bytes.NewReader(file[:n]))
		if len(got) > 0 && differ(wanted(packets[:len(got)]), got) != "" {
			t.Fatalf("cut at %d: packets differ", n)
		}
		if len(in.Warnings()) > 1 {
			t.Errorf("cut at %d: Warnings = %q", n, in.Warnings())
		}
	}
	for _, broken := range []error{io.ErrUnexpectedEOF, errors.New("connection reset")} {
		in, err := webm.NewReader(io.MultiReader(bytes.NewReader(file[:len(file)/2]), iotest.ErrReader(broken)), webm.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, err = in.Next()
		}
		if !errors.Is(err, broken) || audio.IsBadData(err) {
			t.Errorf("a broken transfer gives %v, want %v", err, broken)
		}
	}
}

func TestReaderSurvivesDamage(t *testing.T) {
	t.Parallel()
	packets := made(1000)
	file := live(t, packets, audiotest.Live{Damage: []audiotest.Damage{{At: 60_000, Bytes: make([]byte, 500)}}})
	got, in := readAll(t, bytes.NewReader(file))
	lost := len(packets) - len(got)
	if lost < 1 || lost > 260 { // at most to the end of the cluster
		t.Errorf("500 damaged bytes cost %d packets", lost)
	}
	if diff := differ(wanted(packets[len(packets)-100:]), got[len(got)-100:]); diff != "" {
		t.Errorf("behind the damage: %s", diff)
	}
	if w := in.Warnings(); len(w) != 1 || !strings.Contains(w[0], "damaged") {
		t.Errorf("Warnings = %q, want one that says so", w)
	}
}

// Recorded files: what ffmpeg counts in them is what must come out.
func TestReaderSharedRecordings(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(testenv.SharedData(t), "meeting4", "tracks", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tracks: %v", err)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		got, in := readAll(t, f)
		if in.Format().PreSkip != 312 || len(got) == 0 || len(in.Warnings()) != 0 {
			t.Fatalf("%d packets, format %+v, warnings %q", len(got), in.Format(), in.Warnings())
		}
		for i, p := range got {
			if opus.Samples(p.Data) == 0 {
				t.Fatalf("packet %d is broken", i)
			}
		}
	}
}

// Reading must not allocate per packet.
func TestReaderMemory(t *testing.T) {
	file := live(t, made(50_000), audiotest.Live{})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	in, err := webm.NewReader(bytes.NewReader(file), webm.Options{})
	n := 0
	for err == nil {
		_, err = in.Next()
		n++
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 300<<10 || n < 50_000 {
		t.Errorf("reading %d packets allocated %d bytes in all", n, got)
	}
}

func BenchmarkReader(b *testing.B) {
	var packets []audiotest.Packet
	for i := range 180_000 {
		packets = append(packets, audiotest.Packet{True: int64(i) * 960, Time: int64(i) * 20e6, Data: bytes.Repeat([]byte{0xf8}, 110)})
	}
	var buf bytes.Buffer
	if err := audiotest.WriteLive(&buf, packets, audiotest.Live{}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(buf.Len()))
	b.ReportAllocs()
	for b.Loop() {
		in, err := webm.NewReader(bytes.NewReader(buf.Bytes()), webm.Options{})
		for err == nil {
			_, err = in.Next()
		}
	}
}
