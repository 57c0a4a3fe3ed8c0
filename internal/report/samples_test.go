package report_test

import (
	"encoding/base64"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/trackscribe/trackscribe/internal/report"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// samples are the meetings that the tests look at, by the name of their golden
// files.
func samples() map[string]report.Input {
	return map[string]report.Input{
		"standup": standup(),
		"silence": silence(),
		"written": written(),
		"bare":    bare(),
		"hostile": hostile(),
	}
}

// standup is a short meeting with everything there is.
func standup() report.Input {
	people := []artifact.Speaker{
		{ID: "p-ken", Name: "Ken", Tracks: []int{0}},
		{ID: "p-winam", Name: "Winam", Tracks: []int{1}},
		{ID: "p-peggy", Name: "Peggy", Tracks: []int{2}},
		{ID: "p-ana", Name: "Ana", Tracks: []int{3}},
	}
	segments := []artifact.Segment{
		{Speaker: "p-ken", Start: 0.8, End: 4.1, Text: "Good morning, everybody."},
		{Speaker: "p-ken", Start: 4.4, End: 11.9, Text: "Yesterday I finished the new login page and started on the password reset."},
		{Speaker: "p-winam", Start: 12.3, End: 13.1, Text: "Nice."},
		{Speaker: "p-ken", Start: 13, End: 21.5, Text: "The tests for the reset still fail on old browsers, so I will need another day."},
		{Speaker: "p-winam", Start: 23.2, End: 33.8, Text: "I looked at the slow search. Most of the time goes into sorting names that nobody sees."},
		{Speaker: "p-winam", Start: 34.2, End: 41.7, Text: "If we sort only the first page, a search takes forty milliseconds instead of nine hundred."},
		{Speaker: "p-peggy", Start: 42.4, End: 46.2, Text: "That is a big difference. Let us do it that way."},
		{Speaker: "p-winam", Start: 46.9, End: 51, Text: "I will send the change for review by Thursday."},
		{Speaker: "p-peggy", Start: 54.5, End: 66.3, Text: "From my side: the customer in Lyon asked again for the export, and I promised an answer this week."},
		{Speaker: "p-ana", Start: 66.9, End: 74.4, Text: "The export is nearly ready. What is missing is the column with the time zone."},
		{Speaker: "p-peggy", Start: 75.1, End: 79.9, Text: "Then we ship it without the time zone and add that later."},
		{Speaker: "p-ana", Start: 80.3, End: 85.5, Text: "Agreed. Ken, could you have a look at the release notes tomorrow?"},
		{Speaker: "p-ken", Start: 85.2, End: 87.8, Text: "Sure, I will do that."},
		{Speaker: "p-peggy", Start: 88.6, End: 91, Text: "Thank you all. Until tomorrow."},
	}
	moment := func(i int) artifact.Moment {
		s := segments[i]
		return artifact.Moment{Text: s.Text, Speaker: s.Speaker, Start: s.Start, End: s.End}
	}
	t := artifact.Transcript{
		Recording: "7f6d9c1a-5b0e-4c43-9a52-2f1f0e6a4d10", Duration: 93.4, Language: "en",
		Participants: people, Segments: segments, Warnings: []string{},
	}
	t.Words = wordsOf(segments)
	return report.Input{
		Recording: artifact.Recording{
			ID: t.Recording, Name: "standup-20251124103000", Started: "2025-11-24T10:30:00Z", Duration: 93,
			Tracks: make([]artifact.Track, 4), Skipped: []string{"notes.txt: not an audio file"},
		},
		Transcript: t,
		Topics: &artifact.Topics{Engine: "lexical", Topics: []artifact.Topic{
			{ID: "topic-1", Title: "Login page and slow search", Summary: "If we sort only the first page, a search takes forty milliseconds instead of nine hundred.", Start: 0, End: 51, Keywords: []string{"search", "login page", "password reset"}, Speakers: []string{"p-ken", "p-winam"}},
			{ID: "topic-2", Title: "Export for the customer in Lyon", Summary: "What is missing is the column with the time zone.", Start: 54.5, End: 91, Keywords: []string{"export", "time zone", "release notes"}, Speakers: []string{"p-peggy", "p-ana", "p-ken"}},
		}},
		Title: &artifact.Title{Engine: "lexical", Title: "Slow search and the export for Lyon", Basis: []artifact.Moment{}},
		Summary: &artifact.Summary{
			Engine: "lexical", Kind: "highlights",
			Highlights: []artifact.Moment{moment(5), moment(8), moment(10)},
			ActionItems: []artifact.ActionItem{
				{Task: "Send the change for review", Owner: "p-winam", Deadline: "by Thursday", Moment: moment(7)},
				{Task: "Have a look at the release notes", Owner: "p-ken", Deadline: "tomorrow", Moment: moment(11)},
				{Task: "Answer the customer in Lyon", Moment: moment(8)},
			},
			Decisions: []artifact.Decision{
				{Decision: "That is a big difference. Let us do it that way.", By: "p-peggy", Moment: moment(6)},
				{Decision: "Ship the export without the time zone", By: "p-peggy", Moment: moment(10)},
			},
		},
		Peaks:     peaksOf(t),
		AudioFile: "audio.webm",
		Warnings:  []string{"track 2 starts 0.4 s later than its file name says"},
	}
}

// silence is a meeting in which nobody said a word.
func silence() report.Input {
	t := artifact.Transcript{
		Recording: "quiet", Duration: 312.5, Language: "en",
		Participants: []artifact.Speaker{{ID: "a", Name: "Ana", Tracks: []int{0}}, {ID: "b", Name: "Ken", Tracks: []int{1}}},
		Words:        []artifact.TranscriptWord{}, Segments: []artifact.Segment{}, Warnings: []string{},
	}
	return report.Input{
		Recording:  artifact.Recording{ID: "quiet", Name: "weekly", Started: "2025-11-24T10:30:00Z", Tracks: make([]artifact.Track, 2)},
		Transcript: t,
		Topics:     &artifact.Topics{Engine: "lexical", Topics: []artifact.Topic{}},
		Title:      &artifact.Title{Engine: "lexical"},
		Summary:    &artifact.Summary{Engine: "lexical", Kind: "highlights"},
		Peaks:      peaksOf(t),
		AudioFile:  "audio.webm",
	}
}

// written is a meeting that a language model summed up.
func written() report.Input {
	in := standup()
	in.Topics.Engine, in.Title.Engine = "some-model-8b", "some-model-8b"
	in.Summary.Engine, in.Summary.Kind = "some-model-8b", "summary"
	in.Summary.Recap = "The team found out why the search is slow and will sort only the first page.\n\n" +
		"The export for the customer in Lyon ships without the time zone."
	said := func(i int) artifact.Moment {
		s := in.Transcript.Segments[i]
		return artifact.Moment{Text: s.Text, Speaker: s.Speaker, Start: s.Start, End: s.End}
	}
	in.Summary.Subjects = []artifact.Subject{
		{
			Title:     "Login page and slow search",
			Paragraph: "Most of a search's time goes into sorting names that nobody sees. Winam will sort only the first page and send the change by Thursday.",
			Detail: "Ken finished the new login page. The tests for the password reset still fail on old browsers, so he needs another day.\n\n" +
				"Winam measured forty milliseconds instead of nine hundred when only the first page is sorted. Peggy wants it that way.",
			Moments: []artifact.Moment{said(4), said(5), said(7)},
		},
		{
			Title:     "Export for the customer in Lyon",
			Paragraph: "The export is nearly ready and ships without the time zone, which is added later.",
			Detail:    "The customer asked again, and Peggy promised an answer this week.",
			Moments:   []artifact.Moment{said(10)},
		},
	}
	in.Summary.Highlights = []artifact.Moment{}
	in.AudioFile = ""
	in.Skipped = []artifact.Skipped{{Step: "mixdown-tracks", Reason: "not asked for"}}
	return in
}

// bare is a transcript and nothing else.
func bare() report.Input {
	in := report.Input{Transcript: standup().Transcript}
	in.Skipped = []artifact.Skipped{
		{Step: "detect-topics", Reason: "the language model did not answer in 300 s"},
		{Step: "generate-waveform", Reason: "mixdown-tracks failed: packet 7 of track 2 is broken."},
		{Step: "generate-summary", Reason: ""},
	}
	return in
}

// hostile holds everything that should not be taken at its word.
func hostile() report.Input {
	in := standup()
	evil := `<script>alert(1)</script>`
	t := &in.Transcript
	t.Language = `en" onload="alert(1)`
	t.Recording = `"><img src=x onerror=alert(1)>`
	t.Participants[0].Name = `</b></style><script src="//evil.example/x.js"></script>`
	t.Participants[1].Name = "\u202egnitirw\x00 sdrawkcab\r\n# Heading"
	t.Participants[2].Name = strings.Repeat("Peggy Wilhelmina ", 40)
	t.Participants[3].Name = "Peggy [link](javascript:alert(1)) **bold** `code` @all"
	t.Segments[0].Text = evil + ` <a href="javascript:alert(1)">x</a> "quoted" & 'single' \backslash`
	t.Segments[1].Text = strings.Repeat("ab", 900)
	t.Segments[4].Text = "\xff\xfe broken\x00 UTF-8, and مرحبا بالعالم"
	t.Segments[5].Speaker = "somebody-not-listed"
	in.Recording.Started = `2025-11-24" onclick="alert(1)`
	in.Title.Title = `Titles </title><script>alert(1)</script> *here*`
	in.Topics.Topics[0].Title = evil
	in.Topics.Topics[0].ID = `x" onclick="alert(1)`
	in.Topics.Topics[1].Summary = "1. not a list\n# not a heading\n\n- not an item"
	in.Summary.Subjects = []artifact.Subject{
		{Title: "# " + evil, Paragraph: "1. " + evil, Detail: "- " + evil + "\n\n## x", Moments: []artifact.Moment{{Text: evil, Speaker: "nobody", Start: math.NaN()}}},
		{Title: "\x00"},
	}
	in.Summary.Highlights[0].Text = "- [ ] ![x](http://evil.example/i.png) | $x$ | ~~gone~~ &lt; <b>"
	in.Summary.ActionItems[0].Owner = "nobody-we-know"
	in.Summary.ActionItems[1].Deadline = evil
	in.Summary.ActionItems[2].Moment.Start = math.Inf(1)
	in.Summary.Decisions[0].Moment.Start = math.NaN()
	in.Peaks.Values = "no base64"
	in.Warnings = []string{evil, evil, "+ plus", "12) twelve"}
	in.Skipped = []artifact.Skipped{{Step: evil, Reason: evil}}
	return in
}

// meeting makes a meeting of that many people, words and seconds: the same one
// each time.
func meeting(people, words int, seconds float64, sentence int) report.Input {
	r := rand.New(rand.NewPCG(1, 2))
	vocabulary := strings.Fields(`we should look at the numbers again because customers in the north ask for
		shorter contracts and support needs two more people before spring what matters is that nobody waits longer
		than a day I think that is fair but let me check with finance first yes exactly the draft is on the wiki`)
	first := strings.Fields("Margaret Alexander Christopher Benedikta Maximilian Theodora Bartholomew Guinevere Constantine Philippa")
	t := artifact.Transcript{Recording: "generated", Duration: seconds, Language: "en", Warnings: []string{}}
	for i := range people {
		t.Participants = append(t.Participants, artifact.Speaker{
			ID: fmt.Sprintf("id-%d", i), Name: first[i%len(first)] + " " + strings.ToUpper(vocabulary[i][:1]) + vocabulary[i][1:] + "son", Tracks: []int{i},
		})
	}
	at, who := 1.0, 0
	for n := 0; n < words; {
		if r.IntN(4) > 0 {
			who = int(float64(people) * r.Float64() * r.Float64())
		}
		var said []string
		for range 1 + r.IntN(2*sentence) {
			said = append(said, vocabulary[r.IntN(len(vocabulary))])
		}
		n += len(said)
		length := float64(len(said)) * seconds / float64(words)
		t.Segments = append(t.Segments, artifact.Segment{
			Speaker: t.Participants[who].ID, Start: at, End: at + 0.85*length,
			Text: strings.ToUpper(said[0][:1]) + strings.Join(said, " ")[1:] + ".",
		})
		at += length
	}
	t.Words = wordsOf(t.Segments)
	in := report.Input{
		Recording:  artifact.Recording{ID: t.Recording, Name: "planning", Started: "2025-11-24T13:00:00Z", Tracks: make([]artifact.Track, people)},
		Transcript: t, Peaks: peaksOf(t), AudioFile: "audio.webm",
		Topics:  &artifact.Topics{Engine: "lexical"},
		Title:   &artifact.Title{Engine: "lexical", Title: "Contracts, support and the plan for spring"},
		Summary: &artifact.Summary{Engine: "lexical", Kind: "highlights"},
	}
	moment := func() artifact.Moment {
		s := t.Segments[r.IntN(len(t.Segments))]
		return artifact.Moment{Text: s.Text, Speaker: s.Speaker, Start: s.Start, End: s.End}
	}
	topics := int(seconds/600) + 1
	for i := range topics {
		m := moment()
		in.Topics.Topics = append(in.Topics.Topics, artifact.Topic{
			Title: shortOf(m.Text), Summary: moment().Text, Start: seconds * float64(i) / float64(topics), End: seconds * float64(i+1) / float64(topics),
			Keywords: vocabulary[i : i+3], Speakers: []string{m.Speaker, "id-0"},
		})
	}
	for range 8 {
		in.Summary.Highlights = append(in.Summary.Highlights, moment())
		in.Summary.ActionItems = append(in.Summary.ActionItems, artifact.ActionItem{Task: moment().Text, Owner: moment().Speaker, Deadline: "by Friday", Moment: moment()})
		in.Summary.Decisions = append(in.Summary.Decisions, artifact.Decision{Decision: moment().Text, By: moment().Speaker, Moment: moment()})
	}
	return in
}

func shortOf(text string) string {
	words := strings.Fields(strings.TrimRight(text, "."))
	return strings.Join(words[:min(5, len(words))], " ")
}

func wordsOf(segments []artifact.Segment) []artifact.TranscriptWord {
	words := []artifact.TranscriptWord{}
	for _, s := range segments {
		for _, w := range strings.Fields(s.Text) {
			words = append(words, artifact.TranscriptWord{Text: w, Start: s.Start, End: s.End, Probability: 0.9, Speaker: s.Speaker})
		}
	}
	return words
}

// peaksOf makes peaks that look like speech where there are segments.
func peaksOf(t artifact.Transcript) *artifact.Peaks {
	r := rand.New(rand.NewPCG(3, 4))
	values := make([]byte, int(t.Duration/0.02))
	for _, s := range t.Segments {
		loud := 60 + 140*r.Float64()
		for i := int(s.Start / 0.02); i < int(s.End/0.02) && i < len(values); i++ {
			syllable := math.Abs(math.Sin(float64(i)/7)) * (0.6 + 0.4*math.Sin(float64(i)/61))
			values[i] = byte(loud * syllable * (0.5 + 0.5*r.Float64()))
		}
	}
	return &artifact.Peaks{Duration: t.Duration, Step: 0.02, Values: base64.StdEncoding.EncodeToString(values), Tracks: []artifact.TrackPeaks{}}
}
