// Package reprocess finds recordings that should be run again, or for the first
// time, by what the store and a source say of them. It submits nothing itself.
package reprocess

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trackscribe/trackscribe/internal/daily"
	"github.com/trackscribe/trackscribe/internal/operate"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// Options say which recordings are meant.
type Options struct {
	Missing bool          // in the source, and never run
	Failed  bool          // the newest run failed
	Stuck   time.Duration // the newest run has not ended, is not running, and gave no sign of life for so long; 0: not asked
	Stale   bool          // the newest result was made by other steps, or with other parameters
	Since   time.Time     // only recordings whose newest run was asked for since; zero: all
	Source  string        // of many recordings (see [source.List]); needed for Missing
	Sources source.Options
	Params  map[string]string // with which runs are made now
	Now     time.Time
	// Live tells whether a run is to be left alone: the cluster is running it, or
	// somebody stopped it there.
	Live func(recording, run string) bool
}

// A Pick is a recording to run.
type Pick struct {
	Recording string `json:"recording"`
	Source    string `json:"source"`
	Why       string `json:"why"`    // missing, failed, stuck or stale
	Reason    string `json:"reason"` // for people
	LastRun   string `json:"lastRun,omitempty"`
	Skip      string `json:"skip,omitempty"` // why it cannot be run all the same

	Params map[string]string `json:"params,omitempty"` // of the newest run
}

// Select returns the recordings to run, in order of their ids, and after them
// those that would be and cannot.
func Select(ctx context.Context, g graph.Graph, st store.Store, o Options) ([]Pick, error) {
	var picks []Pick
	known := map[string]bool{}
	for id, err := range st.Folders(ctx, "recordings/") {
		if err != nil {
			return nil, err
		}
		if run.CheckID("recording", id) != nil {
			continue // not ours
		}
		past, err := operate.History(ctx, g, st, id)
		if err != nil {
			return nil, fmt.Errorf("recording %q: %w", id, err)
		}
		known[id] = len(past) > 0
		if len(past) == 0 || past[0].Run.Created.Before(o.Since) {
			continue
		}
		p, ok, err := o.judge(ctx, g, st, past[0])
		if err != nil {
			return nil, fmt.Errorf("recording %q: %w", id, err)
		}
		if !ok {
			continue
		}
		if p.Skip, _, err = operate.Silenced(ctx, st, id); err != nil {
			return nil, fmt.Errorf("recording %q: %w", id, err)
		}
		picks = append(picks, p)
	}
	if o.Missing {
		missing, err := o.missing(ctx, known)
		if err != nil {
			return nil, err
		}
		picks = append(picks, missing...)
	}
	slices.SortFunc(picks, func(a, b Pick) int {
		if (a.Skip == "") != (b.Skip == "") {
			return strings.Compare(a.Skip, b.Skip)
		}
		return strings.Compare(a.Recording, b.Recording)
	})
	return picks, nil
}

// judge decides about a recording by its newest run.
func (o Options) judge(ctx context.Context, g graph.Graph, st store.Store, last operate.Past) (Pick, bool, error) {
	p := Pick{Recording: last.Run.Recording, Source: last.Run.Source, LastRun: last.Run.ID, Params: last.Run.Params}
	if o.Live != nil && o.Live(last.Run.Recording, last.Run.ID) {
		return p, false, nil
	}
	switch last.State {
	case run.Succeeded:
		if !o.Stale {
			return p, false, nil
		}
		p.Why, p.Reason = "stale", stale(g, last.Run, o.Params)
		return p, p.Reason != "", nil
	case run.Failed:
		p.Why, p.Reason = "failed", last.End.Message
		return p, o.Failed, nil
	case run.Canceled:
		return p, false, nil // somebody wanted that
	}
	if o.Stuck == 0 {
		return p, false, nil
	}
	sign, err := last.LastSign(ctx, st)
	if err != nil {
		return p, false, err
	}
	quiet := o.Now.Sub(sign)
	p.Why, p.Reason = "stuck", fmt.Sprintf("no sign of life for %s", quiet.Round(time.Minute))
	return p, quiet >= o.Stuck, nil
}

// stale tells how the run's result differs from what a run would give now;
// empty: in nothing.
func stale(g graph.Graph, r run.Run, params map[string]string) string {
	if r.Graph.Name != g.Name || r.Graph.Version != g.Version {
		return fmt.Sprintf("graph %s v%s, now %s v%s", r.Graph.Name, r.Graph.Version, g.Name, g.Version)
	}
	for _, n := range g.Nodes {
		if was := r.Steps[n.Name()]; was != n.Step.Version {
			return fmt.Sprintf("step %s was version %q, is %q", n.Name(), was, n.Step.Version)
		}
	}
	for _, p := range g.Params() {
		was, is := p.Default, p.Default
		if v, ok := r.Params[p.Name]; ok {
			was = v
		}
		if v, ok := params[p.Name]; ok {
			is = v
		} else if v, ok := r.Params[p.Name]; ok {
			is = v // nobody asked for another
		}
		if was != is {
			return fmt.Sprintf("%s was %q, is %q", p.Name, was, is)
		}
	}
	return ""
}

// missing finds the folders of the source that no run is known of.
func (o Options) missing(ctx context.Context, known map[string]bool) ([]Pick, error) {
	var picks []Pick
	for l, err := range source.List(ctx, o.Source, o.Sources) {
		if err != nil {
			return nil, err
		}
		if l.State == "in-progress" || l.State == "canceled" || !l.Started.IsZero() && l.Started.Before(o.Since) {
			continue
		}
		id, err := o.identify(ctx, l)
		if err != nil {
			return nil, fmt.Errorf("recording at %q: %w", l.Location, err)
		}
		if !known[id] {
			known[id] = true
			picks = append(picks, Pick{Recording: id, Source: l.Location, Why: "missing", Reason: "never processed"})
		}
	}
	return picks, nil
}

// identify returns a listed recording's id. At Daily the location says it, so
// that a listing costs no request for each.
func (o Options) identify(ctx context.Context, l source.Listed) (string, error) {
	if id, ok, err := daily.ParseLocation(l.Location); ok || err != nil {
		return run.MakeID(id), err
	}
	return operate.Identify(ctx, l.Location, o.Sources, "")
}
