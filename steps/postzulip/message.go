package postzulip

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/trackscribe/trackscribe/internal/text/subtitle"
	"github.com/trackscribe/trackscribe/internal/zulip/markdown"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// Lengths in characters.
const (
	// maxMessage is what Zulip takes (https://zulip.com/api/send-message: 10000
	// by default); it cuts what is longer, in the middle of whatever is there.
	maxMessage = 10000
	maxTitle   = 200
	maxName    = 60
	maxNames   = 1000 // all participants together
	maxItem    = 1200 // one line of a section
	maxMore    = 40   // "… and 123 more"
)

// content is what a message is about.
type content struct {
	result  artifact.Result
	topics  *artifact.Topics
	summary *artifact.Summary
	link    string // page of the recording, or ""
}

// mark is the line that tells the recording's message from others. It is found
// again in what the server has.
func mark(recording string) string { return "**Recording**: " + markdown.Plain(recording) }

// message writes the message in Zulip's Markdown. What is long is folded; what
// does not fit is counted.
func (c content) message() string {
	r := c.result
	head := []string{"# " + markdown.Short(r.Title, maxTitle)}
	if at, err := time.Parse(time.RFC3339, r.Started); err == nil {
		head = append(head, "**Date**: <time:"+at.Format(time.RFC3339)+">")
	}
	if c.link != "" {
		head = append(head, "**Link**: "+c.link)
	}
	head = append(head, "**Duration**: "+subtitle.Clock(r.Duration))
	if len(r.Participants) > 0 {
		head = append(head, "**Participants**: "+c.names())
	}
	head = append(head, mark(r.Recording))

	list := c.sections()
	room := maxMessage - length(head...) - length("-----", "")
	for _, s := range list {
		room -= length(s.open(), s.end()) + 1 + maxMore
	}
	share(list, room)
	var b strings.Builder
	b.WriteString(strings.Join(head, "\n") + "\n")
	for _, s := range list {
		b.WriteString("\n" + s.text())
	}
	b.WriteString("\n-----")
	return b.String()
}

// names lists the participants, as many as there is room for.
func (c content) names() string {
	var names []string
	left := maxNames
	for i, p := range c.result.Participants {
		name := c.name(p.ID)
		if left -= utf8.RuneCountInString(name) + 2; left < 0 {
			return strings.Join(names, ", ") + fmt.Sprintf(" and %d more", len(c.result.Participants)-i)
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// name is how a participant is called; empty for nobody.
func (c content) name(id string) string {
	for _, p := range c.result.Participants {
		if id != "" && p.ID == id {
			return markdown.Short(p.Name, maxName)
		}
	}
	return ""
}

func (c content) sections() []*section {
	var list []*section
	add := func(title string, items []string) {
		if len(items) > 0 {
			list = append(list, &section{title: title, items: items})
		}
	}
	if s := c.summary; s != nil {
		add("Summary", c.recap(*s))
		var items []string
		for _, a := range s.ActionItems {
			task := item(a.Task)
			if who := c.name(a.Owner); who != "" {
				task = "**" + who + "**: " + task
			}
			items = append(items, "- "+task+about(markdown.Short(a.Deadline, maxTitle), subtitle.Clock(a.Moment.Start)))
		}
		add(fmt.Sprintf("Action items (%d)", len(items)), items)
		items = nil
		for _, d := range s.Decisions {
			items = append(items, "- "+item(d.Decision)+about(c.name(d.By), subtitle.Clock(d.Moment.Start)))
		}
		add(fmt.Sprintf("Decisions (%d)", len(items)), items)
	}
	if c.topics != nil {
		var items []string
		for i, t := range c.topics.Topics {
			items = append(items, fmt.Sprintf("%d. [%s] %s", i+1, subtitle.Clock(t.Start), markdown.Short(t.Title, maxTitle)))
		}
		add(fmt.Sprintf("Topics (%d)", len(items)), items)
	}
	return list
}

// recap is the summary as lines: what a model wrote, else what was said.
func (c content) recap(s artifact.Summary) []string {
	var items []string
	for _, p := range strings.Split(s.Recap, "\n") {
		if strings.TrimSpace(p) != "" {
			items = append(items, markdown.Start(item(p)))
		}
	}
	for _, sub := range s.Subjects {
		items = append(items, "- **"+markdown.Short(sub.Title, maxTitle)+"**: "+item(sub.Paragraph))
	}
	for _, h := range s.Highlights {
		items = append(items, "- "+item(h.Text)+about(c.name(h.Speaker), subtitle.Clock(h.Start)))
	}
	return items
}

func item(s string) string { return markdown.Short(s, maxItem) }

// about is a remark in brackets of those parts that are known.
func about(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return " (" + strings.Join(parts, ", ") + ")"
}

// A section is a folded list.
type section struct {
	title string
	items []string
	room  int // for its items, in characters
}

func (s *section) open() string { return "```spoiler " + s.title }
func (s *section) end() string  { return "```" }

// text writes as many whole items as there is room for.
func (s *section) text() string {
	lines, left := []string{s.open()}, s.room
	for i, it := range s.items {
		if left -= length(it); left < 0 {
			lines = append(lines, fmt.Sprintf("… and %d more", len(s.items)-i))
			break
		}
		lines = append(lines, it)
	}
	return strings.Join(append(lines, s.end()), "\n") + "\n"
}

// share divides the room between sections: what the shorter ones do not need is
// the longer ones'.
func share(list []*section, room int) {
	byNeed := slices.Clone(list)
	slices.SortStableFunc(byNeed, func(a, b *section) int { return length(a.items...) - length(b.items...) })
	for i, s := range byNeed {
		s.room = min(length(s.items...), room/(len(byNeed)-i))
		room -= s.room
	}
}

// length counts the characters of lines, with their ends.
func length(lines ...string) int {
	n := 0
	for _, l := range lines {
		n += utf8.RuneCountInString(l) + 1
	}
	return n
}
