package schema

import (
	"encoding/json"

	"github.com/invopop/jsonschema"
)

// A rule narrows a field further than its Go type does.
type rule func(*jsonschema.Schema)

// rules are keyed by the field's name in JSON, or by type and field where one
// name means several things. They hold for every value that Trackscribe may
// write, however odd the recording; what is merely usual has no rule.
func rules() map[string]rule {
	seconds, count := atLeast("0"), atLeast("0")
	return map[string]rule{
		"start":       seconds,
		"end":         seconds,
		"length":      seconds,
		"duration":    seconds,
		"speaking":    seconds,
		"speech":      seconds,
		"limited":     seconds,
		"gapSeconds":  seconds,
		"maxDrift":    seconds,
		"step":        above("0"),
		"trackStep":   seconds, // 0 when there are no tracks
		"levelStep":   seconds,
		"probability": between("0", "1"),

		"index":      count,
		"track":      count,
		"size":       count,
		"words":      count,
		"wordCount":  count,
		"topicCount": count,
		"packets":    count,
		"dropped":    count,
		"gapCount":   count,
		"channels":   count,
		"sampleRate": count,

		"started": func(s *jsonschema.Schema) { s.Format = "date-time" },
		"at":      func(s *jsonschema.Schema) { s.Format = "date-time" },
		"sha256":  func(s *jsonschema.Schema) { s.Pattern = "^[0-9a-f]{64}$" },
		"levels":  base64,
		"values":  base64,
		"peaks":   base64,

		"messageId":    count,
		"updates":      count,
		"milliseconds": count,
		"status":       between("100", "599"),

		"Deliveries.created": func(s *jsonschema.Schema) { s.Format = "date-time" },
		"Deliveries.eventId": func(s *jsonschema.Schema) { s.Pattern = "^[0-9a-f]{32}$" },

		"Cleanup.finished":         func(s *jsonschema.Schema) { s.Format = "date-time" },
		"Cleanup.reason":           oneOf("denied", "missing"),
		"Cleanup.policyMissing":    oneOf("keep", "delete"),
		"Cleanup.policyTranscript": oneOf("keep", "delete"),

		"Skipped.step":  nil, // a step's name, not seconds
		"Summary.kind":  func(s *jsonschema.Schema) { s.Enum = []any{"highlights", "summary"} },
		"Waveform.data": exactly(255),
	}
}

// constrain applies the rules to the fields of a type.
func constrain(typeName string, s *jsonschema.Schema) {
	all := rules()
	for p := s.Properties.Oldest(); p != nil; p = p.Next() {
		r, ok := all[typeName+"."+p.Key]
		if !ok {
			r = all[p.Key]
		}
		// "words" and "tracks" are lists in one type and numbers in another.
		if r == nil || !ok && p.Value.Type == "array" {
			continue
		}
		r(p.Value)
	}
}

func atLeast(low json.Number) rule {
	return func(s *jsonschema.Schema) { s.Minimum = low }
}

func above(low json.Number) rule {
	return func(s *jsonschema.Schema) { s.ExclusiveMinimum = low }
}

func between(low, high json.Number) rule {
	return func(s *jsonschema.Schema) { s.Minimum, s.Maximum = low, high }
}

func oneOf(values ...any) rule {
	return func(s *jsonschema.Schema) { s.Enum = values }
}

func exactly(n uint64) rule {
	return func(s *jsonschema.Schema) { s.MinItems, s.MaxItems = &n, &n }
}

func base64(s *jsonschema.Schema) { s.ContentEncoding = "base64" }
