package graph

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// A Unit is what runs in one pod or process: a node by itself, or the nodes of
// a group.
type Unit struct {
	Name  string
	Each  Ref // as of its nodes
	Nodes []Node
}

// Alone returns one unit per node, in graph order.
func (g Graph) Alone() []Unit {
	var list []Unit
	for _, n := range g.Nodes {
		list = append(list, Unit{Name: n.Name(), Each: n.Each, Nodes: []Node{n}})
	}
	return list
}

// Grouped returns one unit per group, and one per node without a group. A unit
// stands after those it depends on.
func (g Graph) Grouped() []Unit {
	var list []Unit
	at := map[string]int{}
	for _, n := range g.Nodes {
		name := n.Group
		if name == "" {
			name = n.Name()
		}
		i, ok := at[name]
		if !ok {
			i, at[name] = len(list), len(list)
			list = append(list, Unit{Name: name, Each: n.Each})
		}
		list[i].Nodes = append(list[i].Nodes, n)
	}
	// Groups may interleave in the graph's order.
	var sorted []Unit
	placed := map[string]bool{}
	for len(sorted) < len(list) {
		before := len(sorted)
		for _, u := range list {
			ready := !placed[u.Name] && !slices.ContainsFunc(g.Before(list, u), func(p Unit) bool { return !placed[p.Name] })
			if ready {
				sorted, placed[u.Name] = append(sorted, u), true
			}
		}
		if len(sorted) == before {
			return list // a cycle, which Validate tells
		}
	}
	return sorted
}

// Names returns the names of the unit's nodes, in graph order.
func (u Unit) Names() []string {
	var names []string
	for _, n := range u.Nodes {
		names = append(names, n.Name())
	}
	return names
}

// Spares reports whether a run survives the unit's failure: each of its nodes
// is optional or a side effect.
func (u Unit) Spares() bool {
	return !slices.ContainsFunc(u.Nodes, func(n Node) bool { return !n.Optional && !n.Step.SideEffect })
}

// Before returns those of the units that u waits for.
func (g Graph) Before(units []Unit, u Unit) []Unit {
	want := map[string]bool{}
	for _, n := range u.Nodes {
		for _, p := range g.Parents(n) {
			want[p] = true
		}
	}
	var list []Unit
	for _, p := range units {
		if p.Name != u.Name && slices.ContainsFunc(p.Nodes, func(n Node) bool { return want[n.Name()] }) {
			list = append(list, p)
		}
	}
	return list
}

// Needs reports whether u cannot do all of its work without p: some node of u
// requires some node of p.
func (g Graph) Needs(u, p Unit) bool {
	return slices.ContainsFunc(u.Nodes, func(n Node) bool {
		return slices.ContainsFunc(p.Nodes, func(m Node) bool { return g.Requires(n, m.Name()) })
	})
}

// checkGroups finds groups that cannot run as one: their nodes fan out
// differently, or something outside lies between them.
func (g Graph) checkGroups() (errs []error) {
	units := g.Grouped()
	names := map[string]bool{}
	for _, u := range units {
		names[u.Name] = true
		for _, n := range u.Nodes {
			if n.Each != u.Each {
				errs = append(errs, fmt.Errorf("group %q: node %q fans out differently from %q", u.Name, n.Name(), u.Nodes[0].Name()))
			}
		}
		if _, ok := g.Node(u.Name); ok && len(u.Nodes) > 1 {
			errs = append(errs, fmt.Errorf("group %q: there is a node of that name", u.Name))
		}
	}
	placed := map[string]bool{}
	for _, u := range units {
		for _, p := range g.Before(units, u) {
			if !placed[p.Name] {
				return append(errs, fmt.Errorf("group %q cannot run as one: %q lies between its nodes", p.Name, u.Name))
			}
		}
		placed[u.Name] = true
	}
	return errs
}

// PoolSizes says how many tasks of each pool one process with so many cores
// runs at once: recognition takes a core each, the mix takes them all by
// itself.
func PoolSizes(cores int) map[Pool]int {
	return map[Pool]int{IO: 4, CPU: 2, ASR: max(1, cores), LLM: 4}
}

// Memory returns the MiB that the unit needs when its tasks run in one process
// with pools of these sizes: in each pool the largest that may run at once.
func (u Unit) Memory(sizes map[Pool]int) int {
	if len(u.Nodes) == 1 {
		return u.Nodes[0].Policy.Memory
	}
	pools := map[Pool][]int{}
	for _, n := range u.Nodes {
		tasks := 1
		if n.Each != "" && u.Each == "" { // all tracks are here
			tasks = sizes[n.Policy.Pool]
		}
		for range max(1, tasks) {
			pools[n.Policy.Pool] = append(pools[n.Policy.Pool], n.Policy.Memory)
		}
	}
	sum := 0
	for pool, list := range pools {
		slices.Sort(list)
		slices.Reverse(list)
		for _, m := range list[:min(len(list), max(1, sizes[pool]))] {
			sum += m
		}
	}
	return sum
}

// Heaviest returns the node that asks for most: its pool is the unit's.
func (u Unit) Heaviest() Node {
	return slices.MaxFunc(u.Nodes, func(a, b Node) int {
		return cmp.Or(cmp.Compare(a.Policy.CPU, b.Policy.CPU), cmp.Compare(a.Policy.Memory, b.Policy.Memory))
	})
}

// Whole returns all nodes as one unit.
func (g Graph) Whole() Unit { return Unit{Name: "run", Nodes: g.Nodes} }

// Timeout bounds the unit's work in one process: all attempts of all its nodes,
// one after the other, with the waits between them.
func (u Unit) Timeout() time.Duration {
	if len(u.Nodes) == 1 {
		return u.Nodes[0].Policy.Timeout
	}
	var sum time.Duration
	for _, n := range u.Nodes {
		sum += n.Policy.Timeout
		for attempt := 1; ; attempt++ {
			wait, again := n.Policy.Retry.Wait(attempt)
			if !again {
				break
			}
			sum += wait + n.Policy.Timeout
		}
	}
	return sum
}
