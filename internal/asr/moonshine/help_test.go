package moonshine

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/at-wat/ebml-go"
	"github.com/at-wat/ebml-go/webm"
	"github.com/thesyncim/gopus"

	"github.com/trackscribe/trackscribe/internal/asr"
	"github.com/trackscribe/trackscribe/internal/testenv"
)

var (
	openOnce sync.Once
	opened   *Model
	openErr  error
)

// realModel opens the real model once for all tests.
func realModel(t testing.TB) *Model {
	t.Helper()
	dir := testenv.Model(t)
	openOnce.Do(func() { opened, openErr = Open(dir, Options{}) })
	if openErr != nil {
		t.Fatal(openErr)
	}
	return opened
}

// clip is a stream held in memory.
type clip []float32

func (c *clip) Read(b []float32) (int, error) {
	if len(*c) == 0 {
		return 0, io.EOF
	}
	n := copy(b, *c)
	*c = (*c)[n:]
	return n, nil
}

func (c clip) seconds() float64 { return float64(len(c)) / asr.SampleRate }

// stream returns a fresh stream of the clip's samples.
func (c clip) stream() asr.PCM { return &c }

// part cuts out a clip by seconds.
func (c clip) part(from, to float64) clip {
	return c[int(from*asr.SampleRate):int(to*asr.SampleRate)]
}

// generated makes a clip sample by sample.
func generated(seconds float64, at func(t float64) float64) clip {
	c := make(clip, int(seconds*asr.SampleRate))
	for i := range c {
		c[i] = float32(at(float64(i) / asr.SampleRate))
	}
	return c
}

// track decodes the meeting's WebM/Opus track of a participant, up to so many
// seconds, and says when it begins on the recording's clock.
func track(t testing.TB, id string, seconds float64) (clip, float64) {
	t.Helper()
	dir := filepath.Join(testenv.SharedData(t), "meeting4", "tracks")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.Contains(e.Name(), id) {
			continue
		}
		f, err := os.Open(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		c, start, err := decodeWebM(f, seconds)
		if err != nil {
			t.Fatal(err)
		}
		return c, start
	}
	t.Fatalf("no track %q", id)
	return nil, 0
}

func decodeWebM(r io.Reader, seconds float64) (out clip, start float64, err error) {
	var file struct {
		Header  webm.EBMLHeader `ebml:"EBML"`
		Segment webm.Segment    `ebml:"Segment,size=unknown"`
	}
	if err := ebml.Unmarshal(r, &file, ebml.WithIgnoreUnknown(true)); err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	cfg := gopus.DefaultDecoderConfig(asr.SampleRate, 1)
	dec, err := gopus.NewDecoder(cfg)
	if err != nil {
		return nil, 0, err
	}
	buf := make([]float32, cfg.MaxPacketSamples)
	start = math.NaN()
	for _, c := range file.Segment.Cluster {
		for _, b := range c.SimpleBlock {
			at := float64(int64(c.Timecode)+int64(b.Timecode)) / 1000
			if math.IsNaN(start) {
				start = at
			}
			for _, p := range b.Data {
				n, err := dec.Decode(p, buf)
				if err != nil {
					return nil, 0, err
				}
				// This recording's tracks have no gaps to fill.
				if out = append(out, buf[:n]...); out.seconds() >= seconds {
					return out, start, nil
				}
			}
		}
	}
	return out, start, nil
}

// The participants of the meeting.
const (
	ken   = "1b0a5c1e-7d1f-4d55-9b62-0c7f5f0f3a01"
	winam = "2f6e1d33-0a4b-4a7e-8a35-51a8f2d9c902"
	peggy = "7c9d2b48-5e21-4f0c-bd10-9f3e1a6b7703"
	ana   = "e4a17f90-6c3d-4b8a-a2f4-3d5c8b9e1104"
)

// turn is one turn of the meeting's reference.
type turn struct {
	Participant string `json:"participant_id"`
	Start, End  float64
	Text        string
}

func turns(t testing.TB, participant string) (out []turn) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(testenv.SharedData(t), "meeting4", "reference.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []turn
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	for _, x := range all {
		if x.Participant == participant {
			out = append(out, x)
		}
	}
	return out
}

// plain splits a text into lower-case words without punctuation.
func plain(text string) []string {
	text = strings.NewReplacer("’", "'", "-", " ", "Mr.", "mr").Replace(text)
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return r != '\'' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
}

// wordErrors counts the substitutions, deletions and insertions that make got
// out of want.
func wordErrors(want, got []string) int {
	row := make([]int, len(got)+1)
	for j := range row {
		row[j] = j
	}
	for i, w := range want {
		diagonal := row[0]
		row[0] = i + 1
		for j, g := range got {
			cost := diagonal
			if w != g {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(got)]
}

func text(words []asr.Word) string {
	var b strings.Builder
	for _, w := range words {
		b.WriteString(w.Text + " ")
	}
	return b.String()
}
