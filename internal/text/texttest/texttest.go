// Package texttest makes meetings for tests of the text packages from scripts:
// what each person says, with marks for what a reader would find in it. Only
// tests use it.
package texttest

import (
	"embed"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/trackscribe/trackscribe/internal/text/merge"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

//go:embed testdata/*.txt
var scripts embed.FS

// A Meeting is a script turned into what the merge step gets, with what is in
// it according to its writer.
type Meeting struct {
	Recording    artifact.Recording
	Participants artifact.Participants
	Tracks       []artifact.TrackWords
	Topics       []float64 // start of each topic, seconds
	Tasks        []Mark
	Decisions    []Mark
}

// A Mark is a task or decision that a turn holds.
type Mark struct {
	Start, End float64 // of the turn
	Owner      string  // participant id, "" for nobody
	Deadline   string
	Holds      string // some words of it
}

// Transcript merges the meeting's tracks.
func (m Meeting) Transcript() artifact.Transcript {
	return merge.Merge(m.Recording, m.Participants, m.Tracks)
}

// Load reads testdata/<name>.txt.
func Load(t testing.TB, name string) Meeting {
	t.Helper()
	b, err := scripts.ReadFile("testdata/" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	return Parse(t, string(b))
}

// Parse reads a script. Its lines: "# remark", "## topic" before a topic's
// first line, "Name: what they say", and after that "> task: owner | deadline |
// words" or "> decision: by | words". People talk at 0.3 s a word or so, a
// little longer for longer words, with short pauses between sentences.
func Parse(t testing.TB, script string) Meeting {
	t.Helper()
	m := Meeting{Recording: artifact.Recording{ID: "script"}}
	index := map[string]int{}
	id := func(name string) string {
		if name = strings.TrimSpace(name); name == "" {
			return ""
		}
		return "p-" + strings.ToLower(name)
	}
	at, turn := 1.0, 0.0
	newTopic := false
	for n, line := range strings.Split(script, "\n") {
		kind, rest, _ := strings.Cut(line, ":")
		fields := strings.Split(rest, "|")
		switch {
		case strings.TrimSpace(line) == "":
		case strings.HasPrefix(line, "## "):
			newTopic = true
		case strings.HasPrefix(line, "#"):
		case kind == "> task" && len(fields) == 3:
			m.Tasks = append(m.Tasks, Mark{turn, at, id(fields[0]), strings.TrimSpace(fields[1]), strings.TrimSpace(fields[2])})
		case kind == "> decision" && len(fields) == 2:
			m.Decisions = append(m.Decisions, Mark{Start: turn, End: at, Owner: id(fields[0]), Holds: strings.TrimSpace(fields[1])})
		case strings.HasPrefix(line, ">") || rest == "":
			t.Fatalf("line %d: cannot read %q", n+1, line)
		default:
			i, ok := index[kind]
			if !ok {
				i = len(index)
				index[kind] = i
				m.Participants.Participants = append(m.Participants.Participants, artifact.Participant{ID: id(kind), Name: kind, Tracks: []int{i}})
				m.Recording.Tracks = append(m.Recording.Tracks, artifact.Track{Index: i, ParticipantID: id(kind), Key: fmt.Sprintf("track-%d", i)})
				m.Tracks = append(m.Tracks, artifact.TrackWords{Track: i, Engine: "script", Language: "en", Words: []artifact.Word{}})
			}
			at += 0.4
			turn = at
			if newTopic {
				m.Topics = append(m.Topics, at)
				newTopic = false
			}
			for _, w := range strings.Fields(rest) {
				length := 0.12 + 0.05*float64(utf8.RuneCountInString(w))
				m.Tracks[i].Words = append(m.Tracks[i].Words, artifact.Word{Text: w, Start: at, End: at + length, Probability: 0.9})
				at += length + 0.02
				if strings.ContainsAny(w[len(w)-1:], ".?!,") {
					at += 0.25
				}
			}
		}
	}
	m.Recording.Duration = at + 1
	return m
}

// Long makes a meeting of so many speakers and words from the scripts' lines,
// with levels on every track.
func Long(speakers, words int) Meeting {
	var lines []string
	for _, name := range []string{"planning", "standup", "retro", "chat"} {
		b, err := scripts.ReadFile("testdata/" + name + ".txt")
		if err != nil {
			panic(err) // embedded: cannot be missing
		}
		for _, line := range strings.Split(string(b), "\n") {
			if name, text, ok := strings.Cut(line, ": "); ok && !strings.HasPrefix(name, ">") {
				lines = append(lines, text)
			}
		}
	}
	m := Meeting{Recording: artifact.Recording{ID: "long"}}
	for i := range speakers {
		m.Participants.Participants = append(m.Participants.Participants, artifact.Participant{ID: fmt.Sprintf("p%d", i), Name: fmt.Sprintf("Person %d", i), Tracks: []int{i}})
		m.Tracks = append(m.Tracks, artifact.TrackWords{Track: i, Language: "en"})
	}
	at, n := 1.0, 0
	for k := 0; n < words; k++ {
		tw := &m.Tracks[(k*7+k/3)%speakers]
		for _, w := range strings.Fields(lines[k%len(lines)]) {
			tw.Words = append(tw.Words, artifact.Word{Text: w, Start: at, End: at + 0.3, Probability: 0.9})
			at += 0.34
			n++
		}
		at += 0.2
		if k%11 == 0 {
			at -= 2 // somebody talks over the end
		}
	}
	m.Recording.Duration = at
	for i := range m.Tracks {
		tw := &m.Tracks[i]
		tw.Duration, tw.LevelStep = at, 0.05
		tw.Levels = make([]int8, int(at/0.05))
		for j := range tw.Levels {
			tw.Levels[j] = -65
		}
		for _, w := range tw.Words {
			for j := int(w.Start / 0.05); j < int(w.End/0.05) && j < len(tw.Levels); j++ {
				tw.Levels[j] = int8(-22 - (j*j)%9)
			}
		}
	}
	return m
}
