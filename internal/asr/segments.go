package asr

import (
	"fmt"
	"strconv"
	"strings"
)

// SegmentsHeader is the HTTP header in which a client says where speech is in
// the audio that it uploads: "0.20-4.75,5.10-9.30", in seconds. Behind each
// segment may stand where in it a voice is heard: "0.20-4.75:0.40-2.10:2.35-4.45".
const SegmentsHeader = "Speech-Segments"

// maxHeader is the longest value, in bytes: servers take at least 8000.
const maxHeader = 6000

// FormatSegments writes segments as the header's value, without the voices
// where they would make it too long, and nothing where even that is too much.
func FormatSegments(list []Segment) string {
	for _, voices := range []bool{true, false} {
		var b strings.Builder
		for i, s := range list {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "%.2f-%.2f", s.Start, s.End)
			for _, v := range s.Voiced {
				if voices {
					fmt.Fprintf(&b, ":%.2f-%.2f", v.Start, v.End)
				}
			}
		}
		if b.Len() <= maxHeader {
			return b.String()
		}
	}
	return ""
}

// ParseSegments reads the header's value: segments in order of time, none
// longer than most seconds. ok is false for anything else, and for none.
func ParseSegments(v string, most float64) (list []Segment, ok bool) {
	last := 0.0
	for part := range strings.SplitSeq(v, ",") {
		whole, voices, _ := strings.Cut(part, ":")
		at, ok := parseSpan(whole)
		if !ok || at.Start < last || at.End-at.Start > most {
			return nil, false
		}
		last = at.End
		s := Segment{Start: at.Start, End: at.End}
		for voice := range strings.SplitSeq(voices, ":") {
			if voice == "" {
				continue
			}
			v, ok := parseSpan(voice)
			if !ok {
				return nil, false
			}
			s.Voiced = append(s.Voiced, v)
		}
		list = append(list, s)
	}
	return list, true
}

func parseSpan(v string) (Span, bool) {
	a, b, _ := strings.Cut(v, "-")
	from, err1 := strconv.ParseFloat(a, 64)
	to, err2 := strconv.ParseFloat(b, 64)
	return Span{from, to}, err1 == nil && err2 == nil && from >= 0 && to > from && to < 1e6
}
