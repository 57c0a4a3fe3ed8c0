package draw_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/draw"
	"github.com/trackscribe/trackscribe/templates/graph"
)

func TestTextFits(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		for _, n := range []int{1, 2, 8, 20, 60} {
			g := random(seed, n)
			for _, f := range []draw.Func{draw.Text, draw.ASCII} {
				out := drawn(t, f, g)
				for line := range strings.Lines(out) {
					if w := utf8.RuneCountInString(line) - 1; w > 100 {
						t.Fatalf("seed %d, %d nodes: a line of %d columns: %s", seed, n, w, line)
					}
				}
			}
			for i, r := range drawn(t, draw.ASCII, g) {
				if r != '\n' && (r < ' ' || r > '~') {
					t.Fatalf("seed %d, %d nodes: %q at byte %d", seed, n, r, i)
				}
			}
		}
	}
}

// The rails must say the same as the graph: whoever follows them with a finger
// from a node arrives at its followers and nowhere else.
func TestRailsLeadToFollowers(t *testing.T) {
	t.Parallel()
	graphs := []graph.Graph{meeting()}
	for seed := range uint64(60) {
		graphs = append(graphs, random(seed, 3+int(seed%12)))
	}
	for k, g := range graphs {
		text := drawn(t, draw.Text, g)
		got := follow(t, text)
		if diff := cmp.Diff(mermaidEdges(t, g), got); diff != "" {
			t.Errorf("graph %d: edges (-graph +rails):\n%s\n%s", k, diff, text)
		}
	}
}

func mermaidEdges(t *testing.T, g graph.Graph) []string {
	index := map[string]int{}
	for i, n := range g.Nodes {
		index["n_"+strings.ReplaceAll(n.Name(), "-", "_")] = i
	}
	var list []string
	for line := range strings.Lines(drawn(t, draw.Mermaid, g)) {
		if w := strings.Fields(line); len(w) == 3 && strings.HasPrefix(w[1], "-") {
			list = append(list, fmt.Sprintf("%d-%d", index[w[0]], index[w[2]]))
		}
	}
	slices.Sort(list)
	return list
}

const glyphs = "●◎○◆"

// follow reads edges off a drawing, by the number of the node.
func follow(t *testing.T, text string) []string {
	body := strings.Split(text, "\n")[2:]
	body = body[:slices.Index(body, "")]
	rows := make([][]rune, len(body))
	for i, line := range body {
		rows[i] = []rune(line)
	}
	at := func(row, col int) rune {
		if row >= len(rows) || col < 0 || col >= len(rows[row]) {
			return ' '
		}
		return rows[row][col]
	}
	node := map[int]int{} // row -> number
	col := map[int]int{}
	for i, r := range rows {
		for c, ch := range r {
			if strings.ContainsRune(glyphs, ch) {
				node[i], col[i] = len(node), c
				break
			}
		}
	}
	down := func(row, c int) int { // the node that a lane leads to
		for ; row < len(rows); row++ {
			if n, ok := node[row]; ok && col[row] == c {
				return n
			}
			if !strings.ContainsRune("│├┤┼┬", at(row, c)) {
				t.Fatalf("lane %d ends at row %d in %q:\n%s", c, row, at(row, c), text)
			}
		}
		t.Fatalf("lane %d leads nowhere:\n%s", c, text)
		return -1
	}
	var list []string
	for row := range rows {
		from, ok := node[row]
		if !ok {
			continue
		}
		c := col[row]
		next := row + 1
		for _, is := node[next]; !is && at(next, c) == '│' && next < len(rows); _, is = node[next] {
			next++
		}
		if _, is := node[next]; is || next >= len(rows) {
			// No fork: one follower in this lane, if there is one at all.
			if follower, ok := straight(rows, node, col, row, c); ok {
				list = append(list, fmt.Sprintf("%d-%d", from, follower))
			}
			continue
		}
		if strings.ContainsRune("├┤┼", at(next, c)) {
			list = append(list, fmt.Sprintf("%d-%d", from, down(next+1, c)))
		}
		for _, step := range []int{-1, 1} {
			toward, end := "├┼┴┬╰╭─", "╭├"
			if step > 0 {
				toward, end = "├┼┴┬╰╭─", "╮┤"
			} else {
				toward = "┤┼┴┬╯╮─"
			}
			if !strings.ContainsRune(toward, at(next, c)) {
				continue
			}
			for x := c + step; ; x += step {
				ch := at(next, x)
				if strings.ContainsRune(end+"┼┬", ch) {
					list = append(list, fmt.Sprintf("%d-%d", from, down(next+1, x)))
				}
				if strings.ContainsRune(end, ch) {
					break
				}
				if !strings.ContainsRune("─│┼┬", ch) {
					t.Fatalf("row %d: %q in the way:\n%s", next, ch, text)
				}
			}
		}
	}
	slices.Sort(list)
	return list
}

// straight follows a lane without a fork; a leaf's lane is simply not there.
func straight(rows [][]rune, node, col map[int]int, row, c int) (int, bool) {
	for row++; row < len(rows); row++ {
		if n, ok := node[row]; ok && col[row] == c {
			return n, true
		}
		if c >= len(rows[row]) || !strings.ContainsRune("│├┤┼┬", rows[row][c]) {
			return 0, false
		}
	}
	return 0, false
}
