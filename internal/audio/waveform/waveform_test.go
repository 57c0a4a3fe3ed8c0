package waveform_test

import (
	"bytes"
	"encoding/base64"
	"image/color"
	"image/png"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/audio/waveform"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

func peaks(mix []uint8, tracks ...[]uint8) artifact.Peaks {
	p := artifact.Peaks{Duration: float64(len(mix)) * 0.02, Step: 0.02, TrackStep: 0.1, Values: base64.StdEncoding.EncodeToString(mix)}
	for i, t := range tracks {
		p.Tracks = append(p.Tracks, artifact.TrackPeaks{Track: i, Values: base64.StdEncoding.EncodeToString(t)})
	}
	return p
}

func TestValues(t *testing.T) {
	t.Parallel()
	long := make([]uint8, 255*40)
	long[0], long[40*100+39], long[len(long)-1] = 50, 200, 133
	got, err := waveform.Values(peaks(long))
	if err != nil {
		t.Fatal(err)
	}
	want := make([]float64, 255)
	want[0], want[100], want[254] = 0.25, 1, 0.67
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

func TestValuesOfLittle(t *testing.T) {
	t.Parallel()
	for name, mix := range map[string][]uint8{
		"nothing": nil, "silence": make([]uint8, 1000), "one": {9}, "one silent": {0}, "some": {1, 2, 3, 4},
	} {
		got, err := waveform.Values(peaks(mix))
		if err != nil || len(got) != 255 {
			t.Fatalf("%s: %d values, error %v", name, len(got), err)
		}
		var most float64
		for _, v := range got {
			if math.IsNaN(v) || v < 0 || v > 1 {
				t.Fatalf("%s: value %v", name, v)
			}
			most = max(most, v)
		}
		loud := name == "one" || name == "some"
		if loud != (most == 1) || !loud && most != 0 {
			t.Errorf("%s: largest value %v", name, most)
		}
		if err := waveform.PNG(&bytes.Buffer{}, peaks(mix, mix), waveform.PictureOptions{}); err != nil {
			t.Errorf("%s: picture: %v", name, err)
		}
	}
}

func TestMake(t *testing.T) {
	t.Parallel()
	p := peaks([]uint8{0, 255, 0, 51})
	w, err := waveform.Make(p)
	if err != nil {
		t.Fatal(err)
	}
	if w.Duration != p.Duration || w.Step != p.Step || w.Peaks != p.Values || len(w.Data) != waveform.Points || w.Data[254] != 0.2 {
		t.Errorf("waveform %+v", w)
	}
}

func TestBadPeaks(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]artifact.Peaks{
		"mix":   {Values: "%"},
		"track": {Tracks: []artifact.TrackPeaks{{Values: "%"}}},
	} {
		if err := waveform.PNG(&bytes.Buffer{}, p, waveform.PictureOptions{}); err == nil {
			t.Errorf("%s: picture without error", name)
		}
	}
	if _, err := waveform.Values(artifact.Peaks{Values: "%"}); err == nil {
		t.Error("values without error")
	}
	if err := waveform.PNG(&bytes.Buffer{}, peaks(nil), waveform.PictureOptions{Width: 1 << 20}); err == nil {
		t.Error("huge picture without error")
	}
}

func TestPNG(t *testing.T) {
	t.Parallel()
	red, blue := color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 0, 255, 255}
	// The first speaks in the first half, the second in the second, louder.
	mix, first, second := make([]uint8, 1000), make([]uint8, 200), make([]uint8, 200)
	for i := range mix {
		mix[i] = 60
		if i >= 500 {
			mix[i] = 200
		}
	}
	for i := range 100 {
		first[i], second[100+i] = 60, 200
	}
	p := peaks(mix, first, second, make([]uint8, 200))
	var a, b bytes.Buffer
	o := waveform.PictureOptions{Width: 800, Height: 240, Colours: []color.NRGBA{red, blue}}
	for _, w := range []*bytes.Buffer{&a, &b} {
		if err := waveform.PNG(w, p, o); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("equal peaks give different pictures")
	}
	img, err := png.Decode(&a)
	if err != nil {
		t.Fatal(err)
	}
	if s := img.Bounds().Size(); s.X != 800 || s.Y != 240 {
		t.Fatalf("picture of %v", s)
	}
	count := func(x0, x1, y0, y1 int, c color.NRGBA) (n int) {
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				if img.At(x, y) == c {
					n++
				}
			}
		}
		return n
	}
	if n := count(0, 390, 0, 200, red); n < 1000 {
		t.Errorf("%d red pixels on the left, want bars", n)
	}
	if r, l := count(410, 800, 0, 200, blue), count(0, 390, 0, 200, red); r < 3*l/2 {
		t.Errorf("%d blue pixels on the right, %d red on the left: louder should be larger", r, l)
	}
	if n := count(410, 800, 0, 200, red) + count(0, 390, 0, 200, blue); n != 0 {
		t.Errorf("%d pixels in the wrong colour", n)
	}
	if _, _, _, alpha := img.At(0, 0).RGBA(); alpha != 0 {
		t.Error("background is not transparent")
	}
}

// However many tracks there are, the waveform keeps its room.
func TestPNGManyTracks(t *testing.T) {
	t.Parallel()
	tracks := make([][]uint8, 64)
	for i := range tracks {
		tracks[i] = []uint8{200, 200}
	}
	var b bytes.Buffer
	if err := waveform.PNG(&b, peaks([]uint8{255, 255, 255}, tracks...), waveform.PictureOptions{}); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	for _, y := range []int{20, 70, 130} {
		if _, _, _, a := img.At(800, y).RGBA(); a == 0 {
			// A gap between bars; the next pixels are one.
			if _, _, _, a = img.At(803, y).RGBA(); a == 0 {
				t.Errorf("no bar at height %d", y)
			}
		}
	}
}
