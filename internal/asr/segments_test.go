package asr_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/asr"
)

func TestSegmentsHeader(t *testing.T) {
	t.Parallel()
	list := []asr.Segment{
		{Start: 0.2, End: 4.75, Voiced: []asr.Span{{Start: 0.4, End: 2.1}, {Start: 2.35, End: 4.45}}},
		{Start: 5.1, End: 9.3},
	}
	v := asr.FormatSegments(list)
	if want := "0.20-4.75:0.40-2.10:2.35-4.45,5.10-9.30"; v != want {
		t.Errorf("%q, want %q", v, want)
	}
	if got, ok := asr.ParseSegments(v, 13); !ok || !reflect.DeepEqual(got, list) {
		t.Errorf("read back %+v, %v", got, ok)
	}
	for _, v := range []string{"", "x", "1-", "2-1", "0-20", "3-4,1-2", "1-2:x", "1-2:-3", "-1-2", "NaN-1", "1-Inf"} {
		if got, ok := asr.ParseSegments(v, 13); ok {
			t.Errorf("%q is read as %+v", v, got)
		}
	}
}

// A header that is too long is shorter, and then none.
func TestSegmentsHeaderIsBounded(t *testing.T) {
	t.Parallel()
	var list []asr.Segment
	for i := range 300 {
		at := float64(10 * i)
		list = append(list, asr.Segment{Start: at, End: at + 5, Voiced: []asr.Span{{Start: at, End: at + 1}, {Start: at + 2, End: at + 4}}})
	}
	if v := asr.FormatSegments(list); v == "" || strings.Contains(v, ":") || len(v) > 6000 {
		t.Errorf("%d bytes: %.60s", len(v), v)
	}
	if v := asr.FormatSegments(append(list, list...)); v != "" {
		t.Errorf("%d bytes of what is too much", len(v))
	}
}

func FuzzParseSegments(f *testing.F) {
	f.Add("0.20-4.75:0.40-2.10:2.35-4.45,5.10-9.30")
	f.Fuzz(func(t *testing.T, v string) {
		list, ok := asr.ParseSegments(v, 13)
		last := 0.0
		for _, s := range list {
			if !ok || !(s.Start >= last && s.End > s.Start && s.End-s.Start <= 13) {
				t.Fatalf("%q: %+v after %g", v, s, last)
			}
			last = s.End
		}
	})
}
