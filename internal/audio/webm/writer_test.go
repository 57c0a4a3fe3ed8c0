package webm_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/at-wat/ebml-go"
	atwat "github.com/at-wat/ebml-go/webm"

	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
	"github.com/trackscribe/trackscribe/internal/audio/webm"
	"github.com/trackscribe/trackscribe/internal/testenv"
)

const preSkip = 77

// write makes a file of n packets and says what it should hold.
func write(t *testing.T, w io.WriteSeeker, n int, trim int64) []packet {
	t.Helper()
	out, err := webm.NewWriter(w, webm.WriterOptions{Head: opus.Head{PreSkip: preSkip}})
	if err != nil {
		t.Fatal(err)
	}
	var want []packet
	for i, p := range made(n) {
		last := int64(0)
		if i == n-1 {
			last = trim
		}
		if err := out.WriteTrimmed(p.True, p.Data, last); err != nil {
			t.Fatal(err)
		}
		want = append(want, packet{(p.True+24)/48*1e6 - 1604167, p.Data})
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return want
}

func TestWriterReader(t *testing.T) {
	t.Parallel()
	var a, b audiotest.Buffer
	want := write(t, &a, 3000, 300)
	got, in := readAll(t, bytes.NewReader(a.B))
	if diff := differ(want, got); diff != "" {
		t.Error(diff)
	}
	if f := in.Format(); f.PreSkip != preSkip || in.Head().PreSkip != preSkip {
		t.Errorf("Format = %+v, Head = %+v, want a pre-skip of %d", f, in.Head(), preSkip)
	}
	if w := in.Warnings(); len(w) != 0 {
		t.Errorf("Warnings = %q", w)
	}
	write(t, &b, 3000, 300)
	if !bytes.Equal(a.B, b.B) {
		t.Error("the same packets give different files")
	}
	if bytes.Count(a.B, []byte("trackscribe")) != 2 {
		t.Error("the file does not say what wrote it")
	}
}

func TestWriterRefuses(t *testing.T) {
	t.Parallel()
	if _, err := webm.NewWriter(&audiotest.Buffer{}, webm.WriterOptions{Head: opus.Head{PreSkip: 70000}}); err == nil {
		t.Error("a pre-skip of 70000 samples was taken")
	}
	w, err := webm.NewWriter(&audiotest.Buffer{}, webm.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.WritePacket(9600, opus.Silence(960)); err != nil {
		t.Fatal(err)
	}
	if err := w.WritePacket(0, opus.Silence(960)); err == nil {
		t.Error("a position that goes back was taken")
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.WritePacket(19200, opus.Silence(960)); err == nil {
		t.Error("a packet after Close was taken")
	}
	full := &fullDisk{room: 50_000}
	out, err := webm.NewWriter(full, webm.WriterOptions{})
	for i := 0; err == nil && i < 5000; i++ {
		err = out.WritePacket(int64(i)*960, make([]byte, 100))
	}
	if err == nil {
		err = out.Close()
	}
	if !errors.Is(err, errFull) {
		t.Errorf("a full disk gives %v", err)
	}
}

var errFull = errors.New("no space left")

type fullDisk struct {
	audiotest.Buffer
	room int
}

func (f *fullDisk) Write(b []byte) (int, error) {
	if f.room -= len(b); f.room < 0 {
		return 0, errFull
	}
	return f.Buffer.Write(b)
}

// An unrelated Matroska library must read the same out of the file, and the
// index must point to clusters.
func TestWriterAgainstEBMLGo(t *testing.T) {
	t.Parallel()
	var f audiotest.Buffer
	want := write(t, &f, 2000, 0)
	var doc struct {
		Header  atwat.EBMLHeader `ebml:"EBML"`
		Segment struct {
			SeekHead *atwat.SeekHead
			Info     atwat.Info
			Tracks   atwat.Tracks
			Cluster  []atwat.Cluster
			Cues     *atwat.Cues
		}
	}
	var starts []uint64 // of clusters
	var segment uint64
	hook := func(e *ebml.Element) {
		switch e.Name {
		case "Segment":
			segment = e.Position + 4 + 8
		case "Cluster":
			starts = append(starts, e.Position)
		}
	}
	if err := ebml.Unmarshal(bytes.NewReader(f.B), &doc, ebml.WithElementReadHooks(hook)); err != nil {
		t.Fatal(err)
	}
	s := doc.Segment
	if wantMS := 2000*20 - float64(preSkip)/48; s.Info.Duration != wantMS {
		t.Errorf("Duration = %g ms, want %g", s.Info.Duration, wantMS)
	}
	tr := s.Tracks.TrackEntry[0]
	if tr.CodecID != "A_OPUS" || tr.SeekPreRoll != 80e6 || tr.CodecDelay != 1604167 || tr.Audio.Channels != 1 {
		t.Errorf("track = %+v", tr)
	}
	var got []packet
	for _, c := range s.Cluster {
		for _, b := range c.SimpleBlock {
			got = append(got, packet{(int64(c.Timecode)+int64(b.Timecode))*1e6 - 1604167, b.Data[0]})
		}
	}
	if diff := differ(want, got); diff != "" {
		t.Error(diff)
	}
	if len(s.Cluster) != 8 || len(s.Cues.CuePoint) != 8 {
		t.Fatalf("%d clusters, %d cues in 40 s, want 8", len(s.Cluster), len(s.Cues.CuePoint))
	}
	for i, c := range s.Cues.CuePoint {
		if c.CueTime != s.Cluster[i].Timecode || string(f.B[c.CueTrackPositions[0].CueClusterPosition+segment:][:4]) != "\x1f\x43\xb6\x75" {
			t.Errorf("cue %d points to %d", i, c.CueTrackPositions[0].CueClusterPosition)
		}
	}
	for _, seek := range s.SeekHead.Seek {
		if !bytes.Equal(f.B[seek.SeekPosition+segment:][:4], seek.SeekID) {
			t.Errorf("SeekHead says that % x is at %d", seek.SeekID, seek.SeekPosition)
		}
	}
}

func TestWriterAgainstFFprobe(t *testing.T) {
	t.Parallel()
	ffprobe := testenv.Program(t, "ffprobe")
	name := filepath.Join(t.TempDir(), "a.webm")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	write(t, f, 2000, 480)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), ffprobe, "-v", "error", "-count_packets", "-show_streams", "-show_format", "-of", "json", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Streams []struct {
			Codec   string `json:"codec_name"`
			Packets string `json:"nb_read_packets"`
		}
		Format struct{ Duration string }
	}
	if err := json.Unmarshal(out, &doc); err != nil {
		t.Fatal(err)
	}
	d, _ := strconv.ParseFloat(doc.Format.Duration, 64)
	if len(doc.Streams) != 1 || doc.Streams[0].Codec != "opus" || doc.Streams[0].Packets != "2000" || d < 39.98 || d > 40 {
		t.Errorf("ffprobe sees %+v", doc)
	}
}
