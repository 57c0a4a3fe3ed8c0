package merge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trackscribe/trackscribe/steps/artifact"
)

// assign says who the speakers are and whose each track is.
func assign(rec artifact.Recording, who artifact.Participants, tracks []artifact.TrackWords) ([]artifact.Speaker, map[int]string, []string) {
	var (
		speakers = []artifact.Speaker{}
		at       = map[string]int{} // participant id -> index in speakers
		owner    = map[int]string{}
		warnings []string
	)
	add := func(id, name string) int {
		i, ok := at[id]
		if !ok {
			i = len(speakers)
			at[id] = i
			speakers = append(speakers, artifact.Speaker{ID: id, Name: name, Tracks: []int{}})
		}
		return i
	}
	claim := func(i, track int) {
		speakers[i].Tracks = append(speakers[i].Tracks, track)
		owner[track] = speakers[i].ID
	}

	for n, p := range who.Participants {
		id := p.ID
		if id == "" {
			id = fmt.Sprintf("participant-%d", n+1)
		}
		i := add(id, cleanName(p.Name))
		for _, track := range p.Tracks {
			switch has, taken := owner[track]; {
			case !taken:
				claim(i, track)
			case has != id:
				warnings = append(warnings, fmt.Sprintf("track %d is claimed by two participants; the first one keeps it", track))
			}
		}
	}

	// What nobody claims goes to the participant id that the recording gives
	// the track, else to a speaker of its own.
	source := map[int]string{}
	var all []int
	for _, tr := range rec.Tracks {
		source[tr.Index] = tr.ParticipantID
		all = append(all, tr.Index)
	}
	transcribed := map[int]bool{}
	for _, tw := range tracks {
		transcribed[tw.Track] = true
		all = append(all, tw.Track)
	}
	slices.Sort(all)
	for _, track := range slices.Compact(all) {
		if !transcribed[track] {
			warnings = append(warnings, fmt.Sprintf("track %d was not transcribed", track))
		}
		if _, taken := owner[track]; taken {
			continue
		}
		id := source[track]
		if id == "" {
			id = fmt.Sprintf("track-%d", track)
		}
		claim(add(id, ""), track)
	}
	for i := range speakers {
		s := &speakers[i]
		slices.Sort(s.Tracks)
		switch {
		case s.Name != "":
		case len(s.Tracks) > 0:
			s.Name = fmt.Sprintf("Speaker %d", s.Tracks[0]+1)
		default:
			s.Name = "Speaker"
		}
	}
	return speakers, owner, warnings
}

// cleanName returns a name on one line.
func cleanName(s string) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
}
