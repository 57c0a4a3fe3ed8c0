package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// What the project promises. Ratios are of recordings of an hour, where
// starting a process weighs nothing.
const (
	padBound       = 200   // times less CPU than decoding, delaying and encoding; at least
	chainBound     = 4.5   // times less CPU than the usual chain for padding, mixing and waveform; at least
	singleCPUBound = 0.85  // of the CPU time of the best single command; at most
	singleWall     = 0.6   // of its wall time on two cores; at most
	rssBound       = 64e6  // bytes of any step but transcription; at most
	growthBound    = 8e6   // bytes more for the long recording than for the short one; at most
	denseBound     = 0.08  // CPU seconds per second of dense speech; at most
	none           = -1e99 // no bound
)

// A table is what is printed, and how many bounds were missed.
type table struct {
	lines  []string // tab-separated; one without a tab is a heading or a note
	missed int
}

func (t *table) note(format string, args ...any) {
	t.lines = append(t.lines, fmt.Sprintf(format, args...))
}

func (t *table) row(cells ...string) { t.lines = append(t.lines, "  "+strings.Join(cells, "\t")) }

// verdict returns the cells for a bound and whether it was kept.
func (t *table) verdict(ok bool, bound string) string {
	if ok {
		return bound + "\tok"
	}
	t.missed++
	return bound + "\tMISSED"
}

// write prints the table in columns.
func (t *table) write(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, line := range t.lines {
		if !strings.Contains(line, "\t") {
			tw.Flush() // columns are those of one part
		}
		fmt.Fprintln(tw, strings.TrimRight(line, " \t"))
	}
	return tw.Flush()
}

// table judges a result.
func (b *bench) table(ctx context.Context, r *result) *table {
	t := &table{}
	t.note("Trackscribe's step binary beside ffmpeg: %d tracks of %g minutes, %s", tracks, b.minutes, plural(b.rounds, "round"))
	side := "no ffmpeg: its columns are empty, and no ratio is checked"
	if b.peer != nil {
		side = b.peer.version(ctx)
	}
	t.note("%s; %s", b.machine.describe(), side)
	t.note("Figures are the minimum of the rounds, with the median in brackets when there is more than one.")
	if b.minutes != 60 {
		t.note("Bounds are for 60 minutes.")
	}
	t.processor(r)
	t.singleCommand(r)
	t.memory(r, b.options)
	t.transcription(r, b.speechMinutes()*60)
	return t
}

// seconds prints rounds' minimum and median.
func seconds(c costs, of func(cost) float64) string {
	if len(c) == 0 {
		return ""
	}
	least, median := c.least(of)
	if len(c) == 1 {
		return fmt.Sprintf("%.3g", least)
	}
	return fmt.Sprintf("%.3g (%.3g)", least, median)
}

// ratio compares two minima; ok is false when one is not there.
func ratio(a, b costs, of func(cost) float64) (ratio float64, ok bool) {
	if len(a) == 0 || len(b) == 0 {
		return 0, false
	}
	x, _ := a.least(of)
	y, _ := b.least(of)
	return x / y, y > 0
}

// processor compares the steps with the chain of ffmpeg commands that does the
// same.
func (t *table) processor(r *result) {
	t.note("")
	t.note("CPU seconds, against decode + adelay + libopus per track, amix to MP3, and decoding that for a waveform")
	t.row("", "trackscribe", "ffmpeg", "ratio", "bound")
	line := func(name string, ours, theirs costs, bound float64) {
		cells := []string{name, seconds(ours, cpuOf), seconds(theirs, cpuOf)}
		if times, ok := ratio(theirs, ours, cpuOf); ok {
			cells = append(cells, fmt.Sprintf("%.3gx", times))
			if bound != none {
				cells = append(cells, t.verdict(times >= bound, fmt.Sprintf(">= %gx", bound)))
			}
		}
		t.row(cells...)
	}
	for i := range r.pad {
		line(fmt.Sprintf("pad-track, track %d", i), r.pad[i], r.peerPad[i], none)
	}
	pads, peerPads := sum(r.pad[:]...), sum(r.peerPad[:]...)
	line("pad-track, all", pads, peerPads, padBound)
	line("mixdown-tracks", r.mix, r.peerMix, none)
	line("generate-waveform", r.waveform, r.peerWaveform, none)
	line("all", sum(pads, r.mix, r.waveform), sum(peerPads, r.peerMix, r.peerWaveform), chainBound)
}

// singleCommand compares mixing and waveform with the best that one ffmpeg
// command can do.
func (t *table) singleCommand(r *result) {
	ours := sum(r.mix, r.waveform)
	best := slices.MinFunc(r.single[:], func(a, b costs) int {
		x, _ := a.least(cpuOf)
		y, _ := b.least(cpuOf)
		return cmp.Compare(x, y)
	})
	t.note("")
	t.note("Mix and waveform, against a single command from raw tracks to the same format (no waveform)")
	t.row("", "CPU s", "wall s", "peak MB")
	line := func(name string, c costs) {
		if len(c) > 0 {
			t.row(name, seconds(c, cpuOf), seconds(c, wallOf), fmt.Sprintf("%.0f", megabytes(c)))
		}
	}
	line("trackscribe", ours)
	for i, c := range complexities {
		line(fmt.Sprintf("ffmpeg, complexity %d", c), r.single[i])
	}
	cpu, ok := ratio(ours, best, cpuOf)
	wall, _ := ratio(ours, best, wallOf)
	if !ok {
		return
	}
	t.row("ratio of CPU to the cheapest", fmt.Sprintf("%.2f", cpu), "", "", t.verdict(cpu <= singleCPUBound, fmt.Sprintf("<= %g", singleCPUBound)))
	t.row("ratio of wall time to that", "", fmt.Sprintf("%.2f", wall), "", t.verdict(wall <= singleWall, fmt.Sprintf("<= %g", singleWall)))
}

func megabytes(c costs) float64 {
	var most int64
	for _, one := range c {
		most = max(most, one.rss)
	}
	return float64(most) / 1e6
}

// memory prints each step's peak.
func (t *table) memory(r *result, o options) {
	t.note("")
	t.note("Peak memory of each step's process in MB; transcription below")
	if own := ownPeak(); own > 0 {
		t.note("(%.0f MB and less cannot be told apart: it is what the measuring program takes)", float64(own)/1e6)
	}
	head := []string{"", fmt.Sprintf("%g min", o.minutes), "bound", ""}
	if r.short != nil {
		head = slices.Insert(head, 1, fmt.Sprintf("%g min", o.short))
		head = append(head, "growth", "bound")
	}
	t.row(head...)
	for _, name := range order(r.long) {
		cells := []string{name}
		if r.short != nil {
			cells = append(cells, fmt.Sprintf("%.1f", float64(r.short[name])/1e6))
		}
		cells = append(cells, fmt.Sprintf("%.1f", float64(r.long[name])/1e6),
			t.verdict(r.long[name] <= rssBound, fmt.Sprintf("<= %g", rssBound/1e6)))
		if r.short != nil {
			growth := r.long[name] - r.short[name]
			cells = append(cells, fmt.Sprintf("%+.1f", float64(growth)/1e6), t.verdict(growth <= growthBound, fmt.Sprintf("<= %g", growthBound/1e6)))
		}
		t.row(cells...)
	}
}

// order returns the steps of m in the pipeline's order.
func order(m map[string]int64) []string {
	var names []string
	for _, n := range pipeline.New().Nodes {
		if _, ok := m[n.Name()]; ok {
			names = append(names, n.Name())
		}
	}
	if len(names) < len(m) { // cannot be: every step is the pipeline's
		return slices.Sorted(maps.Keys(m))
	}
	return names
}

// transcription prints the real-time factors; dense is the length of the dense
// track in seconds.
func (t *table) transcription(r *result, dense float64) {
	if len(r.dense) == 0 {
		return
	}
	t.note("")
	t.note("Transcription on one core; the real-time factor is CPU seconds per second of track")
	t.row("", "track s", "CPU s", "wall s", "peak MB", "factor", "bound")
	line := func(name string, c costs, length, bound float64) {
		least, _ := c.least(cpuOf)
		factor := least / length
		cells := []string{name, fmt.Sprintf("%.0f", length), seconds(c, cpuOf), seconds(c, wallOf), fmt.Sprintf("%.0f", megabytes(c)), fmt.Sprintf("%.4f", factor)}
		if bound != none {
			cells = append(cells, t.verdict(factor <= bound, fmt.Sprintf("<= %g", bound)))
		}
		t.row(cells...)
	}
	line("dense speech", r.dense, dense, denseBound)
	line(fmt.Sprintf("sparse speech, 1 s of %d", sparseEvery), r.sparse, dense*sparseEvery, none)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
