package cleanupconsent

import (
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/steps"
)

func TestDecisionsAreCounted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		doc                string
		decisions, denials int
	}{
		"none":                  {`{"decisions": []}`, 0, 0},
		"all consent":           {`{"decisions": [{"userId": "a", "consent": true}, {"userId": "b", "consent": true}]}`, 2, 0},
		"one denies":            {`{"decisions": [{"userId": "a", "consent": true}, {"name": "B", "consent": false}]}`, 2, 1},
		"the peer's name":       {`{"decisions": [{"participantId": "p", "consent_given": false}]}`, 1, 1},
		"more fields":           {`{"version": 3, "decisions": [{"userId": "a", "consent": true, "ip": "::1"}]}`, 1, 0},
		"null for who":          {`{"decisions": [{"userId": null, "name": "A", "consent": true, "at": null}]}`, 1, 0},
		"changed to consent":    {`{"decisions": [{"userId": "a", "consent": false, "at": "2026-01-01T10:00:00Z"}, {"userId": "a", "consent": true, "at": "2026-01-01T11:00:00Z"}]}`, 2, 0},
		"changed to denial":     {`{"decisions": [{"userId": "a", "consent": false, "at": "2026-01-01T12:00:00+01:00"}, {"userId": "a", "consent": true, "at": "2026-01-01T10:59:59Z"}]}`, 2, 1},
		"rejoined, and changed": {`{"decisions": [{"userId": "a", "participantId": "1", "consent": false, "at": "2026-01-01T10:00:00Z"}, {"userId": "a", "participantId": "2", "consent": true, "at": "2026-01-01T11:00:00Z"}]}`, 2, 0},
		"at the same time":      {`{"decisions": [{"name": "A", "consent": false, "at": "2026-01-01T10:00:00Z"}, {"name": "A", "consent": true, "at": "2026-01-01T10:00:00Z"}]}`, 2, 1},
		"without times":         {`{"decisions": [{"name": "A", "consent": false}, {"name": "A", "consent": true}]}`, 2, 1},
		"nobody known":          {`{"decisions": [{"consent": false}, {"consent": true}, {"consent": false}]}`, 3, 2},
		"an id is no name":      {`{"decisions": [{"userId": "A", "consent": true, "at": "2026-01-02T10:00:00Z"}, {"name": "A", "consent": false, "at": "2026-01-01T10:00:00Z"}]}`, 2, 1},
	} {
		got, err := read("consent.json", []byte(test.doc))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if want := (tally{test.decisions, test.denials}); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

func TestMalformedDecisions(t *testing.T) {
	t.Parallel()
	for doc, says := range map[string]string{
		``:                                   "no JSON",
		`{"decisions": [`:                    "no JSON",
		`no`:                                 "no JSON",
		`<html></html>`:                      "no JSON",
		`null`:                               "JSON object",
		`[]`:                                 "have: array",
		`"no"`:                               "have: string",
		`{}`:                                 "no list of decisions",
		`{"decision": [{"consent": false}]}`: "no list of decisions",
		`{"decisions": null}`:                "no list of decisions",
		`{"decisions": {"consent": false}}`:  `"decisions" must not be of kind object`,
		`{"decisions": []} {"decisions": [{"consent": false}]}`:                        "follows",
		`{"decisions": [null]}`:                                                        "decision 1: want a JSON object",
		`{"decisions": [false]}`:                                                       "decision 1: want a JSON object",
		`{"decisions": [{"consent": true}, {"name": "Secret Name"}]}`:                  `decision 2: "consent" is neither`,
		`{"decisions": [{"name": "Secret Name", "concent": false}]}`:                   `decision 1: "consent" is neither`,
		`{"decisions": [{"consent": null}]}`:                                           `"consent" is neither`,
		`{"decisions": [{"name": "Secret Name", "consent": "Secret Name"}]}`:           `"consent" must not be of kind string`,
		`{"decisions": [{"consent": 0}]}`:                                              `"consent" must not be of kind number`,
		`{"decisions": [{"consent": true, "consent_given": false}]}`:                   "not the same",
		`{"decisions": [{"userId": 7, "consent": true}]}`:                              `"userId" must not be of kind number`,
		`{"decisions": [{"name": "Secret Name", "consent": true, "at": "yesterday"}]}`: `"at" is no RFC 3339 time`,
		`{"decisions": [{"name": "Secret Name", "consent": true, "at": 1767261600}]}`:  `"at" must not be of kind number`,
		"\ufeff" + `{"decisions": []}`:                                                 "no JSON",
	} {
		got, err := read("consent.json", []byte(doc))
		switch {
		case err == nil:
			t.Errorf("%s: is taken for %+v", doc, got)
		case steps.Classify(err) != steps.Permanent || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "consent.json"):
			t.Errorf("%s: %v (%s), want a permanent error with %q", doc, err, steps.Classify(err), says)
		case strings.Contains(err.Error(), "Secret"):
			t.Errorf("%s: the error names people: %v", doc, err)
		case steps.Hint(err) == "":
			t.Errorf("%s: no hint", doc)
		}
	}
}

// FuzzRead checks that whatever is accepted has been understood: a document
// that holds no word of denial has no denials.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"decisions": [{"userId": "a", "consent": true, "at": "2026-01-31T12:00:00Z"}]}`))
	f.Add([]byte(`{"decisions": [{"consent_given": false}, {"consent": false, "name": "x"}]}`))
	f.Add([]byte(`{"decisions": []}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := read("it", b)
		if err != nil {
			if steps.Classify(err) != steps.Permanent || got != (tally{}) {
				t.Errorf("%v with %+v", err, got)
			}
			return
		}
		if got.denials < 0 || got.denials > got.decisions || got.denials > strings.Count(string(b), "false") {
			t.Errorf("%+v of %q", got, b)
		}
	})
}
