package merge

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/steps/artifact"
)

// track makes a track's words from text, from start on, 0.3 s a word.
func track(index int, start float64, text string) artifact.TrackWords {
	tw := artifact.TrackWords{Track: index, Language: "en"}
	for _, w := range strings.Fields(text) {
		tw.Words = append(tw.Words, artifact.Word{Text: w, Start: start, End: start + 0.28, Probability: 0.9})
		start += 0.3
	}
	return tw
}

func text(t artifact.Transcript) string {
	var out []string
	for _, w := range t.Words {
		out = append(out, fmt.Sprintf("%s:%s", w.Speaker, w.Text))
	}
	return strings.Join(out, " ")
}

func TestSpeakers(t *testing.T) {
	t.Parallel()
	rec := artifact.Recording{ID: "r", Duration: 60, Tracks: []artifact.Track{
		{Index: 0, ParticipantID: "a"},
		{Index: 1, ParticipantID: "a2"},
		{Index: 2, ParticipantID: "x"},
		{Index: 3, ParticipantID: "b"},
		{Index: 4},
		{Index: 5, ParticipantID: "x"},
	}}
	who := artifact.Participants{Participants: []artifact.Participant{
		{ID: "a", Name: " Ana\nMaria ", Tracks: []int{1, 0}}, // rejoined
		{ID: "b", Name: "Ben"},                               // has a track by its id only
		{ID: "c", Tracks: []int{0}},                          // claims another's
	}}
	tracks := []artifact.TrackWords{track(0, 1, "one"), track(1, 10, "two"), track(2, 20, "three"), track(3, 30, "four"), track(4, 40, "five"), track(7, 50, "six")}
	got := Merge(rec, who, tracks)
	want := []artifact.Speaker{
		{ID: "a", Name: "Ana Maria", Tracks: []int{0, 1}},
		{ID: "b", Name: "Ben", Tracks: []int{3}},
		{ID: "c", Name: "Speaker", Tracks: []int{}},
		{ID: "x", Name: "Speaker 3", Tracks: []int{2, 5}},
		{ID: "track-4", Name: "Speaker 5", Tracks: []int{4}},
		{ID: "track-7", Name: "Speaker 8", Tracks: []int{7}},
	}
	if d := cmp.Diff(want, got.Participants); d != "" {
		t.Errorf("speakers (-want +got):\n%s", d)
	}
	if got, want := text(got), "a:one a:two x:three b:four track-4:five track-7:six"; got != want {
		t.Errorf("words %q, want %q", got, want)
	}
	if d := cmp.Diff([]string{"track 0 is claimed by two participants; the first one keeps it", "track 5 was not transcribed"}, got.Warnings); d != "" {
		t.Errorf("warnings (-want +got):\n%s", d)
	}
}

func TestNothing(t *testing.T) {
	t.Parallel()
	got := Merge(artifact.Recording{ID: "r", Duration: 3}, artifact.Participants{}, nil)
	want := artifact.Transcript{Recording: "r", Duration: 3, Participants: []artifact.Speaker{}, Words: []artifact.TranscriptWord{}, Segments: []artifact.Segment{}, Warnings: []string{}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("transcript of nothing (-want +got):\n%s", d)
	}
	b, err := json.Marshal(got)
	if err != nil || strings.Contains(string(b), "null") {
		t.Errorf("lists must not be null: %s, %v", b, err)
	}
}

func TestRepair(t *testing.T) {
	t.Parallel()
	tw := artifact.TrackWords{Track: 3, Duration: 30, Words: []artifact.Word{
		{Text: " hello", Start: 1, End: 1.4, Probability: 0.5},
		{Text: ",", Start: 1.4, End: 1.4},
		{Text: "nan", Start: math.NaN(), End: math.NaN(), Probability: math.NaN()},
		{Text: "negative", Start: -5, End: 2.5, Probability: -1},
		{Text: "backwards", Start: 3, End: 2, Probability: 7},
		{Text: "endless", Start: 4, End: math.Inf(1)},
		{Text: "stretched", Start: 5, End: 29},
		{Text: "beyond", Start: 1e9, End: 1e9 + 1},
		{Text: "\x00 \ufeff", Start: 6, End: 6.1},
		{Text: "two\nlines\x07\xff", Start: 8, End: 8.5},
		{Text: "early", Start: math.Copysign(0, -1), End: 0.3},
	}}
	got := Merge(artifact.Recording{}, artifact.Participants{}, []artifact.TrackWords{tw})
	var words []string
	last := -1.0
	for _, w := range got.Words {
		words = append(words, w.Text)
		if !(w.Start >= 0 && w.End >= w.Start && w.End <= 35 && w.End-w.Start <= maxWord) || w.Start < last || !(w.Probability >= 0 && w.Probability <= 1) {
			t.Errorf("word %+v after one at %v", w, last)
		}
		last = w.Start
	}
	if d := cmp.Diff([]string{"early", "hello,", "nan", "negative", "backwards", "endless", "stretched", "beyond", "two lines"}, words); d != "" {
		t.Errorf("words (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"6 words on track 3 had impossible times, which were repaired"}, got.Warnings); d != "" {
		t.Errorf("warnings (-want +got):\n%s", d)
	}
	if b, err := json.Marshal(got); err != nil || strings.Contains(string(b), ":-0") {
		t.Errorf("marshal: %v: %s", err, b)
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	tracks := []artifact.TrackWords{
		{Track: 1, Words: []artifact.Word{{Text: "d", Start: 1, End: 2}, {Text: "e", Start: 1, End: 2}}},
		{Track: 0, Words: []artifact.Word{{Text: "b", Start: 1, End: 2}, {Text: "c", Start: 1, End: 2}, {Text: "a", Start: 1, End: 1.5}}},
	}
	got := Merge(artifact.Recording{}, artifact.Participants{}, tracks)
	var words []string
	for _, w := range got.Words {
		words = append(words, w.Text)
	}
	if d := cmp.Diff([]string{"a", "b", "c", "d", "e"}, words); d != "" {
		t.Errorf("by start, end, track, position (-want +got):\n%s", d)
	}
}

func TestDoubles(t *testing.T) {
	t.Parallel()
	who := artifact.Participants{Participants: []artifact.Participant{{ID: "a", Name: "Ana", Tracks: []int{0, 1}}, {ID: "b", Name: "Ben", Tracks: []int{2}}}}
	sure := func(tw artifact.TrackWords, p float64) artifact.TrackWords {
		for i := range tw.Words {
			tw.Words[i].Probability = p
		}
		return tw
	}
	cases := []struct {
		name   string
		tracks []artifact.TrackWords
		want   string
		gone   int
	}{
		{
			"reconnection overlaps",
			[]artifact.TrackWords{track(0, 1, "the plan for monday is simple"), track(1, 2.25, "simple we ship it")},
			"the plan for monday is simple we ship it", 1,
		},
		{
			"first word cut",
			[]artifact.TrackWords{track(0, 1, "we moved the launch to monday"), sure(track(1, 1.35, "v the launch to monday and rest"), 0.8)},
			"we moved the launch to monday and rest", 5,
		},
		{
			"heard a little differently",
			[]artifact.TrackWords{sure(track(0, 1, "lets shift it on tuesday"), 0.5), track(1, 1.1, "lets ship it on tuesday")},
			"lets ship it on tuesday", 5,
		},
		{"the same words later", []artifact.TrackWords{track(0, 1, "ship it"), track(1, 5, "ship it")}, "ship it ship it", 0},
		{
			"other words at the same time",
			[]artifact.TrackWords{track(0, 1, "red green blue"), track(1, 1.05, "seven eight nine")},
			"red seven green eight blue nine", 0,
		},
		{"same track twice", []artifact.TrackWords{track(0, 1, "ship it now"), track(0, 1, "ship it now")}, "ship it now", 3},
		{"other people may say the same", []artifact.TrackWords{track(0, 1, "yeah okay"), track(2, 1, "yeah okay")}, "yeah yeah okay okay", 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := Merge(artifact.Recording{}, who, c.tracks)
			var words []string
			for _, w := range got.Words {
				words = append(words, w.Text)
			}
			if d := cmp.Diff(c.want, strings.Join(words, " ")); d != "" {
				t.Errorf("words (-want +got):\n%s", d)
			}
			found := 0
			for _, w := range got.Warnings {
				if n := 0; strings.Contains(w, "same participant") {
					if _, err := fmt.Sscanf(w, "%d word", &n); err == nil {
						found += n
					}
				}
			}
			if found != c.gone {
				t.Errorf("warnings %q count %d words, want %d", got.Warnings, found, c.gone)
			}
		})
	}
}

// TestShuffle: tracks in any order give the same bytes, with bleed, doubles
// and broken times among them.
func TestShuffle(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 5))
		r := newRoom(4, 40)
		r.rng = rng
		at := 1.0
		for at < 30 {
			at = r.say(rng.IntN(4), at, -20-8*rng.Float64(), []string{plan, reply, answer, "yeah"}[rng.IntN(4)]) - 1 + 3*rng.Float64()
		}
		r.bleeds = []bleed{{0, 1, -12, 0.05}, {2, 3, -20, 0.1}}
		r.mishear(1, 0, 0.05, 3)
		r.mishear(3, 2, 0.1, 4)
		tracks := r.tracks(seed%2 == 0)
		tracks = append(tracks, tracks[2], artifact.TrackWords{Track: 9, Words: []artifact.Word{{Text: "x", Start: math.NaN()}}})
		who := artifact.Participants{Participants: []artifact.Participant{{ID: "p", Name: "P", Tracks: []int{0, 2}}, {ID: "q", Name: "Q", Tracks: []int{1}}}}
		var want []byte
		for range 5 {
			rng.Shuffle(len(tracks), func(i, j int) { tracks[i], tracks[j] = tracks[j], tracks[i] })
			before := slices.Clone(tracks)
			got, err := json.Marshal(Merge(artifact.Recording{ID: "r"}, who, tracks))
			if err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = got
			}
			if string(got) != string(want) {
				t.Fatalf("seed %d: order of tracks shows: %s", seed, cmp.Diff(string(want), string(got)))
			}
			for i := range tracks {
				if tracks[i].Track != before[i].Track {
					t.Fatal("input was reordered")
				}
			}
		}
	}
}

func TestLevelsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	tw := track(0, 1, "hello")
	tw.LevelStep, tw.LevelData = 0.05, "%%%"
	got := Merge(artifact.Recording{}, artifact.Participants{}, []artifact.TrackWords{tw})
	if len(got.Words) != 1 || len(got.Warnings) != 1 {
		t.Errorf("words %v, warnings %q", got.Words, got.Warnings)
	}
}

// FuzzMerge: whatever times and texts come in, the transcript has ordered,
// finite times, no word twice, and marshals.
func FuzzMerge(f *testing.F) {
	f.Add("hello world", "hello world", 1.0, 0.3, 1.05, uint8(0))
	f.Add("a b. c, d", "", math.NaN(), math.Inf(1), -1.0, uint8(1))
	f.Add("yeah \xff\x00", "yeah", 1e300, math.Copysign(0, -1), 5e-324, uint8(2))
	f.Fuzz(func(t *testing.T, one, two string, start, step, other float64, same uint8) {
		if len(one)+len(two) > 2000 {
			t.Skip()
		}
		make := func(track int, text string, at float64) artifact.TrackWords {
			tw := artifact.TrackWords{Track: track, Duration: 100, LevelStep: step, Levels: make([]int8, 50)}
			for _, w := range strings.Split(text, " ") {
				tw.Words = append(tw.Words, artifact.Word{Text: w, Start: at, End: at + step, Probability: other})
				at += step
			}
			return tw
		}
		who := artifact.Participants{Participants: []artifact.Participant{{ID: "p", Name: one, Tracks: []int{0}}}}
		if same%2 == 1 {
			who.Participants[0].Tracks = []int{0, 1}
		}
		got := Merge(artifact.Recording{Duration: start}, who, []artifact.TrackWords{make(0, one, start), make(1, two, other)})
		if n := len(strings.Split(one, " ")) + len(strings.Split(two, " ")); len(got.Words) > n {
			t.Errorf("%d words of %d", len(got.Words), n)
		}
		last, inSegments := 0.0, 0
		for _, w := range got.Words {
			if !(w.Start >= last && w.End >= w.Start && w.End <= got.Duration) || w.Text == "" || strings.ContainsAny(w.Text, "\n\r\x00") {
				t.Errorf("word %+v after %v", w, last)
			}
			last = w.Start
		}
		for _, s := range got.Segments {
			inSegments += len(strings.Split(s.Text, " "))
		}
		spaces := 0
		for _, w := range got.Words {
			spaces += len(strings.Split(w.Text, " "))
		}
		if inSegments != spaces {
			t.Errorf("segments hold %d words, transcript %d", inSegments, spaces)
		}
		if _, err := json.Marshal(got); err != nil {
			t.Error(err)
		}
	})
}
