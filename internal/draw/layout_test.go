package draw

import (
	"fmt"
	"testing"

	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// after makes a graph from the parents of each node.
func after(parents ...[]int) graph.Graph {
	g := graph.Graph{Name: "g", Version: "1"}
	for i, list := range parents {
		n := graph.Node{
			Step:   steps.Spec{Name: fmt.Sprintf("n%d", i)},
			Policy: graph.Policy{Timeout: 1, Pool: graph.IO, CPU: 1, Memory: 1},
		}
		for _, p := range list {
			n.After = append(n.After, fmt.Sprintf("n%d", p))
		}
		g.Nodes = append(g.Nodes, n)
	}
	return g
}

func laidOut(t *testing.T, g graph.Graph) (*picture, *layout) {
	t.Helper()
	p, err := newPicture(g)
	if err != nil {
		t.Fatal(err)
	}
	return p, newLayout(p, 100)
}

func TestReduction(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		g    graph.Graph
		want string
	}{
		{"nothing", after(), "[]"},
		{"diamond", after(nil, []int{0}, []int{0}, []int{1, 2}), "[{0 1 false} {0 2 false} {1 3 false} {2 3 false}]"},
		{"short cut", after(nil, []int{0}, []int{0, 1}), "[{0 1 false} {1 2 false}]"},
		{"long short cut", after(nil, []int{0}, []int{1}, []int{2, 0, 1}), "[{0 1 false} {1 2 false} {2 3 false}]"},
		{"apart", after(nil, nil), "[]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := newPicture(tt.g)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(p.edges); got != tt.want {
				t.Errorf("edges %s, want %s", got, tt.want)
			}
		})
	}
}

func TestOrderUncrosses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		g    graph.Graph
		want int // crossings
	}{
		{"swapped", after(nil, nil, []int{1}, []int{0}), 0},
		{"two ladders", after(nil, nil, []int{1}, []int{0}, []int{1}, []int{0}, []int{2, 4}, []int{3, 5}), 0},
		{"tree", after(nil, []int{0}, []int{0}, []int{2}, []int{1}, []int{2}, []int{1}), 0},
		{"complete 2 by 2", after(nil, nil, []int{0, 1}, []int{0, 1}), 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, l := laidOut(t, tt.g); l.crossings() != tt.want {
				t.Errorf("%d crossings, want %d", l.crossings(), tt.want)
			}
		})
	}
}

func TestPlace(t *testing.T) {
	t.Parallel()
	// A fork whose left branch is a chain beside a long edge.
	_, l := laidOut(t, after(nil, []int{0}, []int{0}, []int{1}, []int{3}, []int{4, 2}))
	x := func(n int) int { return l.cells[n].x }
	if x(1) != x(3) || x(3) != x(4) {
		t.Errorf("chain is not straight: %d, %d, %d", x(1), x(3), x(4))
	}
	if mid := (x(1) + x(2)) / 2; x(0)-mid > 1 || mid-x(0) > 1 {
		t.Errorf("fork is at %d, want the middle %d", x(0), mid)
	}
	for i, route := range l.routes {
		for _, c := range route[1 : len(route)-1] {
			if l.cells[c].x != l.cells[route[1]].x {
				t.Errorf("edge %d is not straight where it passes ranks", i)
			}
		}
	}
}

// Lines in one gap lie on each other only when they share an end.
func TestLevels(t *testing.T) {
	t.Parallel()
	_, l := laidOut(t, after(nil, nil, nil, []int{0, 1, 2}, []int{0, 1, 2}, []int{0, 1, 2}))
	turns, count := l.levels()
	for _, a := range turns {
		for _, b := range turns {
			if a.from != b.from && a.to != b.to && a.level == b.level && a.overlaps(b) {
				t.Errorf("%v and %v lie on each other", a, b)
			}
		}
	}
	if y := tops(count); y[1] < cardHeight+rankGap+(count[0]-1)*levelStep {
		t.Errorf("second rank at %d leaves no room for %d levels", y[1], count[0])
	}
}

// Where edges cross inside of long ones, one of them must bend.
func TestPlaceOfCrossingChains(t *testing.T) {
	t.Parallel()
	_, l := laidOut(t, after(nil, nil, []int{0}, []int{2}, []int{3}, []int{4, 1}))
	middle := l.ranks[2]
	l.setRank(2, []int{middle[1], middle[0]})
	if n := l.crossings(); n != 2 {
		t.Fatalf("%d crossings, want 2 for this test", n)
	}
	l.place()
	for r, cells := range l.ranks {
		for i := 1; i < len(cells); i++ {
			if gap := l.cells[cells[i]].x - l.cells[cells[i-1]].x; gap < l.apart(cells[i-1], cells[i]) {
				t.Errorf("rank %d: cells %d and %d are %d apart", r, i-1, i, gap)
			}
		}
	}
}
