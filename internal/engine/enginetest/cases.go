package enginetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/graph"
)

func pipe(nodes ...graph.Node) graph.Graph {
	return graph.Graph{Name: "test", Version: "1", Nodes: nodes}
}

func chainGraph() graph.Graph {
	return pipe(
		node(spec[none, root]("a"), nil),
		node(spec[one, doc]("b"), graph.From{"in": "a.doc"}),
		node(spec[one, doc]("c"), graph.From{"in": "b.doc"}),
	)
}

func fanGraph() graph.Graph {
	pad := node(spec[one, doc]("pad"), graph.From{"in": "a.tracks"})
	hear := node(spec[one, doc]("hear"), graph.From{"in": "pad.doc"})
	pad.Each, hear.Each = "a.tracks", "a.tracks"
	return pipe(node(spec[none, root]("a"), nil), pad, hear, node(spec[many, doc]("merge"), graph.From{"in": "hear.doc"}))
}

func linear(t *testing.T, f *fixture) {
	end, all := f.do(chainGraph(), "r1", 0)
	f.wantEnd(end, engine.Succeeded)
	f.wantOutput("r1", "c", "c(b(a))")
	if index(all, "b", engine.Running) < index(all, "a", engine.Succeeded) {
		t.Error("b started before a ended")
	}
}

func diamond(t *testing.T, f *fixture) {
	g := pipe(
		node(spec[none, root]("a"), nil),
		node(spec[one, doc]("l"), graph.From{"in": "a.doc"}),
		node(spec[one, doc]("r"), graph.From{"in": "a.doc"}),
		node(spec[two, doc]("j"), graph.From{"a": "l.doc", "b": "r.doc"}),
	)
	end, _ := f.do(g, "r1", 0)
	f.wantEnd(end, engine.Succeeded)
	f.wantOutput("r1", "j", "j(l(a),r(a))")
}

func fanOut(t *testing.T, f *fixture, width int) {
	end, all := f.do(fanGraph(), "r1", width)
	f.wantEnd(end, engine.Succeeded)
	want := "merge("
	for i := range width {
		want += fmt.Sprintf("hear(pad(%d));", i)
		f.wantCalls(fmt.Sprintf("hear[%d]", i), 1)
	}
	f.wantOutput("r1", "merge", want+")")
	if n := len(ends(all)); width > 0 && n != 2+2*width {
		t.Errorf("%d tasks ended, want %d", n, 2+2*width)
	}
}

func flaky(t *testing.T, f *fixture) {
	f.on("b", func(_ context.Context, _ *steps.Job, call int) error {
		if call < 3 {
			return errTransient
		}
		return nil
	})
	end, all := f.do(chainGraph(), "r1", 0)
	f.wantEnd(end, engine.Succeeded)
	f.wantCalls("b", 3)
	f.wantOutput("r1", "c", "c(b(a))")
	if index(all, "b", engine.Retrying) < 0 {
		t.Error("no event tells of the retry")
	}
}

func permanent(t *testing.T, f *fixture) {
	f.on("b", func(context.Context, *steps.Job, int) error { return steps.Bad("give it better data", "bad data") })
	end, all := f.do(chainGraph(), "r1", 0)
	f.wantEnd(end, engine.Failed)
	f.wantCalls("b", 1)
	f.wantCalls("c", 0)
	if !strings.Contains(end.Message, "b: bad data") || end.Exit != int(steps.Permanent) {
		t.Errorf("the end tells %q, exit %d", end.Message, end.Exit)
	}
	if ends(all)["c"] != engine.Skipped {
		t.Errorf("c ended %q, want skipped", ends(all)["c"])
	}
}

func oneTrackFails(t *testing.T, f *fixture) {
	f.on("pad", func(_ context.Context, job *steps.Job, _ int) error {
		if job.Track == 1 {
			return steps.Bad("", "not audio")
		}
		return nil
	})
	end, _ := f.do(fanGraph(), "r1", 3)
	f.wantEnd(end, engine.Failed)
	f.wantCalls("merge", 0)
	f.wantCalls("hear[1]", 0)
	if !strings.Contains(end.Message, "pad[1]") {
		t.Errorf("the end tells %q, want it to name pad[1]", end.Message)
	}
}

func timeout(t *testing.T, f *fixture) {
	g := chainGraph()
	g.Nodes[1].Policy.Timeout = 3 * time.Second // in which the next attempt must be done
	f.on("b", func(ctx context.Context, _ *steps.Job, call int) error {
		if call == 1 {
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	})
	end, all := f.do(g, "r1", 0)
	f.wantEnd(end, engine.Succeeded)
	if i := index(all, "b", engine.Retrying); i < 0 || !strings.Contains(all[i].Message, "not done after") {
		t.Error("no event tells that the attempt took too long")
	}
}

func optional(t *testing.T, f *fixture) {
	g := pipe(
		node(spec[none, root]("a"), nil),
		node(spec[one, doc]("opt"), graph.From{"in": "a.doc"}),
		node(spec[one, doc]("opt2"), graph.From{"in": "opt.doc"}),
		node(spec[two, doc]("end"), graph.From{"a": "a.doc", "b": "opt2.doc"}),
	)
	g.Nodes[1].Optional, g.Nodes[2].Optional = true, true
	f.on("opt", func(context.Context, *steps.Job, int) error { return steps.Bad("", "no luck") })
	end, all := f.do(g, "r1", 0)
	f.wantEnd(end, engine.Succeeded)
	f.wantOutput("r1", "end", "end(a,nothing)")
	if e := ends(all); e["opt"] != engine.Failed || e["opt2"] != engine.Skipped {
		t.Errorf("opt ended %q and opt2 %q, want failed and skipped", e["opt"], e["opt2"])
	}
}

func sideEffect(t *testing.T, f *fixture) {
	g := pipe(
		node(spec[none, root]("a"), nil),
		node(spec[one, doc]("tell", effect), graph.From{"in": "a.doc"}),
	)
	f.on("tell", func(context.Context, *steps.Job, int) error { return errTransient })
	end, all := f.do(g, "r1", 0)
	f.wantEnd(end, engine.Succeeded)
	f.wantCalls("tell", 3)
	if ends(all)["tell"] != engine.Failed {
		t.Errorf("tell ended %q, want failed", ends(all)["tell"])
	}
}

func panics(t *testing.T, f *fixture) {
	f.on("b", func(context.Context, *steps.Job, int) error { panic("scripted") })
	end, _ := f.do(chainGraph(), "r1", 0)
	f.wantEnd(end, engine.Failed)
	f.wantCalls("b", 1)
}

func cancelFanOut(t *testing.T, f *fixture) {
	const width = 6
	busy := make(chan int, width)
	f.on("pad", func(ctx context.Context, job *steps.Job, _ int) error {
		busy <- job.Track
		<-ctx.Done()
		return ctx.Err()
	})
	r := f.begin(fanGraph(), "r1", width)
	<-busy
	<-busy
	if err := f.engine.Cancel(t.Context(), r.Recording, r.ID); err != nil {
		t.Fatal(err)
	}
	end, _ := f.wait(r)
	f.wantEnd(end, engine.Canceled)
	f.wantCalls("merge", 0)

	// Canceled is not the end: started again it goes on where it was.
	f.on("pad", nil)
	f.restart()
	end, _ = f.do(fanGraph(), "r1", width)
	f.wantEnd(end, engine.Succeeded)
	f.wantCalls("a", 1)
}

// killed ends an engine process in the middle and lets another go on.
func killed(t *testing.T, f *fixture) {
	reached := make(chan struct{}, 1)
	f.on("hear", func(ctx context.Context, job *steps.Job, call int) error {
		if job.Track == 2 && call == 1 {
			reached <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	})
	r := f.begin(fanGraph(), "r1", 3)
	<-reached
	if err := f.engine.Cancel(t.Context(), r.Recording, r.ID); err != nil {
		t.Fatal(err)
	}
	f.wait(r)
	// Whatever has its receipt must not run again; what was on its way may.
	done := map[run.Task]int{}
	for _, t := range []run.Task{{Step: "a", Track: -1}, {Step: "pad", Track: 0}, {Step: "pad", Track: 1}, {Step: "pad", Track: 2}} {
		t.Recording, t.Run = r.Recording, r.ID
		if f.finished(t) {
			done[t] = f.called(t.String())
		}
	}
	if len(done) < 2 {
		t.Fatalf("only %v were done when the worker was killed, want at least a and pad[2]", done)
	}
	f.restart()
	end, _ := f.do(fanGraph(), "r1", 3)
	f.wantEnd(end, engine.Succeeded)
	for task, before := range done {
		f.wantCalls(task.String(), before)
	}
	f.wantOutput("r1", "merge", "merge(hear(pad(0));hear(pad(1));hear(pad(2));)")
}

func duplicateStart(t *testing.T, f *fixture) {
	hold := make(chan struct{})
	f.on("a", func(context.Context, *steps.Job, int) error { <-hold; return nil })
	r := f.begin(chainGraph(), "r1", 0)
	for range 5 {
		if err := f.engine.Start(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	close(hold)
	end, _ := f.wait(r)
	f.wantEnd(end, engine.Succeeded)
	if err := f.engine.Start(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	for _, task := range []string{"a", "b", "c"} {
		f.wantCalls(task, 1)
	}
}

// duplicateDelivery runs every task again after the end: nothing may change.
func duplicateDelivery(t *testing.T, f *fixture) {
	end, _ := f.do(chainGraph(), "r1", 0)
	f.wantEnd(end, engine.Succeeded)
	for _, name := range []string{"a", "b", "c"} {
		task := run.Task{Recording: "rec", Run: "r1", Step: name, Track: -1, Attempt: 1}
		if _, err := f.runner.Run(t.Context(), task); err != nil {
			t.Fatal(err)
		}
		f.wantCalls(name, 1)
	}
	f.wantOutput("r1", "c", "c(b(a))")
}

func reuse(t *testing.T, f *fixture) {
	end, _ := f.do(chainGraph(), "r1", 0)
	f.wantEnd(end, engine.Succeeded)
	end, all := f.do(chainGraph(), "r2", 0)
	f.wantEnd(end, engine.Succeeded)
	for _, task := range []string{"a", "b", "c"} {
		f.wantCalls(task, 1)
		if ends(all)[task] != engine.Cached {
			t.Errorf("%s ended %q, want cached", task, ends(all)[task])
		}
	}
	f.wantOutput("r2", "c", "c(b(a))")
}

func refresh(t *testing.T, f *fixture) {
	end, _ := f.do(chainGraph(), "r1", 0)
	f.wantEnd(end, engine.Succeeded)
	end, _ = f.wait(f.begin(chainGraph(), "r2", 0, "b", "c"))
	f.wantEnd(end, engine.Succeeded)
	f.wantCalls("a", 1)
	f.wantCalls("b", 2)
	f.wantCalls("c", 2)
}
