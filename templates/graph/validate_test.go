package graph_test

import (
	"strings"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/graph"
)

type (
	doc   struct{ A int }
	other struct{ B int }
	none  struct{}
	src   struct {
		Doc    doc   `out:"doc" file:"doc.json"`
		Other  other `out:"other" file:"other.json"`
		Tracks []doc `out:"tracks,each" file:"track.json"`
	}
	one struct {
		In doc `in:"in"`
	}
	all struct {
		In []doc `in:"in,each"`
	}
	out struct {
		Doc doc `out:"doc" file:"doc.json"`
	}
)

var policy = graph.Policy{Timeout: time.Second, Pool: graph.IO, CPU: 1, Memory: 1}

func spec[I, O any](name string) steps.Spec {
	return steps.Declare[I, O](steps.Spec{Name: name, Version: "1", Summary: "test"})
}

func source() graph.Node { return graph.Node{Step: spec[none, src]("src"), Policy: policy} }

func TestValidate(t *testing.T) {
	t.Parallel()
	single := func(from graph.From, each graph.Ref) graph.Node {
		return graph.Node{Step: spec[one, out]("n"), From: from, Each: each, Policy: policy}
	}
	for _, c := range []struct {
		name string
		node graph.Node
		want string // part of the error; empty: valid
	}{
		{"one file", single(graph.From{"in": "src.doc"}, ""), ""},
		{"own track", single(graph.From{"in": "src.tracks"}, "src.tracks"), ""},
		{"all tracks", graph.Node{Step: spec[all, out]("n"), From: graph.From{"in": "src.tracks"}, Policy: policy}, ""},
		{"not joined", single(nil, ""), `input "in" is not joined`},
		{"no such node", single(graph.From{"in": "gone.doc"}, ""), "does not stand before it"},
		{"no such output", single(graph.From{"in": "src.gone"}, ""), "there is no output"},
		{"wrong type", single(graph.From{"in": "src.other"}, ""), "want graph_test.doc"},
		{"many for one", single(graph.From{"in": "src.tracks"}, ""), "wants one file"},
		{"one for many", graph.Node{Step: spec[all, out]("n"), From: graph.From{"in": "src.doc"}, Policy: policy}, "collects tracks"},
		{"fan-out over no list", single(graph.From{"in": "src.doc"}, "src.doc"), "no list of tracks"},
		{"no such input", single(graph.From{"in": "src.doc", "more": "src.doc"}, ""), `no input "more"`},
		{"no policy", graph.Node{Step: spec[one, out]("n"), From: graph.From{"in": "src.doc"}}, "policy needs"},
		{"twice", source(), "stands in the graph twice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := graph.Graph{Name: "g", Nodes: []graph.Node{source(), c.node}}.Validate()
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error %v, want one that tells %q", err, c.want)
			}
		})
	}
}

func TestRetryWait(t *testing.T) {
	t.Parallel()
	r := graph.Retry{Limit: 3, First: time.Second, Factor: 3, Max: 5 * time.Second}
	for n, want := range map[int]time.Duration{1: time.Second, 2: 3 * time.Second, 3: 5 * time.Second} {
		if got, ok := r.Wait(n); !ok || got != want {
			t.Errorf("wait after attempt %d: %s, %v; want %s", n, got, ok, want)
		}
	}
	if _, ok := r.Wait(4); ok {
		t.Error("there is a fifth attempt")
	}
}

func TestDigestFollowsMeaning(t *testing.T) {
	t.Parallel()
	g := graph.Graph{Name: "g", Nodes: []graph.Node{source()}}
	before := g.Digest()
	if g.Digest() != before {
		t.Error("the digest changes by itself")
	}
	g.Nodes[0].Policy.Timeout++
	if g.Digest() == before {
		t.Error("the digest does not follow the policy")
	}
}
