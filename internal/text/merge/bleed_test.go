package merge

import (
	"encoding/base64"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/steps/artifact"
)

// A room simulates microphones: what everybody says, how much of it arrives at
// whom, and the levels that come of it.
type room struct {
	rng    *rand.Rand
	step   float64
	length float64
	voices [][]float64 // power of each person's own voice, per step
	heard  [][]artifact.Word
	bleeds []bleed
	gate   []bool // a noise gate makes silence digital
}

type bleed struct {
	from, to int
	gain     float64 // dB
	lag      float64 // seconds
}

func newRoom(people int, length float64) *room {
	r := &room{rng: rand.New(rand.NewPCG(1, uint64(people))), step: 0.05, length: length, gate: make([]bool, people)}
	for range people {
		r.voices = append(r.voices, make([]float64, int(length/r.step)))
		r.heard = append(r.heard, nil)
	}
	return r
}

// say lets person speak text from start at level dBFS, words 0.22 to 0.38 s
// long.
func (r *room) say(person int, start, level float64, text string) float64 {
	t := start
	for _, w := range strings.Fields(text) {
		// Two syllables a word, each with its own loudness and a dip between.
		length := 0.22 + 0.16*r.rng.Float64()
		half := length * (0.35 + 0.3*r.rng.Float64())
		for _, syllable := range [][2]float64{{0, half}, {half, length}} {
			peak := level - 12*r.rng.Float64()
			for x := syllable[0]; x < syllable[1]; x += r.step / 4 {
				if i := int((t + x) / r.step); i < len(r.voices[person]) {
					shape := math.Sin(math.Pi * (x - syllable[0] + r.step/8) / (syllable[1] - syllable[0] + r.step/4))
					r.voices[person][i] += 0.25 * math.Pow(10, (peak+20*math.Log10(0.15+0.85*shape))/10)
				}
			}
		}
		r.heard[person] = append(r.heard[person], artifact.Word{Text: w, Start: t, End: t + length - 0.02, Probability: 0.9})
		t += length
		if strings.HasSuffix(w, ",") {
			t += 0.25
		}
	}
	return t
}

// mishear adds to person's track the words that a recogniser makes of a voice
// that bled in: every wrong-th word is another one.
func (r *room) mishear(person, source int, lag float64, wrong int) {
	for i, w := range r.heard[source] {
		if wrong > 0 && i%wrong == wrong-1 {
			w.Text = "blurb"
		}
		w.Start, w.End, w.Probability = w.Start+lag, w.End+lag, 0.5
		r.heard[person] = append(r.heard[person], w)
	}
}

func (r *room) tracks(withLevels bool) []artifact.TrackWords {
	var out []artifact.TrackWords
	for p := range r.voices {
		tw := artifact.TrackWords{Track: p, Language: "en", Words: r.heard[p], Duration: r.length}
		if withLevels {
			tw.LevelStep = r.step
			raw := make([]byte, len(r.voices[p]))
			for i := range raw {
				power := math.Pow(10, (-62+2*r.rng.Float64())/10) + r.voices[p][i]
				for _, b := range r.bleeds {
					if b.to == p {
						if j := i - int(b.lag/r.step); j >= 0 {
							power += r.voices[b.from][j] * math.Pow(10, b.gain/10)
						}
					}
				}
				db := 10 * math.Log10(power)
				if r.gate[p] && db < -58 {
					db = -127
				}
				raw[i] = byte(int8(max(-127, math.Round(db))))
			}
			tw.LevelData = base64.StdEncoding.EncodeToString(raw)
		}
		out = append(out, tw)
	}
	return out
}

func people(n int) artifact.Participants {
	var who artifact.Participants
	for i := range n {
		who.Participants = append(who.Participants, artifact.Participant{ID: fmt.Sprintf("p%d", i), Name: fmt.Sprintf("Person %d", i), Tracks: []int{i}})
	}
	return who
}

// said returns the text of each track in the transcript.
func said(t artifact.Transcript, n int) []string {
	out := make([]string, n)
	for _, w := range t.Words {
		out[w.Track] = strings.TrimSpace(out[w.Track] + " " + w.Text)
	}
	return out
}

const (
	plan   = "we should look at the budget for the second quarter before the board meets because the numbers changed again"
	reply  = "my team finished the migration of the billing service and nothing broke during the night which was a relief"
	answer = "customers in Norway asked for invoices with a reference number so finance wants that on every page"
)

func TestBleed(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		levels bool
		build  func(r *room)
		want   []string
		gone   int // words left out on track 1
	}{
		{name: "pure bleed track", levels: true, gone: 19, want: []string{plan, ""}, build: func(r *room) {
			r.say(0, 2, -20, plan)
			r.bleeds = []bleed{{0, 1, -15, 0.05}}
			r.mishear(1, 0, 0.05, 0)
		}},
		{name: "pure bleed with other words", levels: true, gone: 19, want: []string{plan, ""}, build: func(r *room) {
			r.say(0, 2, -20, plan)
			r.bleeds = []bleed{{0, 1, -15, 0.05}}
			r.mishear(1, 0, 0.05, 1) // nothing matches: the envelope must do
		}},
		{name: "bleed at -8 dB", levels: true, gone: 19, want: []string{plan, ""}, build: func(r *room) {
			r.say(0, 2, -20, plan)
			r.bleeds = []bleed{{0, 1, -8, 0.05}}
			r.mishear(1, 0, 0.05, 4)
		}},
		{name: "bleed at -30 dB", levels: true, gone: 19, want: []string{plan, ""}, build: func(r *room) {
			r.say(0, 2, -20, plan)
			r.bleeds = []bleed{{0, 1, -30, 0.05}}
			r.mishear(1, 0, 0.05, 2)
		}},
		{name: "bleed 250 ms late through loudspeakers", levels: true, gone: 19, want: []string{plan, ""}, build: func(r *room) {
			r.say(0, 2, -20, plan)
			r.bleeds = []bleed{{0, 1, -12, 0.25}}
			r.mishear(1, 0, 0.25, 2)
		}},
		{name: "bleed behind a noise gate", levels: true, gone: 19, want: []string{plan, ""}, build: func(r *room) {
			r.gate[0], r.gate[1] = true, true
			r.say(0, 2, -20, plan)
			r.bleeds = []bleed{{0, 1, -15, 0.05}}
			r.mishear(1, 0, 0.05, 2)
		}},
		{name: "bleed and own speech at other times", levels: true, gone: 19, want: []string{plan, reply}, build: func(r *room) {
			r.say(0, 2, -20, plan)
			r.bleeds = []bleed{{0, 1, -15, 0.05}}
			r.mishear(1, 0, 0.05, 3)
			r.say(1, 12, -22, reply)
		}},
		{name: "own speech goes on from bleed without a pause", levels: true, gone: 19, want: []string{plan, reply}, build: func(r *room) {
			end := r.say(0, 2, -20, plan)
			r.bleeds = []bleed{{0, 1, -15, 0.05}}
			r.mishear(1, 0, 0.05, 3)
			r.say(1, end+0.15, -22, reply)
		}},
		{name: "double talk is kept", levels: true, want: []string{plan, reply}, build: func(r *room) {
			r.say(0, 2, -20, plan)
			r.say(1, 2.1, -24, reply)
		}},
		{name: "double talk into a quiet microphone is kept", levels: true, want: []string{plan, reply + " " + answer}, build: func(r *room) {
			r.say(0, 2, -18, plan)
			r.say(1, 2.1, -38, reply)
			r.say(1, 12, -38, answer)
		}},
		{name: "double talk with bleed under it is kept", levels: true, want: []string{plan, reply + " " + answer}, build: func(r *room) {
			r.say(0, 2, -18, plan)
			r.say(1, 2.1, -22, reply)
			r.say(1, 12, -22, answer)
			r.bleeds = []bleed{{0, 1, -15, 0.05}, {1, 0, -15, 0.05}}
		}},
		{name: "yeah together is kept", levels: true, want: []string{plan + " yeah", reply + " yeah"}, build: func(r *room) {
			r.say(0, 2, -20, plan)
			r.say(1, 9, -23, reply)
			r.say(0, 17, -20, "yeah")
			r.say(1, 17.05, -24, "yeah")
		}},
		{name: "yeah together by somebody who says nothing else", levels: true, want: []string{plan + " yeah", "yeah"}, build: func(r *room) {
			r.say(0, 2, -20, plan)
			r.say(0, 17, -20, "yeah")
			r.say(1, 17.05, -28, "yeah")
		}},
		{name: "short bleed beside long bleed", levels: true, gone: 20, want: []string{plan + " yeah", ""}, build: func(r *room) {
			r.say(0, 2, -20, plan)
			r.say(0, 17, -20, "yeah")
			r.bleeds = []bleed{{0, 1, -15, 0.05}}
			r.mishear(1, 0, 0.05, 3)
		}},
		{name: "own yeah under another voice is kept", levels: true, want: []string{plan, "yeah " + reply}, build: func(r *room) {
			r.say(0, 2, -20, plan)
			r.say(1, 4.05, -30, "yeah")
			r.say(1, 12, -24, reply)
		}},
		{name: "silent track", levels: true, want: []string{plan, ""}, build: func(r *room) {
			r.say(0, 2, -20, plan)
			r.gate[1] = true
		}},
		{name: "no levels, same words", gone: 19, want: []string{plan, reply}, build: func(r *room) {
			r.say(0, 2, -20, plan)
			r.mishear(1, 0, 0.05, 4)
			r.say(1, 12, -22, reply)
		}},
		{name: "no levels, double talk", want: []string{plan, reply}, build: func(r *room) {
			r.say(0, 2, -20, plan)
			r.say(1, 2.1, -24, reply)
		}},
		{name: "no levels, thanking together", want: []string{"thank you bye", "thank you bye"}, build: func(r *room) {
			r.say(0, 2, -20, "thank you bye")
			r.say(1, 2.1, -24, "thank you bye")
		}},
		{name: "no levels, own words beside the other's", gone: 19, want: []string{plan, reply}, build: func(r *room) {
			end := r.say(0, 2, -20, plan)
			r.mishear(1, 0, 0.05, 0)
			r.say(1, end+0.1, -22, reply)
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRoom(2, 22)
			c.build(r)
			got := Merge(artifact.Recording{ID: "r"}, people(2), r.tracks(c.levels))
			if d := cmp.Diff(c.want, said(got, 2)); d != "" {
				t.Errorf("words by track (-want +got):\n%s", d)
			}
			var warnings []string
			if c.gone > 0 {
				warnings = []string{count(c.gone) + " on track 1 were another participant's voice and were left out"}
			}
			if d := cmp.Diff(warnings, append([]string(nil), got.Warnings...)); d != "" {
				t.Errorf("warnings (-want +got):\n%s", d)
			}
		})
	}
}

// TestBleedIntoMany: one voice in two neighbours' microphones, one of them
// nearer.
func TestBleedIntoMany(t *testing.T) {
	t.Parallel()
	r := newRoom(3, 30)
	r.say(0, 2, -20, plan)
	r.mishear(1, 0, 0.05, 3)
	r.mishear(2, 0, 0.05, 4)
	r.bleeds = []bleed{{0, 1, -10, 0.05}, {0, 2, -18, 0.05}}
	r.say(1, 10, -21, reply)
	r.say(2, 18, -19, answer)
	got := Merge(artifact.Recording{ID: "r"}, people(3), r.tracks(true))
	if d := cmp.Diff([]string{plan, reply, answer}, said(got, 3)); d != "" {
		t.Errorf("words by track (-want +got):\n%s", d)
	}
}

// TestBleedRates measures over many random meetings what is lost of people's
// own words, and what is left of others' voices.
func TestBleedRates(t *testing.T) {
	t.Parallel()
	var own, ownLost, foreign, foreignLeft int
	texts := []string{plan, reply, answer, "yeah", "okay thanks", "right, that makes sense to me"}
	others := []string{
		"nobody on our side has looked into those complaints since Thursday although Priya promised a report about them",
		"it depends on how fast suppliers deliver the new displays", "yeah", "okay thanks", "hm, could be",
	}
	for seed := range uint64(40) {
		r := newRoom(2, 60)
		r.rng = rand.New(rand.NewPCG(seed, 7))
		gain := -8 - 22*r.rng.Float64()
		lag := 0.25 * r.rng.Float64()
		r.bleeds = []bleed{{0, 1, gain, lag}}
		// Person 0 talks; person 1 talks sometimes, sometimes over person 0.
		at := 1.0
		for at < 45 {
			at = r.say(0, at, -20-4*r.rng.Float64(), texts[r.rng.IntN(len(texts))]) + 0.3 + 2*r.rng.Float64()
		}
		ownWords := map[artifact.Word]bool{}
		r.heard[1] = nil
		at = 3 + 4*r.rng.Float64()
		for at < 50 {
			at = r.say(1, at, -22-4*r.rng.Float64(), others[r.rng.IntN(len(others))]) + 4 + 6*r.rng.Float64()
		}
		mine := append([]artifact.Word(nil), r.heard[1]...)
		for _, w := range mine {
			ownWords[artifact.Word{Text: w.Text, Start: round(w.Start)}] = true
		}
		// Where person 1 talks, their own voice masks what bleeds in.
		r.mishear(1, 0, lag, 3)
		kept := append([]artifact.Word(nil), mine...)
		for _, w := range r.heard[1][len(mine):] {
			masked := false
			for _, m := range mine {
				masked = masked || (w.Start < m.End && m.Start < w.End)
			}
			if !masked {
				kept = append(kept, w)
			}
		}
		r.heard[1] = kept
		own += len(mine)
		foreign += len(kept) - len(mine)
		got := Merge(artifact.Recording{ID: "r"}, people(2), r.tracks(true))
		found := 0
		for _, w := range got.Words {
			if w.Track != 1 {
				continue
			}
			if ownWords[artifact.Word{Text: w.Text, Start: w.Start}] {
				found++
			} else {
				foreignLeft++
			}
		}
		ownLost += len(mine) - found
	}
	lost, left := float64(ownLost)/float64(own), float64(foreignLeft)/float64(foreign)
	t.Logf("own words lost %.1f %% of %d, foreign words left %.1f %% of %d", 100*lost, own, 100*left, foreign)
	if lost > 0.01 {
		t.Errorf("%.1f %% of people's own words were left out, want at most 1", 100*lost)
	}
	if left > 0.06 {
		t.Errorf("%.1f %% of voices that bled in were kept, want at most 6", 100*left)
	}
}
