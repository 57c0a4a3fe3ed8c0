package moonshine

import (
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

// modelDir returns the folder with the real model.
func modelDir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("TRACKSCRIBE_MODEL_DIR")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		dir = filepath.Join(cache, "trackscribe", "models", "moonshine-tiny-en")
	}
	if _, err := os.Stat(filepath.Join(dir, Files()[0].Name)); err != nil {
		testenv.Missing(t, "speech model (trackscribe model fetch, or TRACKSCRIBE_MODEL_DIR)")
	}
	return dir
}

var (
	openOnce sync.Once
	opened   *Model
	openErr  error
)

// model opens the real model once for all tests.
func model(t testing.TB) *Model {
	t.Helper()
	dir := modelDir(t)
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

// track decodes the WebM/Opus track of the meeting whose file name contains
// id, and says when it begins on the recording's clock.
func track(t testing.TB, id string) (clip, float64) {
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
		c, start, err := decodeWebM(f)
		if err != nil {
			t.Fatal(err)
		}
		return c, start
	}
	t.Fatalf("no track %q", id)
	return nil, 0
}

func decodeWebM(r io.Reader) (out clip, start float64, err error) {
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
				// The recordings have no gaps worth filling here.
				out = append(out, buf[:n]...)
			}
		}
	}
	return out, start, nil
}
