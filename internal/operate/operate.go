// Package operate does what the commands ask for: it prepares a run of a
// recording, finds one to go on with, and tells what came of it. It prints
// nothing and parses no flags.
package operate

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/trackscribe/trackscribe/internal/daily"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/open"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/getrecording"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// A Request says what to run.
type Request struct {
	Recording string            // folder or s3:// prefix
	ID        string            // recording id; empty: recording.json's, or the folder's name
	RunID     string            // empty: goes on with an interrupted run, or makes a new one
	Fresh     bool              // without a RunID make a new run, always
	Params    map[string]string // by parameter name
	Refresh   []string          // steps to do again although the cache has them
	Program   string            // version of the program
	Now       time.Time
}

// Prepare checks the request, decides which run it is, and writes its
// run.json. resumed says that an interrupted run goes on.
func Prepare(ctx context.Context, g graph.Graph, out store.Store, src source.Options, req Request) (r run.Run, resumed bool, err error) {
	if err := Check(g, req.Params, req.Refresh); err != nil {
		return r, false, err
	}
	if err := Together(g, req.Params); err != nil {
		return r, false, err
	}
	if req.Recording, err = Locate(req.Recording); err != nil {
		return r, false, err
	}
	if req.ID, err = Identify(ctx, req.Recording, src, req.ID); err != nil {
		return r, false, err
	}
	if r, resumed, err = Plan(ctx, g, out, req); err != nil || resumed {
		return r, resumed, err
	}
	return Save(ctx, out, r)
}

// Plan decides which run a request is that was checked and whose recording is
// located and identified. It writes nothing.
func Plan(ctx context.Context, g graph.Graph, out store.Store, req Request) (r run.Run, resumed bool, err error) {
	r = run.Run{
		ID: req.RunID, Recording: req.ID, Source: req.Recording, Params: req.Params, Refresh: expand(g, req.Refresh),
		Graph: run.GraphRef{Name: g.Name, Version: g.Version, Digest: g.Digest()}, Steps: versions(g),
		Program: req.Program, Created: req.Now.UTC(),
	}
	if r.ID == "" && !req.Fresh {
		if old, ok, err := deleting(ctx, out, r.Recording); err != nil || ok {
			return old, ok, err
		}
	}
	if err := CheckConsent(ctx, out, r.Recording, r.ID); err != nil {
		return r, false, err
	}
	if r.ID == "" && !req.Fresh {
		if old, ok, err := interrupted(ctx, g, out, r); err != nil || ok {
			return old, ok, err
		}
	}
	if r.ID == "" {
		r.ID = NewRunID(req.Now)
	}
	return r, false, run.CheckID("run", r.ID)
}

// Save writes the run's run.json. When it was there before, for the same work,
// that one stands.
func Save(ctx context.Context, out store.Store, r run.Run) (_ run.Run, existed bool, err error) {
	_, err = store.PutJSON(ctx, out, run.RunKey(r.Recording, r.ID), r, store.PutOptions{IfAbsent: true})
	if errors.Is(err, store.ErrExists) {
		old, err := runner.LoadRun(ctx, out, r.Recording, r.ID)
		if err == nil && !same(old, r) {
			err = steps.Wrong("choose another run id, or leave it out", "run %q exists already and was asked for something else", r.ID)
		}
		return old, true, err
	}
	return r, false, err
}

// Ensure makes the run's run.json unless it is there: for runs that were not
// started by this program. One that is there must ask for the same.
func Ensure(ctx context.Context, g graph.Graph, out store.Store, recording, id, location string, params map[string]string, now time.Time) error {
	if err := Check(g, params, nil); err != nil {
		return err
	}
	if err := Together(g, params); err != nil {
		return err
	}
	for kind, v := range map[string]string{"recording": recording, "run": id} {
		if err := run.CheckID(kind, v); err != nil {
			return err
		}
	}
	if err := CheckConsent(ctx, out, recording, id); err != nil {
		return err
	}
	r := run.Run{
		ID: id, Recording: recording, Source: location, Params: params, Created: now.UTC(), Steps: versions(g),
		Graph: run.GraphRef{Name: g.Name, Version: g.Version, Digest: g.Digest()},
	}
	_, err := store.PutJSON(ctx, out, run.RunKey(recording, id), r, store.PutOptions{IfAbsent: true})
	if !errors.Is(err, store.ErrExists) {
		return err
	}
	old, err := runner.LoadRun(ctx, out, recording, id)
	if err != nil {
		return err
	}
	if old.Source != r.Source || !maps.Equal(effective(g, old.Params), effective(g, params)) {
		return steps.Wrong("choose another run id", "run %q exists already and was asked for something else", id)
	}
	return nil
}

// effective returns all parameters of the graph, with defaults.
func effective(g graph.Graph, params map[string]string) map[string]string {
	all := map[string]string{}
	for _, p := range g.Params() {
		all[p.Name] = p.Default
		if v, ok := params[p.Name]; ok {
			all[p.Name] = v
		}
	}
	return all
}

func versions(g graph.Graph) map[string]string {
	all := map[string]string{}
	for _, n := range g.Nodes {
		all[n.Name()] = n.Step.Version
	}
	return all
}

// Locate makes a local folder's path absolute and checks that it is there; any
// other location stays as it is.
func Locate(recording string) (string, error) {
	if _, ok, err := daily.ParseLocation(recording); ok || err != nil {
		return recording, err
	}
	at, err := open.ParseLocation(recording)
	if err != nil {
		return "", steps.Wrong("give a folder, an s3:// prefix or daily:<recording-id>", "%w", err)
	}
	if at.Bucket != "" {
		return at.String(), nil
	}
	if err := source.CheckFolder(recording); err != nil {
		return "", err
	}
	return filepath.Abs(recording)
}

// Identify returns the id of the recording at a location: the given one, else
// recording.json's, else what the place is called.
func Identify(ctx context.Context, location string, src source.Options, id string) (string, error) {
	if id != "" {
		return id, run.CheckID("recording", id)
	}
	at, err := source.Open(ctx, location, src)
	if err != nil {
		return "", err
	}
	doc, err := at.Document(ctx, "recording.json")
	if err != nil {
		return "", err
	}
	if id, err = getrecording.RecordingID(doc); err != nil {
		return "", err
	}
	if id == "" {
		id = at.Name()
	}
	return run.MakeID(id), nil
}

// interrupted finds the newest run that asked for the same and did not end: its
// process died or was stopped.
func interrupted(ctx context.Context, g graph.Graph, out store.Store, want run.Run) (run.Run, bool, error) {
	past, err := History(ctx, g, out, want.Recording)
	if err != nil {
		return run.Run{}, false, err
	}
	for _, p := range past {
		if p.End.State == "" && !p.done(g) && same(p.Run, want) {
			return p.Run, true, nil
		}
	}
	return run.Run{}, false, nil
}

// same reports whether two runs ask for the same work.
func same(a, b run.Run) bool {
	return a.Source == b.Source && a.Graph == b.Graph && maps.Equal(a.Params, b.Params) && maps.Equal(a.Steps, b.Steps) && slices.Equal(a.Refresh, b.Refresh)
}

// Check reports what is wrong with the parameters and the steps to refresh.
func Check(g graph.Graph, params map[string]string, refresh []string) error {
	for _, name := range refresh {
		if _, ok := g.Node(name); !ok {
			return steps.Wrong("see: trackscribe steps", "there is no step %q to refresh", name)
		}
	}
	return checkParams(g, params)
}

// Together reports what is wrong with the parameters of a run taken together,
// defaults included.
func Together(g graph.Graph, params map[string]string) error {
	all := effective(g, params)
	for _, n := range g.Nodes {
		if n.Step.Check == nil {
			continue
		}
		if err := n.Step.Check(all); err != nil {
			return err
		}
	}
	return nil
}

func expand(g graph.Graph, refresh []string) []string {
	if len(refresh) == 0 {
		return nil
	}
	return slices.Sorted(maps.Keys(g.Followers(refresh...)))
}

func checkParams(g graph.Graph, params map[string]string) error {
	all := g.Params()
	for _, name := range slices.Sorted(maps.Keys(params)) {
		at := slices.IndexFunc(all, func(p steps.Param) bool { return p.Name == name })
		if at < 0 {
			return steps.Wrong("see: trackscribe steps -o json", "there is no parameter %q", name)
		}
		if err := all[at].CheckParam(params[name]); err != nil {
			return steps.Wrong("see: trackscribe steps -o json", "parameter %q: %w", name, err)
		}
	}
	return nil
}

// NewRunID makes a run id that sorts by time.
func NewRunID(now time.Time) string {
	var b [3]byte
	// It never fails on the systems Go supports.
	_, _ = rand.Read(b[:])
	return fmt.Sprintf("%s-%s", now.UTC().Format("20060102t150405z"), hex.EncodeToString(b[:]))
}
