package main

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
)

// hog is the hidden command of this test program that takes memory and time.
const hog = "hog"

func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 1 && os.Args[1] == generateCommand:
		if err := generate(os.Args[2:]); err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		return
	case len(os.Args) > 1 && os.Args[1] == hog:
		b := make([]byte, 300<<20)
		for n := range 20 {
			for i := range b {
				b[i] += byte(n)
			}
		}
		runtime.KeepAlive(b)
		return
	}
	os.Exit(m.Run())
}

func TestMachineMeasures(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c, err := newMachine().run(t.Context(), nil, self, hog)
	if err != nil {
		t.Fatal(err)
	}
	if c.cpu < 0.05 || c.cpu > 100*c.wall || c.wall <= 0 || c.rss < 300<<20 || c.rss > 600<<20 {
		t.Errorf("a process that fills 300 MiB again and again cost %+v", c)
	}
	if _, err := newMachine().run(t.Context(), nil, self, generateCommand, "nonsense"); err == nil || !strings.Contains(err.Error(), "usage") {
		t.Errorf("a process that fails gives error %v, without what it said", err)
	}
}

// TestOwnPeak keeps this program small enough to measure small ones. The test
// program is no larger than the real one by much.
func TestOwnPeak(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
	if own := ownPeak(); own < 1<<20 || own > 48<<20 {
		t.Errorf("own peak is %d bytes", own)
	}
}

func TestLeast(t *testing.T) {
	t.Parallel()
	c := costs{{cpu: 3}, {cpu: 1}, {cpu: 2}, {cpu: 9}}
	if least, median := c.least(cpuOf); least != 1 || median != 2.5 {
		t.Errorf("least and median of 4 are %g and %g, want 1 and 2.5", least, median)
	}
	if least, median := c[:3].least(cpuOf); least != 1 || median != 2 {
		t.Errorf("least and median of 3 are %g and %g, want 1 and 2", least, median)
	}
	if got := sum(c, costs{{cpu: 1, rss: 5}, {}, {}, {}}); got[0] != (cost{cpu: 4, rss: 5}) {
		t.Errorf("sum is %+v", got[0])
	}
}

// TestVerdicts judges made-up results on either side of each bound.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	const mb = 1e6
	good := func() *result {
		r := &result{
			mix: costs{{40, 20, 40 * mb}}, peerMix: costs{{80, 80, 0}},
			waveform: costs{{0.1, 0.1, 20 * mb}}, peerWaveform: costs{{5, 5, 0}},
			single: [2]costs{{{50, 40, 0}}, {{60, 30, 0}}},
			short:  map[string]int64{mixdown: 38 * mb}, long: map[string]int64{mixdown: 40 * mb},
			dense: costs{{12, 12, 0}}, sparse: costs{{12, 12, 0}},
		}
		for i := range r.pad {
			r.pad[i], r.peerPad[i] = costs{{0.1, 0.1, 0}}, costs{{40, 40, 0}}
		}
		return r
	}
	for _, c := range []struct {
		name   string
		change func(*result)
		want   int // bounds missed
	}{
		{"all kept", func(*result) {}, 0},
		{"slow pad", func(r *result) { r.pad[2][0].cpu = 2 }, 1},
		{"slow mix", func(r *result) { r.mix[0].cpu = 43 }, 1},
		{"much slower mix", func(r *result) { r.mix[0].cpu = 60 }, 2},
		// The cheapest is what counts, not the one with the best wall time.
		{"slow wall", func(r *result) { r.mix[0].wall = 25 }, 1},
		{"fat mix", func(r *result) { r.long[mixdown], r.short[mixdown] = 65*mb, 60*mb }, 1},
		{"growing mix", func(r *result) { r.short[mixdown] = 20 * mb }, 1},
		{"slow speech", func(r *result) { r.dense[0].cpu = 25 }, 1},
		{"no ffmpeg", func(r *result) {
			r.peerPad, r.peerMix, r.peerWaveform, r.single = [tracks]costs{}, nil, nil, [2]costs{}
			r.pad[0][0].cpu = 1000
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := good()
			c.change(r)
			b := &bench{options: options{minutes: 60, short: 10, rounds: 1}}
			table := b.table(t.Context(), r)
			var out strings.Builder
			if err := table.write(&out); err != nil {
				t.Fatal(err)
			}
			if table.missed != c.want || strings.Count(out.String(), "MISSED") != c.want {
				t.Errorf("%d bounds missed, want %d:\n%s", table.missed, c.want, &out)
			}
		})
	}
}

func TestTalk(t *testing.T) {
	t.Parallel()
	words, distinct := 0, map[string]bool{}
	for i, track := range talk(tracks, 600) {
		if track.Track != i || len(track.Words) == 0 {
			t.Errorf("track %d has index %d and %d words", i, track.Track, len(track.Words))
		}
		for _, w := range track.Words {
			words++
			distinct[w.Text] = true
		}
	}
	if words < 1000 || len(distinct) < 200 {
		t.Errorf("ten minutes have %d words, %d of them distinct", words, len(distinct))
	}
}

// TestBench measures a few seconds, transcription left out: it needs nothing
// but Go.
func TestBench(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds the step binary")
	}
	b := &bench{
		options: options{minutes: 0.2, short: 0.1, rounds: 2, ffmpeg: "no-such-ffmpeg"},
		dir:     t.TempDir(), machine: newMachine(), say: t.Logf,
	}
	if err := b.setUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	table, err := b.measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(table.lines, "\n")
	for _, want := range []string{"no ffmpeg", padTrack, mixdown, "finalize"} {
		if !strings.Contains(text, want) {
			t.Errorf("table does not say %q:\n%s", want, text)
		}
	}
	left, err := os.ReadDir(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		if strings.HasPrefix(e.Name(), "store-") {
			t.Errorf("store %q was left behind", e.Name())
		}
	}
}

func TestTracks(t *testing.T) {
	t.Parallel()
	if n := len(audiotest.Meeting(1)); n != tracks {
		t.Errorf("a meeting has %d tracks, the benchmark counts on %d", n, tracks)
	}
}
