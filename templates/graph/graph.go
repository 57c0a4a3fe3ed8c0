// Package graph is the model of a pipeline: nodes, how their inputs and
// outputs are joined, where they fan out over tracks, and under which policy
// they run. It is what every engine, renderer and picture derives from. It
// knows no YAML, no Kubernetes and no particular step.
package graph

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trackscribe/trackscribe/steps"
)

// A Graph is a pipeline.
type Graph struct {
	Name    string
	Version string
	Nodes   []Node
}

// A Node is one step in its place.
type Node struct {
	Step steps.Spec
	// Title is the node's name for people: "Find the topics".
	Title string
	// Each names the output to fan out over ("get-recording.tracks"): the node
	// runs once per track index. Empty: it runs once.
	Each Ref
	// From joins each input port to an output. An input of a node that fans
	// out, joined to a node that fans out alike, gets its own track's file; an
	// input that collects tracks gets all of them, in track order.
	From From
	// After names nodes that must have ended well before this one starts,
	// although it reads nothing of theirs.
	After []string
	// Optional marks a node whose failure the run survives: those who read its
	// outputs do without.
	Optional bool
	// Group names the nodes that may share a pod or a process with this one;
	// empty: none may.
	Group  string
	Policy Policy
}

// From joins input ports to outputs.
type From map[string]Ref

// A Ref names an output: "node.port".
type Ref string

// Split returns the node and the port of a ref.
func (r Ref) Split() (node, port string) {
	node, port, _ = strings.Cut(string(r), ".")
	return node, port
}

// Name returns the node's name: its step's.
func (n Node) Name() string { return n.Step.Name }

// A Policy says how a node may run.
type Policy struct {
	Timeout time.Duration // of one attempt
	Retry   Retry
	Pool    Pool
	CPU     float64 // cores asked for
	Memory  int     // MiB asked for, and its limit
}

// Retry says how often a transient failure is tried again, and when.
type Retry struct {
	Limit  int           // further attempts after the first
	First  time.Duration // before the second attempt
	Factor float64       // growth from one wait to the next
	Max    time.Duration // longest wait
}

// Wait returns how long to wait before attempt number n+1 (n ≥ 1 is the
// attempt that just failed), and whether there is one.
func (r Retry) Wait(n int) (time.Duration, bool) {
	if n > r.Limit {
		return 0, false
	}
	d := float64(r.First)
	for range n - 1 {
		d *= r.Factor
	}
	return min(time.Duration(d), r.Max), true
}

// A Pool is a kind of resource that nodes compete for.
type Pool string

// The pools.
const (
	IO  Pool = "io"  // waits for networks and disks
	CPU Pool = "cpu" // audio work
	ASR Pool = "asr" // speech recognition
	LLM Pool = "llm" // language work
)

// Node returns the node of that name.
func (g Graph) Node(name string) (Node, bool) {
	for _, n := range g.Nodes {
		if n.Name() == name {
			return n, true
		}
	}
	return Node{}, false
}

// Params returns the parameters that the graph's steps declare, each once, in
// graph order.
func (g Graph) Params() []steps.Param {
	var list []steps.Param
	for _, n := range g.Nodes {
		for _, p := range n.Step.Params {
			if !slices.ContainsFunc(list, func(q steps.Param) bool { return q.Name == p.Name }) {
				list = append(list, p)
			}
		}
	}
	return list
}

// Parents returns the names of the nodes that n waits for, in graph order.
func (g Graph) Parents(n Node) []string {
	want := map[string]bool{}
	for _, r := range n.From {
		node, _ := r.Split()
		want[node] = true
	}
	if n.Each != "" {
		node, _ := n.Each.Split()
		want[node] = true
	}
	for _, a := range n.After {
		want[a] = true
	}
	var list []string
	for _, m := range g.Nodes {
		if want[m.Name()] {
			list = append(list, m.Name())
		}
	}
	return list
}

// Requires reports whether n cannot run without parent: it reads one of its
// outputs through an input that is not optional, or comes after it.
func (g Graph) Requires(n Node, parent string) bool {
	for _, a := range n.After {
		if a == parent {
			return true
		}
	}
	if node, _ := n.Each.Split(); node == parent {
		return true
	}
	for port, r := range n.From {
		if node, _ := r.Split(); node != parent {
			continue
		}
		if p, ok := n.Step.Input(port); ok && !p.Optional {
			return true
		}
	}
	return false
}

// Followers returns the names of the given nodes and of all that depend on
// them, directly or not.
func (g Graph) Followers(names ...string) map[string]bool {
	hit := map[string]bool{}
	for _, n := range names {
		hit[n] = true
	}
	for _, n := range g.Nodes { // nodes stand in dependency order
		for _, p := range g.Parents(n) {
			if hit[p] {
				hit[n.Name()] = true
			}
		}
	}
	return hit
}

// Digest identifies what the graph means: two graphs with the same digest do
// the same work in the same order under the same policy.
func (g Graph) Digest() string {
	b, err := json.Marshal(g)
	if err != nil {
		panic(fmt.Sprintf("graph: %v", err)) // plain data: cannot fail
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])[:16]
}
