package report

import (
	"fmt"
	"slices"

	"github.com/trackscribe/trackscribe/steps/artifact"
)

const (
	colours = 8  // accent colours in style.css
	maxName = 80 // runes of a name that are shown
)

// A person is one participant as the report shows them.
type person struct {
	ID      string
	Name    string
	Class   string // "s0" to "s7", and a second class for each further round
	Seconds float64
	Share   float64 // of everybody's speaking time, 0 to 1
}

func (p person) Percent() string { return percent(p.Share) }
func (p person) Time() string    { return clock(p.Seconds) }

// Bar is the share as an SVG length.
func (p person) Bar() string { return fmt.Sprintf("%.1f%%", p.Share*100) }

type people struct {
	all  []person
	byID map[string]int
}

// newPeople lists the transcript's participants in its order, and after them
// any speaker whom it does not list.
func newPeople(t artifact.Transcript) people {
	p := people{byID: map[string]int{}}
	taken := map[string]bool{}
	add := func(id, name string) {
		if _, known := p.byID[id]; known {
			return
		}
		n := len(p.all)
		name = shorten(clean(name), maxName)
		if name == "" {
			name = fmt.Sprintf("Participant %d", n+1)
		}
		unique := name
		for i := 2; taken[unique]; i++ {
			unique = fmt.Sprintf("%s (%d)", name, i)
		}
		taken[unique] = true
		class := fmt.Sprintf("s%d", n%colours)
		if round := n / colours % 3; round > 0 {
			class += fmt.Sprintf(" k%d", round)
		}
		p.byID[id] = n
		p.all = append(p.all, person{ID: id, Name: unique, Class: class})
	}
	for _, s := range t.Participants {
		add(s.ID, s.Name)
	}
	for _, s := range t.Segments {
		add(s.Speaker, "")
	}

	seconds, total := SpeakingTime(t.Segments), 0.0
	for _, one := range p.all { // in order: a sum over a map would differ in its last bit
		total += seconds[one.ID]
	}
	for i := range p.all {
		p.all[i].Seconds = seconds[p.all[i].ID]
		if total > 0 {
			p.all[i].Share = p.all[i].Seconds / total
		}
	}
	return p
}

// find returns the person with that id; false when nobody has it.
func (p people) find(id string) (person, bool) {
	i, ok := p.byID[id]
	if !ok {
		return person{}, false
	}
	return p.all[i], true
}

// names returns the names of at most n of the ids, each once, unknown ones left out.
func (p people) names(ids []string, n int) []string {
	var names []string
	for _, id := range ids {
		if one, ok := p.find(id); ok && len(names) < n && !slices.Contains(names, one.Name) {
			names = append(names, one.Name)
		}
	}
	return names
}
