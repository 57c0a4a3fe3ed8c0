package llmtest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A line is a numbered line of the question.
type line struct {
	n             int
	speaker, text string
}

var (
	spoken = regexp.MustCompile(`(?m)^\[(\d+)\] \d[\d:]* (.+?): (.*)$`)        // of the transcript
	listed = regexp.MustCompile(`(?m)^\[(\d+)\] (?:\d[\d:]*–\d[\d:]* )?(.*)$`) // topics, paragraphs
	atMost = regexp.MustCompile(`at most (\d+) subjects`)

	promised = regexp.MustCompile(`(?i)\b(I will|I'll|let me) `)
	asked    = regexp.MustCompile(`(?i)^(\w+), (?:could|can|would) you (.*)$`)
	when     = regexp.MustCompile(`(?i)\b(by (?:monday|tuesday|wednesday|thursday|friday)|tomorrow|today|next week)\b`)
	settled  = regexp.MustCompile(`(?i)\b(agreed|we decided|let us do|let's do|we will go with|we ship)\b`)
)

// think answers a question of that form: which it is, and the JSON.
func think(form schema, a Asked) (name, answer string) {
	lines := linesOf(a.User)
	var v any
	has := func(field string) bool { _, ok := form.Properties[field]; return ok }
	switch {
	case has("action_items"):
		name, v = "actions", actions(lines)
	case has("detail"):
		name, v = "detail", detail(lines)
	case has("subjects"):
		name, v = "subjects", subjects(a)
	case has("recap"):
		name, v = "recap", map[string]any{"recap": "They talked about this: " + strings.Join(items(a.User), " ")}
	case has("title"):
		list := items(a.User)
		if len(list) == 0 {
			break
		}
		name, v = "title", map[string]any{"title": "“" + words(list[0], 8) + ".”", "topics": []int{1}}
	case has("topics"):
		name, v = "topics", map[string]any{"topics": topics(lines)}
	}
	if v == nil {
		return "", "What would you like to know?"
	}
	b, err := json.Marshal(v)
	if err != nil {
		return name, err.Error()
	}
	return name, string(b)
}

func linesOf(s string) []line {
	var out []line
	for _, m := range spoken.FindAllStringSubmatch(s, -1) {
		n, _ := strconv.Atoi(m[1])
		out = append(out, line{n, m[2], m[3]})
	}
	return out
}

func items(s string) []string {
	var out []string
	for _, m := range listed.FindAllStringSubmatch(s, -1) {
		out = append(out, m[2])
	}
	return out
}

// topics makes one topic of few lines and two of many.
func topics(lines []line) []any {
	parts := [][]line{lines}
	if n := len(lines); n >= 12 {
		parts = [][]line{lines[:n/2], lines[n/2:]}
	}
	out := []any{}
	for _, p := range parts {
		if len(p) == 0 {
			continue
		}
		l := longest(p)
		out = append(out, map[string]any{
			"line": p[0].n, "title": words(l.text, 6), "summary": fmt.Sprintf("%s says: %s", l.speaker, l.text), "keywords": strings.Fields(words(l.text, 3)),
		})
	}
	return out
}

func subjects(a Asked) any {
	most := 1
	if m := atMost.FindStringSubmatch(a.System + a.User); m != nil {
		most, _ = strconv.Atoi(m[1])
	}
	list := items(a.User)
	most = min(most, len(list))
	out := []any{}
	for k := range most {
		var own []int
		for i := k * len(list) / most; i < (k+1)*len(list)/most; i++ {
			own = append(own, i+1)
		}
		out = append(out, map[string]any{"title": words(list[own[0]-1], 6), "topics": own})
	}
	return map[string]any{"subjects": out}
}

func detail(lines []line) any {
	l := longest(lines)
	return map[string]any{
		"paragraph": fmt.Sprintf("%s says: %s", l.speaker, l.text),
		"detail":    fmt.Sprintf("%s begins: %s\n\nIn the end %s says: %s", lines[0].speaker, lines[0].text, lines[len(lines)-1].speaker, lines[len(lines)-1].text),
		"lines":     []int{lines[0].n, l.n},
	}
}

func actions(lines []line) any {
	tasks, decisions := []any{}, []any{}
	for _, l := range lines {
		deadline := when.FindString(l.text)
		if at := promised.FindStringIndex(l.text); at != nil {
			tasks = append(tasks, map[string]any{"task": words(l.text[at[1]:], 12), "owner": l.speaker, "deadline": deadline, "line": l.n})
		} else if m := asked.FindStringSubmatch(l.text); m != nil {
			tasks = append(tasks, map[string]any{"task": words(m[2], 12), "owner": m[1], "deadline": deadline, "line": l.n})
		}
		if settled.MatchString(l.text) {
			decisions = append(decisions, map[string]any{"decision": l.text, "by": l.speaker, "line": l.n})
		}
	}
	return map[string]any{"action_items": tasks, "decisions": decisions}
}

func longest(lines []line) line {
	best := lines[0]
	for _, l := range lines {
		if len(l.text) > len(best.text) {
			best = l
		}
	}
	return best
}

// words returns the first n words.
func words(s string, n int) string {
	w := strings.Fields(s)
	return strings.TrimRight(strings.Join(w[:min(n, len(w))], " "), ".,:;?!")
}
