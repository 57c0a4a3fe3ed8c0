package stepcmd

import (
	"fmt"
	"os"
	"sync"

	"github.com/trackscribe/trackscribe/internal/engine"
)

// progress tells how much of the process's steps is done, each step worth 100,
// as lines "N/M" in the file that Argo's executor reads. Without a file it does
// nothing.
type progress struct {
	path string

	mu    sync.Mutex
	total int
	done  map[string]map[int]float64 // by step and track
	width map[string]int             // tracks, by step
	last  int
}

func (p *progress) begin(steps int) {
	p.total, p.last = 100*steps, -1
	p.done, p.width = map[string]map[int]float64{}, map[string]int{}
	p.write()
}

// set tells the fraction done of a step that runs once here.
func (p *progress) set(step string, fraction float64) { p.track(step, -1, fraction) }

// event takes in what the engine in this process tells.
func (p *progress) event(ev engine.Event) {
	if ev.Step == "" {
		return
	}
	p.mu.Lock()
	if ev.Tracks > 0 {
		p.width[ev.Step] = ev.Tracks
	}
	p.mu.Unlock()
	fraction := ev.Fraction
	if ev.State.Ended() {
		fraction = 1
	}
	p.track(ev.Step, ev.Track, fraction)
}

func (p *progress) track(step string, track int, fraction float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done[step] == nil {
		p.done[step] = map[int]float64{}
	}
	p.done[step][track] = min(1, max(fraction, p.done[step][track]))
	p.write()
}

// write appends a line when the number has changed. Progress is a courtesy: a
// file that cannot be written is no failure.
func (p *progress) write() {
	if p.path == "" {
		return
	}
	sum := 0.0
	for step, tracks := range p.done {
		of := 0.0
		for _, f := range tracks {
			of += f
		}
		sum += 100 * of / float64(max(1, p.width[step], len(tracks)))
	}
	if int(sum) <= p.last {
		return
	}
	p.last = int(sum)
	f, err := os.OpenFile(p.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return
	}
	defer f.Close()
	fmt.Fprintf(f, "%d/%d\n", p.last, p.total)
}
