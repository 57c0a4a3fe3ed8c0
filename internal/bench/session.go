package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/trackscribe/trackscribe/internal/operate"
	"github.com/trackscribe/trackscribe/internal/run"
	where "github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/folder"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// A session is one run of a recording, step by step, in a store of its own:
// nothing is taken over from an earlier one.
type session struct {
	machine machine
	binary  string
	dir     string // the store
	store   store.Store
	run     run.Run
	rss     map[string]int64 // peak by step, of all its processes
}

// newSession prepares a run of the recording in the folder source.
func newSession(ctx context.Context, m machine, binary, dir, source string) (*session, error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	st, err := folder.New(folder.Options{Root: dir})
	if err != nil {
		return nil, err
	}
	r, _, err := operate.Prepare(ctx, pipeline.New(), st, where.Options{}, operate.Request{
		Recording: source, ID: run.MakeID(filepath.Base(source)), RunID: "bench", Now: time.Now(),
	})
	if err != nil {
		return nil, fmt.Errorf("prepare run: %w", err)
	}
	return &session{machine: m, binary: binary, dir: dir, store: st, run: r, rss: map[string]int64{}}, nil
}

// step runs one step in a process of its own; track is -1 for one that does
// not fan out.
func (s *session) step(ctx context.Context, name string, track int, env ...string) (cost, error) {
	argv := []string{s.binary, name, "--store", s.dir, "--recording", s.run.Recording, "--run", s.run.ID}
	if track >= 0 {
		argv = append(argv, "--track", fmt.Sprint(track))
	}
	c, err := s.machine.run(ctx, env, argv...)
	s.rss[name] = max(s.rss[name], c.rss)
	return c, err
}

// steps runs several steps that do not fan out.
func (s *session) steps(ctx context.Context, names ...string) error {
	for _, name := range names {
		if _, err := s.step(ctx, name, -1); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes the store.
func (s *session) remove() error { return os.RemoveAll(s.dir) }
