package postzulip

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/zulip/markdown"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

func meeting() content {
	return content{
		link: "https://notes.example.com/recordings/standup",
		result: artifact.Result{
			Recording: "standup", Title: "Release on friday", Started: "2025-11-24T10:30:00Z", Duration: 293.4,
			Participants: []artifact.ResultSpeaker{{ID: "a", Name: "Ana"}, {ID: "b", Name: "Ben"}},
		},
		topics: &artifact.Topics{Topics: []artifact.Topic{{Title: "Release", Start: 0}, {Title: "Logs", Start: 61}}},
		summary: &artifact.Summary{
			Recap:       "They plan the release.\n\nIt is on friday.",
			Highlights:  []artifact.Moment{{Text: "We ship on friday.", Speaker: "a", Start: 12}},
			ActionItems: []artifact.ActionItem{{Task: "read the logs", Owner: "b", Deadline: "by friday", Moment: artifact.Moment{Start: 70}}},
			Decisions:   []artifact.Decision{{Decision: "ship on friday", Moment: artifact.Moment{Start: 20}}},
		},
	}
}

func TestMessage(t *testing.T) {
	t.Parallel()
	want := `# Release on friday
**Date**: <time:2025-11-24T10:30:00Z>
**Link**: https://notes.example.com/recordings/standup
**Duration**: 04:53
**Participants**: Ana, Ben
**Recording**: standup

§spoiler Summary
They plan the release.
It is on friday.
- We ship on friday. (Ana, 00:12)
§

§spoiler Action items (1)
- **Ben**: read the logs (by friday, 01:10)
§

§spoiler Decisions (1)
- ship on friday (00:20)
§

§spoiler Topics (2)
1. [00:00] Release
2. [01:01] Logs
§

-----`
	if diff := cmp.Diff(strings.ReplaceAll(want, "§", "```"), meeting().message()); diff != "" {
		t.Error(diff)
	}
}

func TestMessageOfNearlyNothing(t *testing.T) {
	t.Parallel()
	c := content{result: artifact.Result{Recording: "silence", Title: "Untitled meeting", Started: "sometime"}}
	want := "# Untitled meeting\n**Duration**: 00:00\n**Recording**: silence\n\n-----"
	if diff := cmp.Diff(want, c.message()); diff != "" {
		t.Error(diff)
	}
}

// markup is what Zulip's Markdown knows, written from its documentation, but
// for what the message has of its own.
var markup = map[string]*regexp.Regexp{
	"mention":   regexp.MustCompile(`@_?\*`),
	"channel":   regexp.MustCompile(`#\*\*`),
	"bold":      regexp.MustCompile(`\*`),
	"code":      regexp.MustCompile("`"),
	"tilde":     regexp.MustCompile(`~~`),
	"link":      regexp.MustCompile(`\]\(`),
	"address":   regexp.MustCompile(`://|www\.\w|\w\.(com|example|org)\b|javascript:\w|mailto:\w`),
	"time":      regexp.MustCompile(`<time:`),
	"formula":   regexp.MustCompile(`\$\$`),
	"avatar":    regexp.MustCompile(`!avatar\(|!gravatar\(`),
	"emoji":     regexp.MustCompile(`:[a-z_]+:`),
	"new line":  regexp.MustCompile(`[\n\r\x{2028}\x{2029}\x{85}\v\f]`),
	"direction": regexp.MustCompile(`[\x{202a}-\x{202e}\x{2066}-\x{2069}]`),
}

var hostile = []string{
	"@**all**", "@_**Ana|12**", "@*admins*", "#**secret>topic**", "@@**everyone**", "[free](https://evil.example/x)", "[a][b]", "https://evil.example", "evil.example.com/x",
	"www.evil.org", "javascript:alert(1)", "```\nnew block\n```", "~~~quote\nx\n~~~", "a\n-----\n# heading", "x\r\n> quoted", "<time:2030-01-01T00:00:00Z>", "$$x^2$$", "!avatar(a@b.example)",
	":warning: :+1:", "\u202egnp.exe", "**bold** *x* `code`", "line\u2028next\u0085third", "/me does", "bad \xff bytes", "\u200b@\u200b**all**",
}

func TestPlainIsPlain(t *testing.T) {
	t.Parallel()
	for _, s := range hostile {
		got := markdown.Plain(s)
		for name, re := range markup {
			if re.MatchString(got) {
				t.Errorf("%q is a %s after all: %q", s, name, got)
			}
		}
		if !utf8.ValidString(got) || got == "" {
			t.Errorf("%q became %q", s, got)
		}
	}
	for _, s := range []string{"We ship 3.5 on Friday, at 10.", "Zoë's R&D — 100 % (really?)", "日本語 👩\u200d💻"} {
		if got := markdown.Plain(s); got != s {
			t.Errorf("%q became %q without need", s, got)
		}
	}
}

// Hostile words in every place leave the message's own lines as they are.
func TestHostileMessage(t *testing.T) {
	t.Parallel()
	for _, s := range hostile {
		c := meeting()
		calm := shape(c.message())
		c.result.Title, c.result.Participants[0].Name, c.result.Participants[1].Name = s, s, s
		c.topics.Topics[1].Title, c.summary.Highlights[0].Text = s, s
		c.summary.ActionItems[0].Task, c.summary.ActionItems[0].Deadline, c.summary.Decisions[0].Decision = s, s, s
		c.summary.Subjects = nil
		if diff := cmp.Diff(calm, shape(c.message())); diff != "" {
			t.Errorf("%q changes the message: %s", s, diff)
		}
		c.summary.Recap = s
		for i, line := range strings.Split(c.message(), "\n") {
			if i > 0 && (strings.HasPrefix(line, "#") || strings.HasPrefix(line, ">") || strings.HasPrefix(line, "/")) {
				t.Errorf("%q begins a line: %q", s, line)
			}
		}
	}
}

// shape is what begins each line, and how many fences there are.
func shape(message string) []string {
	var out []string
	for _, line := range strings.Split(message, "\n") {
		r := []rune(line)
		out = append(out, string(r[:min(2, len(r))]))
	}
	return append(out, fmt.Sprint(strings.Count(message, "```"), strings.Count(message, "**")))
}

// Whatever there is of it, a message fits, its blocks are closed, and what is
// left out is counted.
func TestLongMessages(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("wörd ", 100)
	for _, n := range []int{1, 10, 100, 400} {
		for _, text := range []string{"x", long, strings.Repeat(long, 50), strings.Repeat("@", 20000)} {
			c := meeting()
			c.result.Title, c.summary.Recap = text, text
			for i := range n {
				c.result.Participants = append(c.result.Participants, artifact.ResultSpeaker{ID: fmt.Sprint(i), Name: text})
				c.topics.Topics = append(c.topics.Topics, artifact.Topic{Title: text, Start: float64(i)})
				c.summary.Highlights = append(c.summary.Highlights, artifact.Moment{Text: text})
				c.summary.ActionItems = append(c.summary.ActionItems, artifact.ActionItem{Task: text, Owner: "a"})
			}
			m := c.message()
			if got := utf8.RuneCountInString(m); got > maxMessage {
				t.Errorf("%d items: %d characters", n, got)
			}
			if fences := strings.Count(m, "```"); fences != 8 || !strings.HasSuffix(m, "\n```\n\n-----") || !strings.Contains(m, mark("standup")) {
				t.Errorf("%d items: %d fences; it ends %q", n, fences, m[len(m)-20:])
			}
			if n < 400 {
				continue
			}
			topics := m[strings.Index(m, "spoiler Topics"):]
			var more int
			shown := strings.Count(topics, "\n") - 4
			if _, err := fmt.Sscanf(topics[strings.Index(topics, "… and"):], "… and %d more", &more); err != nil || more+shown != 402 || shown < 1 {
				t.Errorf("%d topics shown, %d more, %v; want 402 together", shown, more, err)
			}
		}
	}
}

func TestShareGivesWhatOthersLeave(t *testing.T) {
	t.Parallel()
	short, long, longer := &section{items: []string{"123456789"}}, &section{items: []string{strings.Repeat("x", 99)}}, &section{items: []string{strings.Repeat("x", 199)}}
	share([]*section{longer, short, long}, 110)
	if short.room != 10 || long.room != 50 || longer.room != 50 {
		t.Errorf("room %d, %d, %d", short.room, long.room, longer.room)
	}
}
