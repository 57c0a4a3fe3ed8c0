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
	"strings"
	"time"

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
	Params    map[string]string // by parameter name
	Refresh   []string          // steps to do again although the cache has them
	Program   string            // version of the program
	Now       time.Time
}

// Prepare checks the request, decides which run it is, and writes its
// run.json. resumed says that an interrupted run goes on.
func Prepare(ctx context.Context, g graph.Graph, out store.Store, s3 open.Options, req Request) (r run.Run, resumed bool, err error) {
	if err := checkParams(g, req.Params); err != nil {
		return r, false, err
	}
	refresh, err := expand(g, req.Refresh)
	if err != nil {
		return r, false, err
	}
	location, err := Locate(req.Recording)
	if err != nil {
		return r, false, err
	}
	src, err := OpenSource(ctx, location, s3)
	if err != nil {
		return r, false, err
	}
	id, err := recordingID(ctx, src, req)
	if err != nil {
		return r, false, err
	}
	r = run.Run{
		ID: req.RunID, Recording: id, Source: location, Params: req.Params, Refresh: refresh,
		Graph: run.GraphRef{Name: g.Name, Version: g.Version, Digest: g.Digest()}, Steps: map[string]string{},
		Program: req.Program, Created: req.Now.UTC(),
	}
	for _, n := range g.Nodes {
		r.Steps[n.Name()] = n.Step.Version
	}
	if r.ID == "" {
		if old, ok, err := interrupted(ctx, g, out, r); err != nil || ok {
			return old, ok, err
		}
		r.ID = newID(req.Now)
	}
	if err := run.CheckID("run", r.ID); err != nil {
		return r, false, err
	}
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

// Locate makes a local folder's path absolute and checks that it is there; an
// s3:// location stays as it is.
func Locate(recording string) (string, error) {
	at, err := open.ParseLocation(recording)
	if err != nil {
		return "", steps.Wrong("give a folder or an s3:// prefix", "%w", err)
	}
	if at.Bucket != "" {
		return at.String(), nil
	}
	if err := source.CheckFolder(recording); err != nil {
		return "", err
	}
	return filepath.Abs(recording)
}

// OpenSource opens the place where a recording's raw tracks lie.
func OpenSource(ctx context.Context, location string, s3 open.Options) (*source.Source, error) {
	st, err := open.Open(ctx, location, s3)
	if err != nil {
		return nil, err
	}
	return source.New(st, location, !strings.HasPrefix(location, "s3://")), nil
}

func recordingID(ctx context.Context, src *source.Source, req Request) (string, error) {
	if req.ID != "" {
		return req.ID, run.CheckID("recording", req.ID)
	}
	doc, err := src.Document(ctx, "recording.json")
	if err != nil {
		return "", err
	}
	id, err := getrecording.RecordingID(doc)
	if err != nil {
		return "", err
	}
	if id == "" {
		id = src.Name()
	}
	return run.MakeID(id), nil
}

// interrupted finds the newest run that asked for the same, did not end and
// did not fail: its process died or was stopped.
func interrupted(ctx context.Context, g graph.Graph, out store.Store, want run.Run) (run.Run, bool, error) {
	ended, failed := map[string]int{}, map[string]bool{}
	var runs []run.Run
	leaves := leafNames(g)
	for info, err := range out.List(ctx, run.Runs(want.Recording)) {
		if err != nil {
			return run.Run{}, false, err
		}
		id, rest, _ := strings.Cut(strings.TrimPrefix(info.Key, run.Runs(want.Recording)), "/")
		kind, name, _ := strings.Cut(rest, "/")
		switch {
		case rest == "run.json":
			r, err := runner.LoadRun(ctx, out, want.Recording, id)
			if err == nil && same(r, want) {
				runs = append(runs, r)
			}
		case kind == "failures":
			failed[id] = true
		case kind == "receipts" && leaves[strings.TrimSuffix(name, ".json")]:
			ended[id]++
		}
	}
	runs = slices.DeleteFunc(runs, func(r run.Run) bool { return failed[r.ID] || ended[r.ID] == len(leaves) })
	if len(runs) == 0 {
		return run.Run{}, false, nil
	}
	return slices.MaxFunc(runs, func(a, b run.Run) int { return a.Created.Compare(b.Created) }), true, nil
}

// same reports whether two runs ask for the same work.
func same(a, b run.Run) bool {
	return a.Source == b.Source && a.Graph == b.Graph && maps.Equal(a.Params, b.Params) && maps.Equal(a.Steps, b.Steps) && slices.Equal(a.Refresh, b.Refresh)
}

func leafNames(g graph.Graph) map[string]bool {
	leaves := map[string]bool{}
	for _, n := range g.Nodes {
		leaves[n.Name()] = true
		for _, p := range g.Parents(n) {
			delete(leaves, p)
		}
	}
	return leaves
}

func expand(g graph.Graph, refresh []string) ([]string, error) {
	for _, name := range refresh {
		if _, ok := g.Node(name); !ok {
			return nil, steps.Wrong("see: trackscribe steps", "there is no step %q to refresh", name)
		}
	}
	if len(refresh) == 0 {
		return nil, nil
	}
	return slices.Sorted(maps.Keys(g.Followers(refresh...))), nil
}

func checkParams(g graph.Graph, params map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(params)) {
		known := false
		for _, n := range g.Nodes {
			for _, p := range n.Step.Params {
				if p.Name != name {
					continue
				}
				known = true
				if err := p.CheckParam(params[name]); err != nil {
					return steps.Wrong("see: trackscribe steps -o json", "parameter %q: %w", name, err)
				}
			}
		}
		if !known {
			return steps.Wrong("see: trackscribe steps -o json", "there is no parameter %q", name)
		}
	}
	return nil
}

// newID makes a run id that sorts by time.
func newID(now time.Time) string {
	var b [3]byte
	// It never fails on the systems Go supports.
	_, _ = rand.Read(b[:])
	return fmt.Sprintf("%s-%s", now.UTC().Format("20060102t150405z"), hex.EncodeToString(b[:]))
}
