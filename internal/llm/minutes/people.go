package minutes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trackscribe/trackscribe/internal/text/subtitle"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// people are a meeting's participants, each under a name of its own.
type people struct {
	ids   []string
	names map[string]string // by id
}

func newPeople(t artifact.Transcript) people {
	p := people{names: map[string]string{}}
	taken := map[string]bool{}
	add := func(id, name string) {
		if _, ok := p.names[id]; ok {
			return
		}
		if name = subtitle.OneLine(name); name == "" {
			name = fmt.Sprintf("Participant %d", len(p.ids)+1)
		}
		unique := name
		for i := 2; taken[strings.ToLower(unique)]; i++ {
			unique = fmt.Sprintf("%s (%d)", name, i)
		}
		taken[strings.ToLower(unique)] = true
		p.ids = append(p.ids, id)
		p.names[id] = unique
	}
	for _, s := range t.Participants {
		add(s.ID, s.Name)
	}
	for _, s := range t.Segments {
		add(s.Speaker, "")
	}
	for _, w := range t.Words {
		add(w.Speaker, "")
	}
	return p
}

func (p people) name(id string) string { return p.names[id] }

// list is how a model sees them.
func (p people) list() string {
	var names []string
	for _, id := range p.ids {
		names = append(names, p.names[id])
	}
	return strings.Join(names, ", ")
}

// nobody is what models write where they mean no one in particular.
var nobody = []string{
	"", "none", "null", "nobody", "no one", "n a", "na", "unknown", "unassigned", "unspecified", "not specified", "not stated", "not assigned", "tbd",
	"all", "everyone", "everybody", "team", "the team", "group", "the group", "we", "all participants", "both",
}

// find returns the participant with that name: as it was listed, the id, or
// some of the name's words where only one has them. ok is false when it names
// somebody who was not there, or more than one person.
func (p people) find(name string) (id string, ok bool) {
	asked := wordsOf(name)
	if slices.Contains(nobody, strings.Join(asked, " ")) {
		return "", true
	}
	for _, id := range p.ids {
		if strings.EqualFold(subtitle.OneLine(name), p.names[id]) || strings.EqualFold(subtitle.OneLine(name), id) {
			return id, true
		}
	}
	found := 0
	for _, have := range p.ids {
		words := wordsOf(p.names[have])
		if !slices.ContainsFunc(asked, func(w string) bool { return !slices.Contains(words, w) }) {
			id = have
			found++
		}
	}
	if found != 1 || len(asked) == 0 {
		return "", false
	}
	return id, true
}
