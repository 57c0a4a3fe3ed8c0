package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// Markdown writes summary.md, in CommonMark with task lists. Whatever was said
// is escaped: it can make no heading, list, image, link or formula of its own.
func Markdown(w io.Writer, in Input) error {
	v := newView(in)
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	section := func(title string) { line("\n## %s\n", title) }

	line("# %s\n", escape(v.Title))
	about := []string{}
	for _, s := range []string{v.Date, v.Length, v.Name} {
		if s != "" {
			about = append(about, escape(s))
		}
	}
	if len(about) > 0 {
		line("%s", strings.Join(about, " · "))
	}
	if v.NoTitle != "" {
		line("\n%s", escape(v.NoTitle))
	}
	if len(v.People) > 0 {
		section("Participants")
		for _, p := range v.People {
			if p.Seconds == 0 {
				line("- %s, did not speak", escape(p.Name))
				continue
			}
			line("- %s, %s of the speaking time (%s)", escape(p.Name), escape(p.Percent()), p.Time())
		}
	}
	if v.Heard {
		markdownSummary(v, line, section)
		section("Topics")
		switch {
		case v.NoTopics != "":
			line("%s", escape(v.NoTopics))
		case len(v.Topics) == 0:
			line("None were found.")
		}
		for _, t := range v.Topics {
			line("%d. **%s** (%s–%s)%s", t.Number, escape(t.Title), t.From, t.To, after(": ", escape(t.Summary)))
		}
	} else {
		section("Nobody was heard speaking")
		line("%s", escape(v.Quiet))
	}
	if len(v.Skipped) > 0 {
		section("Left out")
		for _, s := range v.Skipped {
			line("- %s%s", escape(s.What), after(": ", escape(s.Reason)))
		}
	}
	if len(v.Warnings) > 0 {
		section("Warnings")
		for _, s := range v.Warnings {
			line("- %s", escape(s))
		}
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

func markdownSummary(v *view, line func(string, ...any), section func(string)) {
	if v.NoSummary != "" {
		section("Highlights")
		line("%s", escape(v.NoSummary))
		return
	}
	for i, paragraph := range v.Recap {
		if i == 0 {
			section("Summary")
		} else {
			line("")
		}
		line("%s", escape(paragraph))
	}
	if len(v.Subjects) > 0 {
		section("Subjects")
		for i, s := range v.Subjects {
			if i > 0 {
				line("")
			}
			line("### %s", escape(s.Title))
			for _, p := range append(filled(s.Paragraph), s.Detail...) {
				line("\n%s", escape(p))
			}
			var from []string
			for _, q := range s.Moments {
				from = append(from, strings.Join(filled(escape(q.Who), q.At.Clock), " "))
			}
			if len(from) > 0 {
				line("\nFrom: %s", strings.Join(from, ", "))
			}
		}
	}
	if len(v.Highlights) > 0 {
		section("Highlights")
		for _, q := range v.Highlights {
			line("- “%s” (%s)", escape(q.Text), strings.Join(filled(escape(q.Who), q.At.Clock), ", "))
		}
	}
	section("Action items")
	for _, q := range v.ActionItems {
		owner := ""
		if q.Who != "" {
			owner = "**" + escape(q.Who) + "**: "
		}
		line("- [ ] %s%s (%s)", owner, escape(q.Text), strings.Join(filled(escape(q.Deadline), q.At.Clock), ", "))
	}
	if len(v.ActionItems) == 0 {
		line("None were found.")
	}
	section("Decisions")
	for _, q := range v.Decisions {
		line("- %s (%s)", escape(q.Text), strings.Join(filled(escape(q.Who), q.At.Clock), ", "))
	}
	if len(v.Decisions) == 0 {
		line("None were found.")
	}
}

// escape makes text plain in Markdown. Characters that mean something anywhere
// are escaped everywhere; those that open a block, at the start only, for text
// without a stray backslash reads better as it is.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("\\`*_[]<>|~$&", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	s = strings.ReplaceAll(b.String(), "://", "\\://") // some viewers link bare addresses
	if s == "" {
		return s
	}
	if strings.ContainsRune("#+-=:!", rune(s[0])) {
		return "\\" + s
	}
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	if digits > 0 && digits < len(s) && (s[digits] == '.' || s[digits] == ')') {
		return s[:digits] + "\\" + s[digits:]
	}
	return s
}

// filled leaves out the empty ones.
func filled(texts ...string) []string {
	var out []string
	for _, s := range texts {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

func after(separator, s string) string {
	if s == "" {
		return ""
	}
	return separator + s
}
