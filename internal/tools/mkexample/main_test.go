package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/at-wat/ebml-go"
	"github.com/at-wat/ebml-go/webm"
	"github.com/google/go-cmp/cmp"
	"github.com/thesyncim/gopus"

	"github.com/trackscribe/trackscribe/internal/testenv"
)

// container is a live WebM file, read by somebody else's reader.
type container struct {
	Header  webm.EBMLHeader `ebml:"EBML"`
	Segment struct {
		Info struct {
			TimestampScale uint64  `ebml:"TimecodeScale"`
			Duration       float64 `ebml:"Duration,omitempty"`
		} `ebml:"Info"`
		Tracks struct {
			TrackEntry []struct {
				CodecID      string `ebml:"CodecID"`
				CodecPrivate []byte `ebml:"CodecPrivate"`
			} `ebml:"TrackEntry"`
		} `ebml:"Tracks"`
		Cluster []struct {
			Timestamp uint64       `ebml:"Timecode"`
			Blocks    []ebml.Block `ebml:"SimpleBlock"`
		} `ebml:"Cluster"`
		Cues []struct {
			Time uint64 `ebml:"CueTime"`
		} `ebml:"Cues"`
	} `ebml:"Segment,size=unknown"`
}

// stamps returns the time stamp of each packet in ms, and decodes them all.
func stamps(t *testing.T, data []byte) []int64 {
	t.Helper()
	var file container
	if err := ebml.Unmarshal(bytes.NewReader(data), &file); err != nil {
		t.Fatalf("read webm: %v", err)
	}
	if got := file.Segment.Info.TimestampScale; got != 1e6 {
		t.Errorf("time stamp scale %d, want ms", got)
	}
	if file.Segment.Info.Duration != 0 || file.Segment.Cues != nil {
		t.Error("a live recorder's file has neither duration nor cues")
	}
	tracks := file.Segment.Tracks.TrackEntry
	if len(tracks) != 1 || tracks[0].CodecID != "A_OPUS" || len(tracks[0].CodecPrivate) != 19 {
		t.Fatalf("tracks %+v: want one of Opus", tracks)
	}
	decoder, err := gopus.NewDecoder(gopus.DecoderConfig{SampleRate: speechRate, Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]float32, 5760)
	var out []int64
	for _, c := range file.Segment.Cluster {
		for _, b := range c.Blocks {
			if n, err := decoder.Decode(b.Data[0], pcm); err != nil || n != frame {
				t.Fatalf("decode packet: %d samples, %v", n, err)
			}
			out = append(out, int64(c.Timestamp)+int64(b.Timecode))
		}
	}
	return out
}

func TestTrackTimesCountFromTheRecordingsStart(t *testing.T) {
	t.Parallel()
	tr := track{Speaker: "a", Start: 3.117, End: 9.0, Muted: [][2]float64{{5, 7.5}}}
	data, err := encodeTrack(tr, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := encodeTrack(tr, 1, nil)
	if err != nil || !bytes.Equal(data, again) {
		t.Errorf("the second time other bytes came out (%v)", err)
	}
	checkTimes(t, tr, stamps(t, data))
}

func checkTimes(t *testing.T, tr track, got []int64) {
	t.Helper()
	if first := millis(tr.Start); got[0] != first {
		t.Errorf("first packet at %d ms, want %d", got[0], first)
	}
	if last, end := got[len(got)-1], millis(tr.End); last > end-frameMillis || last < end-3*frameMillis {
		t.Errorf("last packet at %d ms, want just before %d", last, end)
	}
	silent := 0
	for i := 1; i < len(got); i++ {
		if step := got[i] - got[i-1]; step != frameMillis {
			if tr.mutedDuring(float64(got[i-1])/1000, float64(got[i])/1000) {
				silent++
				continue
			}
			t.Errorf("packets at %d and %d ms: want 20 ms between", got[i-1], got[i])
		}
	}
	if silent != len(tr.Muted) {
		t.Errorf("%d gaps, want %d", silent, len(tr.Muted))
	}
}

// The checked-in example is what its script says; making it again needs flite,
// this does not.
func TestStandupMatchesItsScript(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(testenv.Root(t), "examples", "standup")
	s, err := readScript(filepath.Join(dir, "script.json"))
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int
	for _, tr := range s.Tracks {
		data, err := os.ReadFile(filepath.Join(dir, "tracks", s.trackName(tr)))
		if err != nil {
			t.Fatal(err)
		}
		checkTimes(t, tr, stamps(t, data))
		sizes = append(sizes, len(data))
	}
	for name, want := range map[string]any{
		"recording.json":    s.recordingAnswer(sizes),
		"participants.json": s.participantsAnswer(),
	} {
		wantText, err := json.MarshalIndent(want, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(wantText)+"\n", string(got)); diff != "" {
			t.Errorf("%s (-script +file):\n%s", name, diff)
		}
	}
}

func TestScriptCheck(t *testing.T) {
	t.Parallel()
	said := func(speaker string, start float64) turn {
		return turn{line{speaker, start, "well"}, make([]float32, 2*speechRate)}
	}
	s := &script{Tracks: []track{
		{Speaker: "a", Start: 0, End: 10, Muted: [][2]float64{{5, 6}}},
		{Speaker: "a", Start: 20, End: 30},
	}}
	tests := map[string]struct {
		turns []turn
		ok    bool
	}{
		"on both connections":   {[]turn{said("a", 1), said("a", 21)}, true},
		"over themselves":       {[]turn{said("a", 1), said("a", 2)}, false},
		"while muted":           {[]turn{said("a", 4)}, false},
		"while away":            {[]turn{said("a", 12)}, false},
		"after the track ended": {[]turn{said("a", 29)}, false},
		"by nobody":             {[]turn{said("b", 1)}, false},
	}
	for name, test := range tests {
		if err := s.check(test.turns); (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
