package getparticipants_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/steps/getparticipants"
)

const (
	id1 = "1b0a5c1e-7d1f-4d55-9b62-0c7f5f0f3a01"
	id2 = "2f6e1d33-0a4b-4a7e-8a35-51a8f2d9c902"
	id3 = "7c9d2b48-5e21-4f0c-bd10-9f3e1a6b7703"
)

func recording(ids ...string) artifact.Recording {
	rec := artifact.Recording{MeetingID: "m"}
	for i, id := range ids {
		rec.Tracks = append(rec.Tracks, artifact.Track{Index: i, ParticipantID: id})
	}
	return rec
}

func TestRead(t *testing.T) {
	t.Parallel()
	entry := func(id, user, name string, join, duration int) string {
		return fmt.Sprintf(`{"participant_id":%q,"user_id":%q,"user_name":%q,"join_time":%d,"duration":%d}`, id, user, name, join, duration)
	}
	for _, c := range []struct {
		name string
		data []string
		rec  artifact.Recording
		want string // name:tracks, in order
	}{
		{"one each", []string{entry(id1, "u1", "Ann", 10, 5), entry(id2, "u2", "Bob", 10, 5)}, recording(id1, id2), "Ann[0] Bob[1]"},
		{"rejoined, by user id", []string{entry(id1, "u1", "Ann", 10, 5), entry(id2, "u1", "Ann (phone)", 20, 5)}, recording(id1, id2), "Ann (phone)[0 1]"},
		{"rejoined, by name at other times", []string{entry(id1, "", "Ann", 10, 5), entry(id2, "", "Ann", 20, 5)}, recording(id1, id2), "Ann[0 1]"},
		{"user id is only the participant's", []string{entry(id1, id1, "Ann", 10, 5), entry(id2, id2, "Ann", 20, 5)}, recording(id1, id2), "Ann[0 1]"},
		{"two people of one name", []string{entry(id1, "", "Ann", 10, 50), entry(id2, "", "Ann", 20, 5)}, recording(id1, id2), "Ann[0] Ann[1]"},
		{"one name, two user ids", []string{entry(id1, "u1", "Ann", 10, 5), entry(id2, "u2", "Ann", 20, 5)}, recording(id1, id2), "Ann[0] Ann[1]"},
		{"track restarted", []string{entry(id1, "u1", "Ann", 10, 5)}, recording(id1, id2, id1), "Ann[0 2] Speaker 2[1]"},
		{"said nothing", []string{entry(id1, "u1", "Ann", 10, 5), entry(id3, "u3", "Cleo", 10, 5)}, recording(id1), "Ann[0] Cleo[]"},
		{"bare file", nil, recording("bob"), "bob[0]"},
		{"unknown id", nil, recording(id1), "Speaker 1[0]"},
		{"name with control characters", []string{entry(id1, "", "A\u202en\nn", 1, 1)}, recording(id1), "A n n[0]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			who, err := getparticipants.Read([]byte(`{"data":[`+strings.Join(c.data, ",")+`]}`), c.rec)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range who.Participants {
				got = append(got, fmt.Sprintf("%s%v", p.Name, p.Tracks))
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("got %s, want %s", s, c.want)
			}
		})
	}
}

func TestReadUnreadable(t *testing.T) {
	t.Parallel()
	_, err := getparticipants.Read([]byte(`{"data":`), recording(id1))
	if err == nil || steps.Classify(err) != steps.Permanent || steps.Hint(err) == "" {
		t.Errorf("error %v, want a permanent one with a hint", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"data":[{"participant_id":"`+id1+`","user_name":"Ann","join_time":1,"duration":2}]}`), id1)
	f.Add([]byte(`{"data":null}`), "x")
	f.Add([]byte(`{"data":[{},{"user_name":"\u0000"}]}`), "")
	f.Fuzz(func(t *testing.T, doc []byte, id string) {
		who, err := getparticipants.Read(doc, recording(id, id2, id))
		if err != nil {
			return
		}
		owners := map[int]int{}
		for _, p := range who.Participants {
			if p.Name == "" || strings.ContainsAny(p.Name, "\n\x00") && p.ID != p.Name {
				t.Errorf("name %q", p.Name)
			}
			for _, i := range p.Tracks {
				owners[i]++
			}
		}
		for i := range 3 {
			if owners[i] != 1 {
				t.Errorf("track %d has %d owners: %+v", i, owners[i], who.Participants)
			}
		}
	})
}
