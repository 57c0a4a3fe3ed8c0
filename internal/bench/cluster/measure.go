package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/open"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// A measurement is the mean of all rounds, in seconds.
type measurement struct{ makespan, floor, critical float64 }

// measure runs a granularity and its floor, in turn.
func (p *place) measure(ctx context.Context, granularity string) (m measurement, err error) {
	for _, name := range []string{realWork, noWork} {
		if err := p.install(ctx, name, granularity); err != nil {
			return m, err
		}
	}
	for round := range p.rounds {
		recording := granularity + "-" + strconv.Itoa(round) // a new one: nothing is taken over
		makespan, err := p.makespan(ctx, realWork, recording)
		if err != nil {
			return m, err
		}
		floor, err := p.makespan(ctx, noWork, recording)
		if err != nil {
			return m, err
		}
		critical, err := p.critical(ctx, recording)
		if err != nil {
			return m, err
		}
		fmt.Fprintf(os.Stderr, "%s, round %d: %s, floor %s, critical path %s\n", granularity, round+1, seconds(makespan), seconds(floor), seconds(critical))
		n := float64(p.rounds)
		m.makespan, m.floor, m.critical = m.makespan+makespan/n, m.floor+floor/n, m.critical+critical/n
	}
	return m, nil
}

// critical returns the longest way through the graph, by the seconds that each
// task's receipt tells.
func (p *place) critical(ctx context.Context, recording string) (float64, error) {
	st, err := open.Open(ctx, p.home()+"/"+realWork, open.Options{Endpoint: p.endpoint, PathStyle: true})
	if err != nil {
		return 0, err
	}
	g := pipeline.New()
	ends := map[string]map[int]float64{} // by step and track
	longest := 0.0
	for _, n := range g.Nodes { // a node comes after those that it reads from
		indexes := []int{-1}
		if n.Each != "" {
			if indexes, err = runner.Tracks(ctx, st, recording, realWork, n.Each); err != nil {
				return 0, err
			}
		}
		ends[n.Name()] = map[int]float64{}
		for _, track := range indexes {
			took, err := took(ctx, st, run.Task{Recording: recording, Run: realWork, Step: n.Name(), Track: track})
			if err != nil {
				return 0, err
			}
			start := 0.0
			for _, parent := range g.Parents(n) {
				for of, end := range ends[parent] {
					if of == track || of < 0 || track < 0 {
						start = max(start, end)
					}
				}
			}
			ends[n.Name()][track] = start + took
			longest = max(longest, start+took)
		}
	}
	return longest, nil
}

func took(ctx context.Context, st store.Store, t run.Task) (float64, error) {
	rec, ok, err := runner.Receipt(ctx, st, t)
	if err == nil && !ok {
		err = fmt.Errorf("%s has no receipt", t)
	}
	return rec.Finished.Sub(rec.Started).Seconds(), err
}

func seconds(s float64) string { return strconv.FormatFloat(s, 'f', 1, 64) + " s" }

// write prints a table.
func write(w io.Writer, head []string, rows [][]string) {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, row := range append([][]string{head}, rows...) {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	_ = t.Flush() // to standard output
}
