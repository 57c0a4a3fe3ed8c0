package report_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/report"
)

// checkMarkdown holds what is true of every summary: its blocks are ours, and
// no text from outside opens one or holds bare markup.
func checkMarkdown(t testing.TB, in report.Input) {
	t.Helper()
	var b bytes.Buffer
	if err := report.Markdown(&b, in); err != nil {
		t.Fatal(err)
	}
	heading := regexp.MustCompile(`^# .|^## (Participants|Summary|Subjects|Highlights|Action items|Decisions|Topics|Left out|Warnings|Nobody was heard speaking)$`)
	bare := regexp.MustCompile("(^|[^\\\\])(\\\\\\\\)*[<`\\[]")
	subjects := 0
	for _, line := range strings.Split(b.String(), "\n") {
		subject := strings.HasPrefix(line, "### ")
		if subject {
			subjects++
		}
		if strings.HasPrefix(line, "#") && !subject && !heading.MatchString(line) {
			t.Errorf("%q is a heading of its own", line)
		}
		if rest := strings.TrimPrefix(line, "- [ ] "); bare.MatchString(rest) {
			t.Errorf("%q holds bare markup", line)
		}
	}
	if want := in.Summary; want != nil && subjects != len(want.Subjects) || want == nil && subjects > 0 {
		t.Errorf("%d headings of subjects", subjects)
	}
}

func TestMarkdownBlocks(t *testing.T) {
	t.Parallel()
	for _, in := range samples() {
		checkMarkdown(t, in)
	}
	checkMarkdown(t, report.Input{})
}
