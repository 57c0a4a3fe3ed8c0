package report

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/steps/artifact"
)

func TestTimesInWords(t *testing.T) {
	t.Parallel()
	tests := []struct {
		seconds      float64
		clock, words string
	}{
		{0, "0:00", "0 s"},
		{-3, "0:00", "0 s"},
		{math.NaN(), "0:00", "0 s"},
		{math.Inf(1), "0:00", "0 s"},
		{59.9, "0:59", "1 min"},
		{75.2, "1:15", "1 min 15 s"},
		{3599, "59:59", "59 min 59 s"},
		{3600, "1:00:00", "1 h"},
		{3725, "1:02:05", "1 h 2 min"},
	}
	for _, tt := range tests {
		words := strings.ReplaceAll(spell(tt.seconds), "\u00a0", " ")
		if got := clock(tt.seconds); got != tt.clock || words != tt.words {
			t.Errorf("%v s: %q and %q, want %q and %q", tt.seconds, got, words, tt.clock, tt.words)
		}
	}
}

func TestNumbersInWords(t *testing.T) {
	t.Parallel()
	got := []string{
		percent(0), percent(0.004), percent(0.005), percent(1), percent(0.345),
		count(1, "word", "words"), count(999, "word", "words"), count(1234567, "word", "words"),
		list(nil), list([]string{"Ken"}), list([]string{"Ken", "Ana"}), list([]string{"Ken", "Ana", "Peggy"}),
		date("2025-11-24T11:30:00+01:00"), date("yesterday"), language("pt-BR"), language(`en"`), language("en--x"),
	}
	want := []string{
		"0%", "<1%", "1%", "100%", "35%",
		"1\u00a0word", "999\u00a0words", "1,234,567\u00a0words",
		"", "Ken", "Ken and Ana", "Ken, Ana and Peggy",
		"Monday 24 November 2025, 10:30 UTC", "", "pt-BR", "", "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSpeakingTimeCountsOverlapsOnce(t *testing.T) {
	t.Parallel()
	got := SpeakingTime([]artifact.Segment{
		{Speaker: "a", Start: 10, End: 12},
		{Speaker: "a", Start: 0, End: 5},
		{Speaker: "a", Start: 3, End: 6},
		{Speaker: "a", Start: 4, End: 5},
		{Speaker: "b", Start: 1, End: 2},
		{Speaker: "c", Start: 2, End: 2},
		{Speaker: "c", Start: math.NaN(), End: 2},
		{Speaker: "c", Start: 2, End: math.Inf(1)},
	})
	if diff := cmp.Diff(map[string]float64{"a": 8, "b": 1}, got); diff != "" {
		t.Error(diff)
	}
}

func TestPeople(t *testing.T) {
	t.Parallel()
	in := artifact.Transcript{
		Participants: []artifact.Speaker{{ID: "a", Name: "Alex"}, {ID: "b", Name: " Alex\n"}, {ID: "c"}, {ID: "a", Name: "again"}},
		Segments:     []artifact.Segment{{Speaker: "a", End: 3}, {Speaker: "late", End: 1}},
	}
	var names []string
	for _, p := range newPeople(in).all {
		names = append(names, p.Name+" "+p.Percent())
	}
	want := []string{"Alex 75%", "Alex (2) 0%", "Participant 3 0%", "Participant 4 25%"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

func TestTurns(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", turnRunes+1)
	in := artifact.Transcript{Segments: []artifact.Segment{
		{Speaker: "b", Start: 4, End: 5, Text: "Yes."},
		{Speaker: "a", Start: 0, End: 2, Text: "One."},
		{Speaker: "a", Start: 2, End: 4, Text: "Two."},
		{Speaker: "a", Start: 4, End: 6, Text: long}, // begins with b's, ends later
		{Speaker: "a", Start: 6, End: 7, Text: "Full."},
		{Speaker: "a", Start: 20, End: 21, Text: "Pause."},
		{Speaker: "a", Start: 20, End: 21, Text: "   "},
	}}
	s := newScript(in)
	if at := s.want(artifact.Moment{Speaker: "a", Start: 2.5, End: 3}, true); at != 1 {
		t.Errorf("moment found at segment %d, want 1", at)
	}
	var got []string
	for _, c := range s.chapters(newPeople(in), []topicView{{start: 0}, {start: 19.98}}) {
		for _, u := range c.Turns {
			line := u.ID + " " + u.who + " " + u.Name
			for _, p := range u.Parts {
				line += "|" + p.ID + shorten(p.Text, 8)
			}
			got = append(got, line)
		}
	}
	want := []string{
		"t=0 a Participant 2|One.|t=2Two.",
		"t=4 b Participant 1|Yes.",
		"t=4-2 a Participant 2|xxxxxxx…",
		"t=6 a |Full.",
		"t=20 a Participant 2|Pause.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLanesAndWave(t *testing.T) {
	t.Parallel()
	path := lanePath("a", []artifact.Segment{
		{Speaker: "a", Start: 0, End: 10},
		{Speaker: "a", Start: 10, End: 20},
		{Speaker: "b", Start: 30, End: 40},
		{Speaker: "a", Start: 99.99, End: 500},
	}, 100)
	if want := "M0 0h200v1h-200zM999 0h1v1h-1z"; path != want {
		t.Errorf("lane %q, want %q", path, want)
	}
	if got, want := wavePath([]int{0, 10}, 10), "M0 50V50H500V1H1000V100H500V51H0z"; got != want {
		t.Errorf("wave %q, want %q", got, want)
	}
	loud := make([]byte, 540_000)
	for i := range loud {
		loud[i] = byte(i * 7919 >> 3)
	}
	if peak, mean := wavePaths(loud); len(peak) > 20_000 || len(mean) > 20_000 {
		t.Errorf("paths have %d and %d bytes", len(peak), len(mean))
	}
	for _, d := range []float64{0.3, 5, 293, 3600, 12345, 86400 * 3} {
		if n := len(ticks(d)); n < 1 || n > 7 {
			t.Errorf("%v s have %d labels", d, n)
		}
	}
}
