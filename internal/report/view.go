package report

import (
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/trackscribe/trackscribe/steps/artifact"
)

// A view is a report's content, put into words, for both forms.
type view struct {
	Title, Date, DateTime, Name string
	Length                      string
	Language                    string
	Count                       string // "4 participants"
	Words                       string // "4,120 words"
	People                      []person
	Heard                       bool   // somebody said something
	Quiet                       string // what there is to say when nobody did

	Extractive  bool
	Recap       []string // paragraphs
	Subjects    []subject
	Highlights  []quote
	ActionItems []quote
	Decisions   []quote
	Topics      []topicView
	Chapters    []chapter
	Timeline    *timeline
	Audio       template.URL

	// Why a part is missing, as a sentence; empty when it is there.
	NoSummary, NoTopics, NoTitle, NoWave, NoAudio string

	Skipped  []skipped
	Warnings []string
	ID       string
	engines  []maker
}

// A maker is an engine with the parts that it made.
type maker struct {
	name  string
	parts []string
}

// A quote is something said, or a task or decision that rests on it.
type quote struct {
	Text     string
	Said     string // the words it rests on, where they differ from Text
	Class    string
	Who      string
	Deadline string
	At       place
}

// A place is a time in the recording, with links to the words in the
// transcript and to the audio where there are any.
type place struct {
	Clock        string
	Href, Listen template.URL
	segment      int
	start        float64
}

// A subject is one of the few things that the meeting was mainly about.
type subject struct {
	ID        string
	Title     string
	Paragraph string   // empty where the recap says the same
	Detail    []string // paragraphs
	Moments   []quote  // what it rests on
}

type topicView struct {
	Number        int
	ID            string
	Title         string
	Summary       string
	From, To      string
	Keywords, Who string
	Listen        template.URL
	start         float64
}

type skipped struct{ What, Reason string }

func newView(in Input) *view { return viewOf(in, false) }

// viewOf is newView, for a live page or for the file.
func viewOf(in Input, live bool) *view {
	t := in.Transcript
	who := newPeople(t)
	said := newScript(t)
	said.live = live
	v := &view{
		Name: clean(in.Recording.Name), Date: date(in.Recording.Started), DateTime: in.Recording.Started,
		Language: language(t.Language), People: who.all, Heard: len(said.segments) > 0,
		Words: count(len(t.Words), "word", "words"), Count: count(len(who.all), "participant", "participants"),
		ID: clean(t.Recording), Audio: template.URL(in.AudioFile),
	}
	duration := length(in, said.segments)
	if duration > 0 {
		v.Length = spell(duration)
	}
	if !v.Heard {
		v.Quiet = quiet(in, v.Length)
	}
	v.missing(in)
	v.title(in)
	v.summary(in.Summary, who, said)
	v.topics(in.Topics, who)
	v.Chapters = said.chapters(who, v.Topics)
	for _, quotes := range [][]quote{v.Highlights, v.ActionItems, v.Decisions} {
		v.link(quotes, said)
	}
	for _, s := range v.Subjects {
		v.link(s.Moments, said)
	}

	peaks, damaged := mixPeaks(in.Peaks)
	if damaged {
		v.NoWave = "The waveform cannot be drawn: its data is damaged."
	}
	v.Timeline = newTimeline(duration, who, said.segments, v.Topics, peaks)
	v.Warnings = unique(in.Recording.Warnings, t.Warnings, in.Warnings)
	return v
}

// length is the recording's duration by the best source there is.
func length(in Input, segments []artifact.Segment) float64 {
	d := in.Transcript.Duration
	if !(d > 0) && in.Peaks != nil {
		d = in.Peaks.Duration
	}
	if !(d > 0) {
		d = in.Recording.Duration
	}
	if math.IsInf(d, 0) || !(d > 0) {
		d = 0
	}
	if d == 0 {
		for _, s := range segments {
			d = max(d, s.End)
		}
	}
	return d
}

// quiet explains an empty transcript.
func quiet(in Input, length string) string {
	if in.Recording.ID != "" && len(in.Recording.Tracks) == 0 {
		return "The recording holds no audio tracks."
	}
	text := "No words were recognised in this recording"
	if length != "" {
		text += " of " + length
	}
	text += ". Perhaps every microphone was muted, or the meeting never began."
	if in.AudioFile != "" {
		text += " The audio is there to be heard."
	}
	return text
}

func (v *view) title(in Input) {
	if in.Title != nil {
		v.Title = clean(in.Title.Title)
		v.made("title", in.Title.Engine)
	}
	if v.Title == "" {
		v.Title = v.Name
	}
	if v.Title == "" {
		v.Title = "Untitled recording"
	}
	if v.Title == v.Name {
		v.Name = ""
	}
}

func (v *view) summary(s *artifact.Summary, who people, said *script) {
	if s == nil {
		return
	}
	v.Extractive = s.Kind != "summary"
	v.Recap = paragraphs(s.Recap)
	if v.Extractive {
		v.made("highlights", s.Engine)
	} else {
		v.made("summary", s.Engine)
	}
	add := func(text, owner, deadline string, m artifact.Moment) quote {
		p, known := who.find(m.Speaker)
		q := quote{Text: clean(text), Class: p.Class, Who: p.Name, Deadline: clean(deadline)}
		if spoken := clean(m.Text); !strings.EqualFold(spoken, q.Text) {
			q.Said = spoken
		}
		if owner != "" || !known {
			o, ok := who.find(owner)
			q.Who, q.Class = o.Name, o.Class
			if !ok {
				q.Who = clean(owner)
			}
		}
		q.At = place{Clock: clock(m.Start), start: m.Start, segment: said.want(m, known)}
		return q
	}
	for i, one := range s.Subjects {
		sub := subject{ID: "subject-" + strconv.Itoa(i+1), Title: clean(one.Title), Paragraph: clean(one.Paragraph), Detail: paragraphs(one.Detail)}
		if sub.Title == "" {
			sub.Title = "Subject without a title"
		}
		if len(v.Recap) == 1 && v.Recap[0] == sub.Paragraph {
			sub.Paragraph = ""
		}
		for _, m := range one.Moments {
			sub.Moments = append(sub.Moments, add(m.Text, "", "", m))
		}
		v.Subjects = append(v.Subjects, sub)
	}
	for _, m := range s.Highlights {
		v.Highlights = append(v.Highlights, add(m.Text, "", "", m))
	}
	for _, a := range s.ActionItems {
		q := add(a.Task, a.Owner, a.Deadline, a.Moment)
		if a.Owner == "" {
			q.Who, q.Class = "", ""
		}
		v.ActionItems = append(v.ActionItems, q)
	}
	for _, d := range s.Decisions {
		v.Decisions = append(v.Decisions, add(d.Decision, d.By, "", d.Moment))
	}
}

// paragraphs are parted by empty lines.
func paragraphs(s string) []string {
	var out []string
	for _, p := range strings.Split(strings.ReplaceAll(s, "\r", ""), "\n\n") {
		if p = clean(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// link turns places into links, once every anchor has its name.
func (v *view) link(quotes []quote, said *script) {
	for i := range quotes {
		at := &quotes[i].At
		if at.segment >= 0 {
			at.Href = template.URL("#" + said.ids[at.segment])
		}
		at.Listen = v.listen(at.start)
	}
}

// listen links to the audio itself: browsers start it at that time.
func (v *view) listen(start float64) template.URL {
	if v.Audio == "" {
		return ""
	}
	return template.URL(v.Audio) + "#" + template.URL(anchor(start, map[string]bool{}))
}

func (v *view) topics(t *artifact.Topics, who people) {
	if t == nil {
		return
	}
	v.made("topics", t.Engine)
	sorted := slices.Clone(t.Topics)
	slices.SortStableFunc(sorted, func(a, b artifact.Topic) int {
		switch {
		case a.Start < b.Start:
			return -1
		case a.Start > b.Start:
			return 1
		}
		return 0
	})
	for i, topic := range sorted {
		one := topicView{
			Number: i + 1, ID: "topic-" + strconv.Itoa(i+1),
			Title: clean(topic.Title), Summary: clean(topic.Summary),
			From: clock(topic.Start), To: clock(topic.End),
			Who: list(who.names(topic.Speakers, 3)), Listen: v.listen(topic.Start), start: topic.Start,
		}
		var words []string
		for _, k := range topic.Keywords {
			if k = clean(k); k != "" {
				words = append(words, k)
			}
		}
		one.Keywords = strings.Join(words, ", ")
		if one.Title == "" {
			one.Title = "Topic without a title"
		}
		v.Topics = append(v.Topics, one)
	}
}

// made notes which engine made a part; parts by one engine share a sentence.
func (v *view) made(what, engine string) {
	if engine = clean(engine); engine == "" {
		return
	}
	for i := range v.engines {
		if v.engines[i].name == engine {
			v.engines[i].parts = append(v.engines[i].parts, what)
			return
		}
	}
	v.engines = append(v.engines, maker{engine, []string{what}})
}

// Made says it: "Title and topics: lexical."
func (v *view) Made() []string {
	var out []string
	for _, m := range v.engines {
		what := list(m.parts)
		out = append(out, strings.ToUpper(what[:1])+what[1:]+": "+m.name+".")
	}
	return out
}

// unique joins the lists; each text once, at its first place.
func unique(lists ...[]string) []string {
	var out []string
	for _, texts := range lists {
		for _, s := range texts {
			if s = clean(s); s != "" && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}
