package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/golden"
	"github.com/trackscribe/trackscribe/internal/report"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

func html(t testing.TB, in report.Input) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.HTML(&b, in); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, in := range samples() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := html(t, in)
			checkPage(t, page)
			golden.Equal(t, []byte(page), filepath.Join("testdata", name+".html"))

			var md bytes.Buffer
			if err := report.Markdown(&md, in); err != nil {
				t.Fatal(err)
			}
			golden.Equal(t, md.Bytes(), filepath.Join("testdata", name+".md"))
		})
	}
}

// A long meeting of many people is a page that a browser opens at once.
func TestSizeAndOrder(t *testing.T) {
	t.Parallel()
	in := meeting(20, 30000, 3*3600, 4)
	first := html(t, in)
	if len(first) >= 1_000_000 {
		t.Errorf("page has %d bytes, want less than a megabyte", len(first))
	}
	if first != html(t, in) {
		t.Error("the same input gives other bytes")
	}
	p := checkPage(t, first)
	for _, e := range p.elements {
		if d, ok := attribute(e, "d"); ok && len(d) > 20_000 {
			t.Errorf("a path has %d bytes: the drawing is not bounded", len(d))
		}
	}
	for _, s := range in.Transcript.Segments[len(in.Transcript.Segments)-3:] {
		if !strings.Contains(p.all, s.Text) {
			t.Errorf("transcript lacks %q", s.Text)
		}
	}
}

// The style sheet's hash must be right, or the browser drops it.
func TestPolicy(t *testing.T) {
	t.Parallel()
	p := parse(t, html(t, standup()))
	sum := sha256.Sum256([]byte(p.text["style"]))
	policy := ""
	for _, e := range p.elements {
		if kind, _ := attribute(e, "http-equiv"); kind == "Content-Security-Policy" {
			policy, _ = attribute(e, "content")
		}
	}
	for _, want := range []string{
		"default-src 'none';", "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "';",
		"media-src 'self';", "img-src data:;",
	} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy %q lacks %q", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src") {
		t.Errorf("policy %q allows too much", policy)
	}
	if m := regexp.MustCompile(`url\(|@import|https?:`).FindString(p.text["style"]); m != "" {
		t.Errorf("style sheet has %q: it must load nothing", m)
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	t.Parallel()
	p := checkPage(t, html(t, bare()))
	for _, want := range []string{
		"The topics are missing: the language model did not answer in 300 s.",
		"Highlights, action items and decisions are missing: the language model did not answer in 300 s.",
		"The title is missing",
		"The waveform is missing: mixdown-tracks failed: packet 7 of track 2 is broken.",
		"There is no mixed audio.",
	} {
		if !strings.Contains(p.all, want) {
			t.Errorf("page lacks %q", want)
		}
	}
}

func TestNothingAtAll(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   report.Input
		want string
	}{
		"zero":     {report.Input{}, "No words were recognised in this recording."},
		"no track": {report.Input{Recording: artifact.Recording{ID: "r"}}, "The recording holds no audio tracks."},
		"silence":  {silence(), "No words were recognised in this recording of 5\u00a0min 13\u00a0s."},
	}
	for name, tt := range tests {
		p := checkPage(t, html(t, tt.in))
		if !strings.Contains(p.all, tt.want) || !strings.Contains(p.all, "Nobody was heard speaking") {
			t.Errorf("%s: page lacks %q", name, tt.want)
		}
	}
}

// Every moment leads to the sentence in which it was said.
func TestMomentsLeadToTheirWords(t *testing.T) {
	t.Parallel()
	page := html(t, standup())
	link := regexp.MustCompile(`(?s)<p>If we sort only.*?href="#(t=[0-9.]+)"`).FindStringSubmatch(page)
	if link == nil {
		t.Fatal("highlight has no link")
	}
	if want := `<span id="` + link[1] + `">If we sort only the first page`; !strings.Contains(page, want) {
		t.Errorf("page lacks %q", want)
	}
}

func TestOddTimes(t *testing.T) {
	t.Parallel()
	in := standup()
	for i, odd := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -5, 1e300} {
		in.Transcript.Segments[i].Start = odd
		in.Transcript.Segments[i+5].End = odd
	}
	in.Topics.Topics[0].Start = math.NaN()
	in.Topics.Topics[1].End = math.Inf(1)
	for _, d := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		in.Transcript.Duration, in.Peaks.Duration = d, d
		if page := html(t, in); strings.Contains(page, "NaN") || strings.Contains(page, "Inf") {
			t.Errorf("duration %v: a time that is none reached the page", d)
		} else {
			checkPage(t, page)
		}
	}
}

func TestAudioFileMustBePlain(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"javascript:alert(1)", "../audio.webm", "//evil/a", "a b.webm", ".hidden", `a".webm`} {
		var b bytes.Buffer
		in := standup()
		in.AudioFile = name
		if err := report.HTML(&b, in); err == nil || b.Len() > 0 {
			t.Errorf("%q accepted, %d bytes written", name, b.Len())
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

var errFull = errors.New("disk full")

func TestWriteErrors(t *testing.T) {
	t.Parallel()
	if err := report.HTML(full{}, standup()); !errors.Is(err, errFull) {
		t.Errorf("HTML: %v", err)
	}
	if err := report.Markdown(full{}, standup()); !errors.Is(err, errFull) {
		t.Errorf("Markdown: %v", err)
	}
}

func FuzzReport(f *testing.F) {
	f.Add("Ken", "Hello.", "AAEC", "2025-11-24T10:30:00Z", "en", 1.5)
	f.Add("</b><script>", "<img src=x onerror=1>", "!", "\"", "\" x=\"", -1.0)
	f.Add("\u202e\x00\xff", "# [a](b)\n- c", "", "", "-", math.Inf(1))
	f.Fuzz(func(t *testing.T, name, text, peaks, started, lang string, at float64) {
		in := standup()
		in.Transcript.Participants[0].Name, in.Transcript.Language = name, lang
		in.Transcript.Segments[0].Text, in.Transcript.Segments[1].Start = text, at
		in.Recording.Started, in.Recording.Name = started, name
		in.Title.Title, in.Topics.Topics[0].Title, in.Topics.Topics[1].Summary = text, text, text
		in.Summary.ActionItems[0] = artifact.ActionItem{Task: text, Owner: name, Deadline: text, Moment: artifact.Moment{Start: at}}
		in.Peaks.Values = peaks
		in.Warnings = []string{text, name}
		checkPage(t, html(t, in))
		checkMarkdown(t, in)
	})
}

// Where the audio was deleted the page says so, and offers nothing to play.
func TestDeletedAudioIsNotOffered(t *testing.T) {
	t.Parallel()
	in := standup()
	if page := html(t, in); !strings.Contains(page, "<audio") {
		t.Fatal("the sample has no audio")
	}
	in.AudioFile, in.AudioGone = "", true
	page := html(t, in)
	if strings.Contains(page, "<audio") || strings.Contains(page, ">Listen<") || !strings.Contains(page, "The audio was deleted for want of consent.") {
		t.Error("the page offers audio, or does not say why there is none")
	}
	checkPage(t, page)
}
