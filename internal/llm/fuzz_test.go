package llm

import (
	"encoding/json"
	"testing"
)

func FuzzObjects(f *testing.F) {
	for _, s := range []string{`{"a":1}`, "<think>{</think>```json\n{\"a\":{}}\n```", `{{"a"}`, `{"a":"`, "</think>{}{}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, b := range objects(withoutThinking(s)) {
			var v map[string]any
			if err := json.Unmarshal(b, &v); err != nil {
				t.Errorf("%q is no object: %v", b, err)
			}
		}
	})
}

func FuzzReply(f *testing.F) {
	f.Add(`{"choices":[{"message":{"content":"{}","tool_calls":[{"function":{"arguments":{}}}]}}],"usage":{"prompt_tokens":1}}`)
	f.Add(`{"choices":[{"message":{"content":[{"text":"x"}]},"finish_reason":1}]}`)
	f.Fuzz(func(t *testing.T, s string) {
		var r reply
		if json.Unmarshal([]byte(s), &r) != nil {
			return
		}
		taken := false
		wrong := r.take(Question{Accept: func([]byte, bool) error { taken = true; return nil }}, true)
		if taken != (wrong == nil) {
			t.Errorf("taken %v, and wrong with it: %+v", taken, wrong)
		}
		if r.Usage.in() < 0 || r.Usage.out() < 0 {
			t.Errorf("usage %+v", r.Usage)
		}
	})
}
