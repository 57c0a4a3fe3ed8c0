package draw_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/draw"
	"github.com/trackscribe/trackscribe/internal/golden"
	"github.com/trackscribe/trackscribe/templates/graph"
)

var forms = []struct {
	file string
	draw draw.Func
}{
	{"meeting.txt", draw.Text},
	{"meeting.ascii.txt", draw.ASCII},
	{"meeting.mmd", draw.Mermaid},
	{"meeting.dot", draw.DOT},
	{"meeting.json", draw.JSON},
	{"meeting.svg", draw.SVG},
}

func drawn(t *testing.T, f draw.Func, g graph.Graph) string {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, f := range forms {
		t.Run(f.file, func(t *testing.T) {
			golden.Equal(t, []byte(drawn(t, f.draw, meeting())), "testdata/"+f.file)
		})
	}
}

func TestSameGraphSameBytes(t *testing.T) {
	t.Parallel()
	for _, f := range forms {
		for seed := range uint64(5) {
			if a, b := drawn(t, f.draw, random(seed, 15)), drawn(t, f.draw, random(seed, 15)); a != b {
				t.Errorf("%s, seed %d: two drawings differ", f.file, seed)
			}
		}
	}
}

func TestEmptyGraph(t *testing.T) {
	t.Parallel()
	for _, f := range forms {
		if out := drawn(t, f.draw, graph.Graph{Name: "empty", Version: "1"}); !strings.Contains(out, "empty") && f.file != "meeting.mmd" {
			t.Errorf("%s of an empty graph:\n%s", f.file, out)
		}
	}
}

func TestInvalidGraphWritesNothing(t *testing.T) {
	t.Parallel()
	g := meeting()
	slices.Reverse(g.Nodes)
	for _, f := range forms {
		var b bytes.Buffer
		if err := f.draw(&b, g); err == nil || b.Len() > 0 {
			t.Errorf("%s: error %v and %d bytes, want an error and nothing", f.file, err, b.Len())
		}
	}
}

type full struct{}

var errFull = errors.New("no space")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriteError(t *testing.T) {
	t.Parallel()
	for _, f := range forms {
		if err := f.draw(full{}, meeting()); !errors.Is(err, errFull) {
			t.Errorf("%s: error %v, want %v", f.file, err, errFull)
		}
	}
}

// designEdges is the picture on the design's page, edge by edge.
var designEdges = []string{
	"get-recording get-participants", "get-recording pad-track",
	"pad-track transcribe-track", "pad-track mixdown-tracks",
	"mixdown-tracks generate-waveform", "generate-waveform finalize",
	"get-participants merge-transcripts", "transcribe-track merge-transcripts",
	"merge-transcripts detect-topics",
	"detect-topics generate-title", "detect-topics generate-summary",
	"generate-title finalize", "generate-summary finalize",
	"finalize cleanup-consent",
	"cleanup-consent post-zulip", "cleanup-consent send-webhook",
}

func TestDrawnEdgesAreTheDesigns(t *testing.T) {
	t.Parallel()
	want := slices.Sorted(slices.Values(designEdges))
	undo := func(id string) string {
		return strings.ReplaceAll(strings.TrimPrefix(strings.Trim(id, `"`), "n_"), "_", "-")
	}
	for _, f := range []struct {
		name string
		draw draw.Func
	}{{"mermaid", draw.Mermaid}, {"dot", draw.DOT}} {
		var got []string
		for line := range strings.Lines(drawn(t, f.draw, meeting())) {
			w := strings.Fields(line)
			if len(w) >= 3 && slices.Contains([]string{"->", "-->", "-.->"}, w[1]) {
				got = append(got, undo(w[0])+" "+undo(w[2]))
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: edges (-design +drawn):\n%s", f.name, diff)
		}
	}
}

func TestJSONIsWhole(t *testing.T) {
	t.Parallel()
	g := meeting()
	out := drawn(t, draw.JSON, g)
	if strings.Contains(out, "null") {
		t.Error("there is a null in it")
	}
	d := json.NewDecoder(strings.NewReader(out))
	d.DisallowUnknownFields()
	var doc draw.Document
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	if doc.Digest != g.Digest() {
		t.Errorf("digest %q, want %q", doc.Digest, g.Digest())
	}
	for i, n := range g.Nodes {
		got := doc.Nodes[i]
		if want := append([]string{}, g.Parents(n)...); !slices.Equal(got.Parents, want) {
			t.Errorf("%s: parents %q, want %q", n.Name(), got.Parents, want)
		}
		from := graph.From{}
		for _, in := range got.Inputs {
			if in.From != "" {
				from[in.Port] = graph.Ref(in.From)
			}
		}
		if diff := cmp.Diff(n.From, from); diff != "" {
			t.Errorf("%s: joins (-graph +json):\n%s", n.Name(), diff)
		}
	}
}

// Titles are for people: whatever stands in them must not become syntax.
func TestHostileTitles(t *testing.T) {
	t.Parallel()
	g := meeting()
	g.Nodes[0].Title = "a\"]; end\nclick <script> & \\ `x` %% {y} #amp;\x1b[31m"
	g.Nodes[0].Step.Summary = `</title><b>"x"`
	harmless := meeting()
	harmless.Nodes[0].Title = strings.Repeat("x", len(g.Nodes[0].Title))
	for _, f := range forms {
		out := drawn(t, f.draw, g)
		if f.file != "meeting.json" && strings.Contains(out, "\x1b") {
			t.Errorf("%s: a control character got through", f.file)
		}
		if strings.HasSuffix(f.file, ".svg") || strings.HasSuffix(f.file, ".mmd") {
			for _, bad := range []string{"<script", "</title><b", "click <", `a"]`} {
				if strings.Contains(out, bad) {
					t.Errorf("%s: %q got through", f.file, bad)
				}
			}
		}
		if want, got := lines(drawn(t, f.draw, harmless)), lines(out); want != got {
			t.Errorf("%s: %d lines, want %d", f.file, got, want)
		}
	}
}

func lines(s string) int { return strings.Count(s, "\n") }

func TestGoldenFilesEndInNewline(t *testing.T) {
	t.Parallel()
	for _, f := range forms {
		b, err := os.ReadFile("testdata/" + f.file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasSuffix(b, []byte("\n")) || bytes.Contains(b, []byte(" \n")) {
			t.Errorf("%s: no newline at its end, or spaces before one", f.file)
		}
	}
}
