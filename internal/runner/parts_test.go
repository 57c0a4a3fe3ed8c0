package runner_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// asked is the failure of a service that wants to be left alone.
type asked struct{ wait time.Duration }

func (asked) Error() string               { return "too many requests" }
func (asked) Class() steps.Class          { return steps.Transient }
func (a asked) RetryAfter() time.Duration { return a.wait }

// alone returns a runner of one step that does what work says.
func alone(t *testing.T, retry graph.Retry, basis func(map[string]string) (string, error), work func(context.Context, *steps.Job) (made, error)) *runner.Runner {
	t.Helper()
	p := policy
	p.Retry = retry
	g := graph.Graph{Name: "g", Version: "1", Nodes: []graph.Node{
		{Step: steps.Declare[none, made](steps.Spec{Name: "make", Version: "1", Summary: "test"}), Policy: p},
	}}
	s := open(t, t.TempDir())
	ask(t, s, g, "r1", nil)
	ask(t, s, g, "r2", nil)
	step := steps.New(g.Nodes[0].Step, func(ctx context.Context, job *steps.Job, _ none) (made, error) { return work(ctx, job) })
	step.Basis = basis
	return &runner.Runner{Graph: g, Store: s, Scratch: t.TempDir(), Now: time.Now, Steps: func(context.Context, run.Run, string) (steps.Step, error) { return step, nil }}
}

func TestPartsOutliveAFailedAttempt(t *testing.T) {
	t.Parallel()
	calls := 0
	r := alone(t, graph.Retry{}, nil, func(ctx context.Context, job *steps.Job) (made, error) {
		var d doc
		for _, name := range []string{"one", "two"} {
			ok, err := job.Parts.Load(ctx, name, &d)
			if err != nil {
				return made{}, err
			}
			if ok {
				continue
			}
			if calls++; calls == 2 {
				return made{}, errors.New("the service went away")
			}
			if err := job.Parts.Save(ctx, name, doc{name}); err != nil {
				return made{}, err
			}
		}
		return made{d}, nil
	})
	if _, err := r.Run(t.Context(), task("r1", "make")); err == nil {
		t.Fatal("no error")
	}
	if _, err := r.Run(t.Context(), task("r1", "make")); err != nil {
		t.Fatal(err)
	}
	if calls != 3 {
		t.Errorf("%d calls, want 3: one for the first part, two for the second", calls)
	}
	for info, err := range r.Store.List(t.Context(), "") {
		if err != nil || strings.Contains(info.Key, "/parts/") {
			t.Errorf("left behind: %s (%v)", info.Key, err)
		}
	}
}

func TestRetryAfterIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		retry   graph.Retry
		attempt int
		err     error
		want    time.Duration
	}{
		{"asked", graph.Retry{Limit: 2, First: time.Second, Factor: 1}, 1, asked{20 * time.Second}, 20 * time.Second},
		{"longer than the attempt may take", graph.Retry{Limit: 2, First: time.Second, Factor: 1}, 1, asked{time.Hour}, 59 * time.Second},
		{"last attempt", graph.Retry{Limit: 2, First: time.Second, Factor: 1}, 3, asked{20 * time.Second}, 0},
		{"not asked", graph.Retry{Limit: 2, First: time.Second, Factor: 1}, 1, errors.New("down"), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := alone(t, c.retry, nil, func(context.Context, *steps.Job) (made, error) { return made{}, c.err })
			var waited, took time.Duration
			begun := time.Now()
			r.Wait = func(_ context.Context, d time.Duration) { waited, took = d, time.Since(begun) }
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			tk := task("r1", "make")
			tk.Attempt = c.attempt
			if _, err := r.Run(ctx, tk); !errors.Is(err, c.err) {
				t.Fatalf("error %v", err)
			}
			// Of an attempt's minute the less is left, the longer it took.
			if waited > c.want || waited < c.want-took-time.Millisecond {
				t.Errorf("waited %s after %s, want %s", waited, took, c.want)
			}
		})
	}
}

func TestRetryAfterEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	r := alone(t, graph.Retry{Limit: 1, First: time.Second, Factor: 1}, nil, func(context.Context, *steps.Job) (made, error) {
		time.AfterFunc(50*time.Millisecond, cancel)
		return made{}, asked{time.Hour}
	})
	if _, err := r.Run(ctx, task("r1", "make")); err == nil {
		t.Error("no error")
	}
}

func TestBasisIsPartOfTheCacheKey(t *testing.T) {
	t.Parallel()
	basis, ran := "one", 0
	r := alone(t, graph.Retry{}, func(map[string]string) (string, error) { return basis, nil }, func(context.Context, *steps.Job) (made, error) {
		ran++
		return made{doc{"x"}}, nil
	})
	for i, want := range []struct {
		run, basis string
		ran        int
	}{{"r1", "one", 1}, {"r2", "one", 1}, {"r3", "two", 2}} {
		basis = want.basis
		ask(t, r.Store, r.Graph, want.run, nil)
		do(t, r, want.run, "make")
		if ran != want.ran {
			t.Errorf("%d: the step ran %d times, want %d", i, ran, want.ran)
		}
	}
}
