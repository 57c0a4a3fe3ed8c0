package cli

import (
	"fmt"
	"strings"
)

// around is how many equal lines a unified diff shows around a difference.
const around = 3

// unified returns the unified diff from a to b, or "" when they are equal.
func unified(nameA, nameB, a, b string) string {
	edits := align(split(a), split(b))
	var out strings.Builder
	for i := 0; i < len(edits); {
		if edits[i].op == ' ' {
			i++
			continue
		}
		// A hunk goes on while differences are close together.
		begin, end, last := max(0, i-around), i, i
		for end < len(edits) && end-last <= 2*around {
			if edits[end].op != ' ' {
				last = end
			}
			end++
		}
		end = min(len(edits), last+around+1)
		if out.Len() == 0 {
			fmt.Fprintf(&out, "--- %s\n+++ %s\n", nameA, nameB)
		}
		hunk(&out, edits, begin, end)
		i = end
	}
	return out.String()
}

func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// edit is one line: kept ' ', left out '-' or put in '+'.
type edit struct {
	op   byte
	line string
}

func hunk(out *strings.Builder, edits []edit, begin, end int) {
	count := func(edits []edit, side byte) (n int) {
		for _, e := range edits {
			if e.op == ' ' || e.op == side {
				n++
			}
		}
		return n
	}
	at := func(side byte) string {
		first, n := count(edits[:begin], side)+1, count(edits[begin:end], side)
		if n == 0 {
			first--
		}
		return fmt.Sprintf("%d,%d", first, n)
	}
	fmt.Fprintf(out, "@@ -%s +%s @@\n", at('-'), at('+'))
	for _, e := range edits[begin:end] {
		fmt.Fprintf(out, "%c%s\n", e.op, e.line)
	}
}

// align finds what a and b have in common, as much as there is. What they begin
// and end with is set aside first, so that the rest is small.
func align(a, b []string) []edit {
	var head, tail []edit
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		head = append(head, edit{' ', a[0]})
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		tail = append([]edit{{' ', a[len(a)-1]}}, tail...)
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	// common[i][j] is how many lines a[i:] and b[j:] have in common.
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if common[i][j] = max(common[i+1][j], common[i][j+1]); a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			head = append(head, edit{' ', a[i]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			head = append(head, edit{'-', a[i]})
			i++
		default:
			head = append(head, edit{'+', b[j]})
			j++
		}
	}
	return append(head, tail...)
}
