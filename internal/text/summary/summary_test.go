package summary_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/text/summary"
	"github.com/trackscribe/trackscribe/internal/text/texttest"
	"github.com/trackscribe/trackscribe/internal/text/topics"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// summarise runs a script of a few lines; Ana, Ken and Will Young are there.
func summarise(t *testing.T, script string) artifact.Summary {
	t.Helper()
	m := texttest.Parse(t, script)
	for _, name := range []string{"Ana", "Ken", "Will"} {
		known := false
		for _, p := range m.Participants.Participants {
			known = known || p.Name == name
		}
		if !known {
			m.Participants.Participants = append(m.Participants.Participants, artifact.Participant{ID: "p-" + strings.ToLower(name), Name: name})
		}
	}
	for i, p := range m.Participants.Participants {
		if p.Name == "Will" {
			m.Participants.Participants[i].Name = "Will Young"
		}
	}
	return summary.Summarise(m.Transcript(), artifact.Topics{})
}

func TestActionItems(t *testing.T) {
	t.Parallel()
	cases := []struct {
		script string
		want   []string // owner | deadline | task
	}{
		{"Ana: I'll send the draft to legal by Friday.", []string{"p-ana|by friday|Send the draft to legal by Friday"}},
		{"Ana: I’ll send the draft to legal by Friday.", []string{"p-ana|by friday|Send the draft to legal by Friday"}},
		{"Ana: ill send the draft to legal by friday", []string{"p-ana|by friday|Send the draft to legal by friday"}},
		{"Ana: Tomorrow I will call the printer.", []string{"p-ana|tomorrow|Call the printer"}},
		{"Ana: I'm gonna fix the build before the release.", []string{"p-ana|before the release|Fix the build before the release"}},
		{"Ana: I'll send the draft, and Ken will review it next week.", []string{"p-ana||Send the draft", "p-ken|next week|Review it next week"}},
		{"Ana: KEN, can you book a room?", []string{"p-ken||Book a room"}},
		{"Ana: Can you book a room, Ken?", []string{"p-ken||Book a room"}},
		{"Ana: Can you book a room?\nKen: Sure.", []string{"p-ken||Book a room"}},
		{"Ana: Ken, can you book a room?\nKen: Yes, I'll do that today.", []string{"p-ken|today|Book a room"}},
		{"Ana: Ken can you please check the invoices by the end of the week", []string{"p-ken|by the end of the week|Check the invoices by the end of the week"}},
		{"Ana: Somebody needs to update the wiki.\nKen: I'll do it on Monday.", []string{"p-ken|on monday|Update the wiki"}},
		{"Ana: We need to export the list of contracts.", []string{"||Export the list of contracts"}},
		{"Ana: Action item for Ken: write the release notes.", []string{"p-ken||Write the release notes"}},
		{"Ana: The action item is to write the release notes.", []string{"||Write the release notes"}},
		{"Ana: Will, can you test the upload?", []string{"p-will||Test the upload"}},
		{"Ana: Will can you test the upload", []string{"p-will||Test the upload"}},
		{"Ana: Will will test the upload.", []string{"p-will||Test the upload"}},
		{"Ana: Please make sure the backups are on, Ken.", []string{"p-ken||Make sure the backups are on"}},
		{"Ken: I have to finish the report by Tuesday.", []string{"p-ken|by tuesday|Finish the report by Tuesday"}},
		{"Ken: Let me look into it and I'll write a ticket in two days.", []string{"p-ken|in two days|Write a ticket in two days"}},

		// None of these is a task.
		{"Ana: I will not send the draft.", nil},
		{"Ana: I won't send the draft.", nil},
		{"Ana: I don't think I'll send the draft.", nil},
		{"Ana: I'll never send the draft.", nil},
		{"Ana: If he asks, I'll send the draft.", nil},
		{"Ana: Maybe I'll send the draft.", nil},
		{"Ana: I'll probably send the draft.", nil},
		{"Ana: I would send the draft.", nil},
		{"Ana: I could send the draft.", nil},
		{"Ana: Should I send the draft?", nil},
		{"Ana: Did you send the draft?", nil},
		{"Ana: Have you sent the draft, Ken?", nil},
		{"Ana: Could you send the draft yesterday, Ken?", nil},
		{"Ana: I sent the draft on Friday.", nil},
		{"Ana: I was going to send the draft.", nil},
		{"Ana: She said I'll send the draft.", nil},
		{"Ana: He told me he will send the draft.", nil},
		{"Ana: Ken, can you hear me?", nil},
		{"Ana: Can you see my screen?\nKen: Yes.", nil},
		{"Ana: I'll share my screen.", nil},
		{"Ana: I'll tell you what happened.", nil},
		{"Ana: I'll be honest with you.", nil},
		{"Ana: I'll be right back.", nil},
		{"Ana: Let's move on.", nil},
		{"Ana: Let's talk about the budget.", nil},
		{"Ana: Let's not write that down.", nil},
		{"Ana: We don't need to export the list.", nil},
		{"Ana: Do we need to export the list?", nil},
		{"Ana: Are there any action items?", nil},
		{"Ana: There are no action items.", nil},
		{"Ana: Who will write the notes?", nil},
		{"Ana: Somebody should write the notes.", nil},
		{"Ana: Ken, can you book a room?\nKen: Sorry, I can't.", nil},
		{"Ana: What if Ken will test the upload?", nil},
		{"Ana: Whenever it rains I'll check the roof.", nil},
		{"Ana: The server will send a mail on Friday.", nil},
		{"Ana: I wish I could fix the roof by Friday.", nil},
		{"Ana: I think we'll call it a day.", nil},
	}
	for _, c := range cases {
		t.Run(c.script, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, a := range summarise(t, c.script).ActionItems {
				got = append(got, a.Owner+"|"+a.Deadline+"|"+a.Task)
				if a.Moment.Text == "" || a.Moment.End <= a.Moment.Start {
					t.Errorf("task without its moment: %+v", a)
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("tasks (-want +got):\n%s", d)
			}
		})
	}
}

func TestDecisions(t *testing.T) {
	t.Parallel()
	cases := []struct {
		script string
		want   []string // by | decision
	}{
		{"Ana: Okay, let's go with the blue one.", []string{"|Let's go with the blue one"}},
		{"Ana: So we decided to move the launch to May.", []string{"|We decided to move the launch to May"}},
		{"Ana: We've agreed that Ken keeps the domain.", []string{"|We've agreed that Ken keeps the domain"}},
		{"Ana: I have decided to close the office.", []string{"p-ana|I have decided to close the office"}},
		{"Ana: I propose we move the launch to May.\nKen: Agreed.", []string{"|I propose we move the launch to May"}},
		{"Ana: We should use the blue one.\nKen: Yes, let's do that.", []string{"|We should use the blue one"}},
		{"Ana: So we agreed on the blue one?\nKen: Yes.", []string{"|We agreed on the blue one"}},
		{"Ana: Good, then it's decided. The launch is in May.", []string{"|The launch is in May"}},
		{"Ana: The decision is to wait for May.", []string{"|The decision is to wait for May"}},

		{"Ana: We haven't decided to move the launch.", nil},
		{"Ana: We need to decide on the colour.", nil},
		{"Ana: Have we decided on the colour?", nil},
		{"Ana: So we agreed on the blue one?\nKen: No.", nil},
		{"Ana: If we decided to go with May, who would tell them?", nil},
		{"Ana: Last year we decided to close the office.", nil},
		{"Ana: We decided nothing.", nil},
		{"Ana: She decided to open it again.", nil},
		{"Ana: We should use the blue one.\nKen: I'm not sure.", nil},
		{"Ana: Let's move on.\nKen: Agreed.", nil},
		{"Ana: Let's not go with the blue one.", nil},
		{"Ana: We never agreed on that.", nil},
		{"Ken: I agree with Ana.", nil},
		{"Ken: Agreed.", nil},
	}
	for _, c := range cases {
		t.Run(c.script, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, d := range summarise(t, c.script).Decisions {
				got = append(got, d.By+"|"+d.Decision)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("decisions (-want +got):\n%s", d)
			}
		})
	}
}

func TestNothingSaid(t *testing.T) {
	t.Parallel()
	want := artifact.Summary{Engine: "lexical", Kind: "highlights", Highlights: []artifact.Moment{}, ActionItems: []artifact.ActionItem{}, Decisions: []artifact.Decision{}}
	if d := cmp.Diff(want, summary.Summarise(artifact.Transcript{}, artifact.Topics{})); d != "" {
		t.Errorf("summary of nothing (-want +got):\n%s", d)
	}
}

// TestLongMeeting: three hours, 30,000 words, 20 speakers, in well under the
// two seconds that merge, topics, title and summary may take together.
func TestLongMeeting(t *testing.T) {
	t.Parallel()
	m := texttest.Long(20, 30000)
	begin := time.Now()
	tr := m.Transcript()
	merged := time.Since(begin)
	ts := topics.Detect(tr)
	detected := time.Since(begin)
	title := topics.Title(tr, ts)
	s := summary.Summarise(tr, ts)
	all := time.Since(begin)
	t.Logf("%d words, %d segments: merge %v, topics %v, title and summary %v; %q", len(tr.Words), len(tr.Segments), merged, detected-merged, all-detected, title.Title)
	if len(ts.Topics) < 3 || len(s.Highlights) != 10 {
		t.Errorf("%d topics and %d highlights, want at least 3 and 10", len(ts.Topics), len(s.Highlights))
	}
	// The bound is far above what was measured: a busy machine must pass.
	if all > 10*time.Second {
		t.Errorf("took %v", all)
	}
}

// BenchmarkLongMeeting measures time and memory of all text work on a
// three-hour meeting.
func BenchmarkLongMeeting(b *testing.B) {
	m := texttest.Long(20, 30000)
	b.ReportAllocs()
	for b.Loop() {
		tr := m.Transcript()
		ts := topics.Detect(tr)
		topics.Title(tr, ts)
		summary.Summarise(tr, ts)
	}
}
