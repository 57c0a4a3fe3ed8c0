package cleanupconsent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/trackscribe/trackscribe/steps"
)

// A tally is what the decisions of one place come to.
type tally struct {
	decisions int
	denials   int // people who deny
}

// read counts what a document of decisions says. Whatever could be a denial
// that is spelt wrong makes it an error: nothing is known then.
func read(from string, b []byte) (tally, error) {
	list, err := parse(b)
	if err != nil {
		return tally{}, steps.Bad(`it must be {"decisions": [{"userId": "…", "consent": true, "at": "2026-01-31T12:00:00Z"}]}; nothing was deleted`,
			"%s cannot be understood: %w", from, err)
	}
	last := map[string]decision{}
	t := tally{decisions: len(list)}
	for i, d := range list {
		who := d.who()
		if who == "" {
			who = fmt.Sprint("nobody known ", i)
		}
		before, decided := last[who]
		if !decided || d.outdoes(before) {
			last[who] = d
		}
	}
	for _, d := range last {
		if !d.consent {
			t.denials++
		}
	}
	return t, nil
}

// outdoes reports whether d counts instead of an earlier entry of the same
// person.
func (d decision) outdoes(before decision) bool {
	if d.at.IsZero() || before.at.IsZero() || d.at.Equal(before.at) {
		return !d.consent
	}
	return d.at.After(before.at)
}

type decision struct {
	userID, participantID, name string
	consent                     bool
	at                          time.Time // zero: not known
}

// who tells people apart. Somebody who rejoined is another participant, and the
// same user.
func (d decision) who() string {
	switch {
	case d.userID != "":
		return "user " + d.userID
	case d.participantID != "":
		return "participant " + d.participantID
	case d.name != "":
		return "name " + d.name
	}
	return ""
}

// parse reads the document. Its errors tell which entry is wrong, and repeat
// nothing of it: entries name people.
func parse(b []byte) ([]decision, error) {
	var doc struct {
		Decisions *[]json.RawMessage `json:"decisions"`
	}
	if err := decode(b, &doc); err != nil {
		return nil, err
	}
	if doc.Decisions == nil {
		return nil, errors.New("it has no list of decisions")
	}
	var list []decision
	for i, raw := range *doc.Decisions {
		d, err := parseOne(raw)
		if err != nil {
			return nil, fmt.Errorf("decision %d: %w", i+1, err)
		}
		list = append(list, d)
	}
	return list, nil
}

func parseOne(raw json.RawMessage) (d decision, err error) {
	var e struct {
		UserID        *string `json:"userId"`
		ParticipantID *string `json:"participantId"`
		Name          *string `json:"name"`
		Consent       *bool   `json:"consent"`
		Given         *bool   `json:"consent_given"`
		At            *string `json:"at"`
	}
	if err := decode(raw, &e); err != nil {
		return d, err
	}
	if e.Consent == nil {
		e.Consent = e.Given
	}
	switch {
	case e.Consent == nil:
		return d, errors.New(`"consent" is neither true nor false`)
	case e.Given != nil && *e.Given != *e.Consent:
		return d, errors.New(`"consent" and "consent_given" are not the same`)
	}
	d.userID, d.participantID, d.name, d.consent = text(e.UserID), text(e.ParticipantID), text(e.Name), *e.Consent
	if e.At != nil && *e.At != "" {
		if d.at, err = time.Parse(time.RFC3339, *e.At); err != nil {
			return d, errors.New(`"at" is no RFC 3339 time`)
		}
	}
	return d, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// decode reads one JSON object and nothing after it.
func decode(b []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	err := dec.Decode(v)
	if err == nil {
		if _, err = dec.Token(); errors.Is(err, io.EOF) {
			return object(b)
		}
		return errors.New("something follows the JSON object")
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		if kind.Field == "" {
			return fmt.Errorf("want a JSON object, have: %s", kind.Value)
		}
		return fmt.Errorf("%q must not be of kind %s", kind.Field, kind.Value)
	}
	return errors.New("it is no JSON")
}

// object refuses null, which decodes into anything.
func object(b []byte) error {
	if b = bytes.TrimSpace(b); len(b) == 0 || b[0] != '{' {
		return errors.New("want a JSON object")
	}
	return nil
}
