package graph

import (
	"errors"
	"fmt"

	"github.com/trackscribe/trackscribe/steps"
)

// Validate checks that the graph makes sense: every join leads to an output
// that exists, has the same type and stands earlier in the list; fan-out and
// fan-in fit; policies are complete. All findings are returned together.
func (g Graph) Validate() error {
	var errs []error
	seen := map[string]Node{}
	for _, n := range g.Nodes {
		for _, err := range g.check(n, seen) {
			errs = append(errs, fmt.Errorf("node %q: %w", n.Name(), err))
		}
		seen[n.Name()] = n
	}
	if len(errs) == 0 {
		errs = g.checkGroups()
	}
	return errors.Join(errs...)
}

func (g Graph) check(n Node, seen map[string]Node) (errs []error) {
	if _, ok := seen[n.Name()]; ok {
		errs = append(errs, errors.New("stands in the graph twice"))
	}
	if n.Policy.Timeout <= 0 || n.Policy.Pool == "" || n.Policy.Memory <= 0 || n.Policy.CPU <= 0 {
		errs = append(errs, errors.New("policy needs a timeout, a pool, CPU and memory"))
	}
	if r := n.Policy.Retry; r.Limit > 0 && (r.First <= 0 || r.Factor < 1 || r.Max < r.First) {
		errs = append(errs, errors.New("retry policy needs a first wait, a factor of at least 1 and a longest wait"))
	}
	if n.Each != "" {
		if err := checkEach(n.Each, seen); err != nil {
			errs = append(errs, err)
		}
	}
	for _, p := range n.Step.Inputs {
		r, ok := n.From[p.Name]
		if !ok {
			if !p.Optional {
				errs = append(errs, fmt.Errorf("input %q is not joined to anything", p.Name))
			}
			continue
		}
		if err := checkJoin(n, p.Name, r, seen); err != nil {
			errs = append(errs, fmt.Errorf("input %q: %w", p.Name, err))
		}
	}
	for port := range n.From {
		if _, ok := n.Step.Input(port); !ok {
			errs = append(errs, fmt.Errorf("step has no input %q", port))
		}
	}
	for _, a := range n.After {
		if _, ok := seen[a]; !ok {
			errs = append(errs, fmt.Errorf("comes after %q, which does not stand before it", a))
		}
	}
	return errs
}

func checkEach(r Ref, seen map[string]Node) error {
	node, port := r.Split()
	src, ok := seen[node]
	if !ok {
		return fmt.Errorf("fans out over %q, which does not stand before it", r)
	}
	if out, ok := src.Step.Output(port); !ok || !out.Each {
		return fmt.Errorf("fans out over %q, which is no list of tracks", r)
	}
	return nil
}

func checkJoin(n Node, port string, r Ref, seen map[string]Node) error {
	node, outName := r.Split()
	src, ok := seen[node]
	if !ok {
		return fmt.Errorf("%q does not stand before it", r)
	}
	out, ok := src.Step.Output(outName)
	if !ok {
		return fmt.Errorf("there is no output %q", r)
	}
	in, _ := n.Step.Input(port)
	// A document can be read as the bytes it is.
	if in.Type != out.Type && in.Type != steps.Bytes {
		return fmt.Errorf("%q is %s, want %s", r, out.Type, in.Type)
	}
	many := src.Each != "" || out.Each
	switch {
	case in.Each && !many:
		return fmt.Errorf("collects tracks, but %q is one file", r)
	case !in.Each && many && n.Each == "":
		return fmt.Errorf("wants one file, but %q has one per track", r)
	case !in.Each && out.Each && n.Each != r:
		return fmt.Errorf("wants its own track's file of %q, but fans out over %q", r, n.Each)
	case !in.Each && src.Each != "" && n.Each != src.Each:
		return fmt.Errorf("wants its own track's file of %q, but fans out differently", r)
	}
	return nil
}
