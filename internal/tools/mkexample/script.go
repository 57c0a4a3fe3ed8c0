package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
)

// A script says who says what when. Times are seconds from the recording's
// start.
type script struct {
	Recording *recording `json:"recording,omitempty"` // nil: bare audio files
	People    []person   `json:"people"`
	Tracks    []track    `json:"tracks"`
	Turns     []line     `json:"turns"`
}

type recording struct {
	ID        string  `json:"id"`
	Domain    string  `json:"domain"`
	Room      string  `json:"room"`
	StartTS   int64   `json:"start_ts"` // Unix seconds
	Duration  float64 `json:"duration"`
	SessionID string  `json:"session_id"`
}

type person struct {
	Speaker string  `json:"speaker"` // the name that tracks and turns use
	UserID  string  `json:"user_id,omitempty"`
	Name    string  `json:"name,omitempty"`
	Voice   string  `json:"voice"`   // of flite
	Stretch float64 `json:"stretch"` // of flite's durations: 1.1 is 10 % slower
}

// A track is one connection of a person: its participant id, when its first
// packet comes and when it ends.
type track struct {
	Speaker       string       `json:"speaker"`
	ParticipantID string       `json:"participant_id,omitempty"`
	File          string       `json:"file,omitempty"` // bare audio: its name; .wav or .ogg
	Start         float64      `json:"start"`
	End           float64      `json:"end"`
	Muted         [][2]float64 `json:"muted,omitempty"` // no packets from, to
	// ClockLag is how much later than the container the file name's clock
	// says the track began; on Daily about 0.2 s.
	ClockLag float64 `json:"clock_lag,omitempty"`
}

// A line is one turn as the script has it.
type line struct {
	Speaker string  `json:"speaker"`
	Start   float64 `json:"start"`
	Text    string  `json:"text"`
}

// A turn is a line with its sound.
type turn struct {
	line
	pcm []float32 // 16 kHz
}

func (t turn) end() float64 { return t.Start + float64(len(t.pcm))/speechRate }

func readScript(path string) (*script, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := new(script)
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(s); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return s, nil
}

// check makes sure that every turn is heard on exactly one track, and that
// nobody talks over themselves.
func (s *script) check(turns []turn) error {
	last := map[string]float64{}
	for _, t := range turns {
		if t.Start < last[t.Speaker] {
			return fmt.Errorf("turn at %.2f s: %s is still speaking until %.2f s", t.Start, t.Speaker, last[t.Speaker])
		}
		last[t.Speaker] = t.end()
		heard := 0
		for _, tr := range s.Tracks {
			if tr.Speaker == t.Speaker && t.Start >= tr.Start && t.end() <= tr.End && !tr.mutedDuring(t.Start, t.end()) {
				heard++
			}
		}
		if heard != 1 {
			return fmt.Errorf("turn of %s, %.2f to %.2f s: heard on %d tracks, want 1", t.Speaker, t.Start, t.end(), heard)
		}
	}
	return nil
}

func (t track) mutedDuring(from, to float64) bool {
	for _, m := range t.Muted {
		if from < m[1] && to > m[0] {
			return true
		}
	}
	return false
}

func millis(seconds float64) int64 { return int64(math.Round(seconds * 1000)) }

func (s *script) key() string {
	r := s.Recording
	return fmt.Sprintf("%s/%s/%d", r.Domain, r.Room, r.StartTS*1000)
}

func (s *script) trackName(t track) string {
	start := s.Recording.StartTS * 1000
	return fmt.Sprintf("%d-%s-cam-audio-%d", start, t.ParticipantID, start+millis(t.Start+t.ClockLag))
}

// recordingAnswer is what Daily's REST API answers to "get recording".
func (s *script) recordingAnswer(sizes []int) any {
	type answerTrack struct {
		Type  string `json:"type"`
		Size  int    `json:"size"`
		S3Key string `json:"s3Key"`
	}
	type answerS3 struct {
		Bucket   string `json:"bucket_name"`
		Region   string `json:"bucket_region"`
		Key      string `json:"key"`
		Endpoint string `json:"endpoint"`
	}
	r := s.Recording
	answer := struct {
		ID              string        `json:"id"`
		Room            string        `json:"room_name"`
		StartTS         int64         `json:"start_ts"`
		Status          string        `json:"status"`
		MaxParticipants int           `json:"max_participants"`
		Duration        int64         `json:"duration"`
		ShareToken      string        `json:"share_token"`
		S3              answerS3      `json:"s3"`
		Tracks          []answerTrack `json:"tracks"`
		SessionID       string        `json:"mtgSessionId"`
	}{
		ID: r.ID, Room: r.Room, StartTS: r.StartTS, Status: "finished",
		MaxParticipants: len(s.People), Duration: int64(r.Duration),
		S3:        answerS3{Bucket: "daily-recordings", Region: "eu-central-1", Key: s.key()},
		SessionID: r.SessionID,
	}
	folder := s.Recording.Domain + "/" + s.Recording.Room + "/"
	for i, t := range s.Tracks {
		answer.Tracks = append(answer.Tracks, answerTrack{"audio", sizes[i], folder + s.trackName(t)})
	}
	return answer
}

// participantsAnswer is what Daily's REST API answers to "get meeting
// participants": one entry per connection.
func (s *script) participantsAnswer() any {
	type entry struct {
		UserID        string `json:"user_id"`
		ParticipantID string `json:"participant_id"`
		Name          string `json:"user_name"`
		Join          int64  `json:"join_time"`
		Duration      int64  `json:"duration"`
	}
	var data []entry
	for _, t := range s.Tracks {
		p := s.person(t.Speaker)
		data = append(data, entry{
			p.UserID, t.ParticipantID, p.Name,
			s.Recording.StartTS + int64(t.Start), int64(t.End - t.Start),
		})
	}
	return map[string]any{"data": data}
}

// reference is what was really said, for tests that count wrong words.
func (s *script) reference(turns []turn) any {
	type said struct {
		UserID  string  `json:"user_id"`
		Speaker string  `json:"speaker"`
		Start   float64 `json:"start"`
		End     float64 `json:"end"`
		Text    string  `json:"text"`
	}
	var out []said
	for _, t := range turns {
		p := s.person(t.Speaker)
		out = append(out, said{p.UserID, p.Name, t.Start, math.Round(t.end()*1000) / 1000, plain(t.Text)})
	}
	return out
}

// plain is a text in lower case without punctuation.
func plain(text string) string {
	keep := func(r rune) rune {
		if strings.ContainsRune(".,!?", r) {
			return -1
		}
		return r
	}
	return strings.Map(keep, strings.ToLower(text))
}

func (s *script) person(speaker string) person {
	for _, p := range s.People {
		if p.Speaker == speaker {
			return p
		}
	}
	return person{Speaker: speaker}
}
