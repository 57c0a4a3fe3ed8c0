package runner_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/folder"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/graph"
)

type (
	doc struct {
		Text string `json:"text"`
	}
	none struct{}
	made struct {
		Doc doc `out:"doc" file:"doc.json"`
	}
	reads struct {
		In    doc    `in:"in"`
		Shout bool   `param:"shout" default:"false"`
		Word  string `param:"word" default:"hello"`
	}
)

var policy = graph.Policy{Timeout: time.Minute, Pool: graph.IO, CPU: 1, Memory: 1}

func twoSteps() graph.Graph {
	return graph.Graph{Name: "g", Version: "1", Nodes: []graph.Node{
		{Step: steps.Declare[none, made](steps.Spec{Name: "make", Version: "1", Summary: "test"}), Policy: policy},
		{Step: steps.Declare[reads, made](steps.Spec{Name: "read", Version: "1", Summary: "test"}), From: graph.From{"in": "make.doc"}, Policy: policy},
	}}
}

// setUp returns a runner over a store in dir with run.json written, and counts
// how often each step did its work.
func setUp(t *testing.T, s store.Store, params map[string]string) (*runner.Runner, map[string]int) {
	t.Helper()
	g := twoSteps()
	ran := map[string]int{}
	r := &runner.Runner{
		Graph: g, Store: s, Scratch: t.TempDir(), Now: time.Now,
		Steps: func(_ context.Context, _ run.Run, name string) (steps.Step, error) {
			n, _ := g.Node(name)
			if name == "make" {
				return steps.New(n.Step, func(context.Context, *steps.Job, none) (made, error) {
					ran[name]++
					return made{doc{"made"}}, nil
				}), nil
			}
			return steps.New(n.Step, func(_ context.Context, job *steps.Job, in reads) (made, error) {
				ran[name]++
				text := in.In.Text + " " + in.Word
				if in.Shout {
					text = strings.ToUpper(text)
				}
				if err := os.WriteFile(job.Path("left-over"), nil, 0o600); err != nil {
					return made{}, err
				}
				return made{doc{text}}, nil
			}), nil
		},
	}
	ask(t, s, g, "r1", params)
	return r, ran
}

func ask(t *testing.T, s store.Store, g graph.Graph, id string, params map[string]string) {
	t.Helper()
	asked := run.Run{ID: id, Recording: "rec", Source: "test", Params: params, Graph: run.GraphRef{Name: g.Name, Digest: g.Digest()}}
	if _, err := store.PutJSON(t.Context(), s, run.RunKey("rec", id), asked, store.PutOptions{}); err != nil {
		t.Fatal(err)
	}
}

func task(id, step string) run.Task {
	return run.Task{Recording: "rec", Run: id, Step: step, Track: -1, Attempt: 1}
}

func open(t *testing.T, dir string) store.Store {
	t.Helper()
	s, err := folder.New(folder.Options{Root: dir})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func do(t *testing.T, r *runner.Runner, id, step string) run.Receipt {
	t.Helper()
	rec, err := r.Run(t.Context(), task(id, step))
	if err != nil {
		t.Fatalf("%s: %v", step, err)
	}
	return rec
}

func TestRunLeavesReceiptAndNothingElse(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	r, _ := setUp(t, s, map[string]string{"word": "there"})
	do(t, r, "r1", "make")
	rec := do(t, r, "r1", "read")
	if len(rec.Outputs) != 1 || rec.Outputs[0].SHA256 == "" || rec.Params["word"] != "there" || rec.Params["shout"] != "false" {
		t.Errorf("receipt %+v", rec)
	}
	var d doc
	if _, err := store.GetJSON(t.Context(), s, rec.Outputs[0].Key, &d); err != nil || d.Text != "made there" {
		t.Errorf("wrote %q (%v), want %q", d.Text, err, "made there")
	}
	if left, err := os.ReadDir(r.Scratch); err != nil || len(left) > 0 {
		t.Errorf("scratch folder holds %v (%v)", left, err)
	}
}

func TestCacheFollowsParamsAndVersion(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	r, ran := setUp(t, s, nil)
	do(t, r, "r1", "make")
	do(t, r, "r1", "read")

	ask(t, s, r.Graph, "r2", nil)
	do(t, r, "r2", "make")
	if rec := do(t, r, "r2", "read"); rec.Cached != "r1" {
		t.Errorf("the same again: taken from %q, want r1", rec.Cached)
	}
	ask(t, s, r.Graph, "r3", map[string]string{"shout": "true"})
	do(t, r, "r3", "make")
	if rec := do(t, r, "r3", "read"); rec.Cached != "" || ran["read"] != 2 {
		t.Errorf("another parameter: taken from %q, ran %d times", rec.Cached, ran["read"])
	}
	r.Graph.Nodes[1].Step.Version = "2"
	ask(t, s, r.Graph, "r4", nil)
	do(t, r, "r4", "make")
	if rec := do(t, r, "r4", "read"); rec.Cached != "" || ran["read"] != 3 {
		t.Errorf("another version: taken from %q, ran %d times", rec.Cached, ran["read"])
	}
}

func TestBrokenReceiptDoesNotCount(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	r, ran := setUp(t, s, nil)
	if _, err := s.Put(t.Context(), task("r1", "make").ReceiptKey(), strings.NewReader(`{"step":`), store.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	do(t, r, "r1", "make")
	if ran["make"] != 1 {
		t.Errorf("ran %d times, want once", ran["make"])
	}
	if _, ok, err := runner.Receipt(t.Context(), s, task("r1", "make")); !ok || err != nil {
		t.Errorf("the receipt is still broken: %v", err)
	}
}

func TestLostArtifactIsMadeAgain(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	r, ran := setUp(t, s, nil)
	rec := do(t, r, "r1", "make")
	if err := s.Delete(t.Context(), rec.Outputs[0].Key); err != nil {
		t.Fatal(err)
	}
	ask(t, s, r.Graph, "r2", nil)
	if rec := do(t, r, "r2", "make"); rec.Cached != "" || ran["make"] != 2 {
		t.Errorf("taken from %q, ran %d times; want made again", rec.Cached, ran["make"])
	}
}

func TestDamagedInputIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	r, _ := setUp(t, s, nil)
	rec := do(t, r, "r1", "make")
	path := filepath.Join(dir, filepath.FromSlash(rec.Outputs[0].Key))
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.ToUpper(b), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = r.Run(t.Context(), task("r1", "read"))
	if !errors.Is(err, store.ErrMismatch) || steps.Classify(err) != steps.Permanent {
		t.Errorf("error %v of class %s, want a permanent mismatch", err, steps.Classify(err))
	}
}

func TestNotReady(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	r, _ := setUp(t, s, nil)
	_, err := r.Run(t.Context(), task("r1", "read"))
	if !errors.Is(err, runner.ErrNotReady) || steps.Classify(err) != steps.Transient {
		t.Errorf("error %v of class %s, want a transient 'not ready'", err, steps.Classify(err))
	}
}

// fullStore refuses every write but run.json: a disk without space.
type fullStore struct{ store.Store }

func (f fullStore) Put(ctx context.Context, key string, r io.Reader, opt store.PutOptions) (store.Info, error) {
	if strings.HasSuffix(key, "run.json") {
		return f.Store.Put(ctx, key, r, opt)
	}
	return store.Info{}, &store.Error{Op: "put", Key: key, Kind: store.ErrFull, Err: syscall.ENOSPC, Advice: "free some space"}
}

func TestFullStoreIsNotRetried(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r, _ := setUp(t, fullStore{open(t, dir)}, nil)
	_, err := r.Run(t.Context(), task("r1", "make"))
	if !errors.Is(err, store.ErrFull) || steps.Classify(err) != steps.Permanent || steps.Hint(err) == "" {
		t.Errorf("error %v of class %s, hint %q; want a permanent 'full' with a hint", err, steps.Classify(err), steps.Hint(err))
	}
}

func TestFailureIsRecorded(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	r, _ := setUp(t, s, map[string]string{"shout": "perhaps"})
	do(t, r, "r1", "make")
	if _, err := r.Run(t.Context(), task("r1", "read")); steps.Classify(err) != steps.Misuse {
		t.Fatalf("error %v of class %s, want misuse", err, steps.Classify(err))
	}
	var f run.Failure
	if _, err := store.GetJSON(t.Context(), s, task("r1", "read").FailureKey(), &f); err != nil {
		t.Fatal(err)
	}
	if f.Class != "misuse" || f.Attempt != 1 || !strings.Contains(f.Message, `parameter "shout"`) {
		t.Errorf("recorded %+v", f)
	}
}
