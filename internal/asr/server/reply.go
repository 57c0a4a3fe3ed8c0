package server

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/trackscribe/trackscribe/internal/asr"
)

// number reads numbers that some servers send as strings; null is 0.
type number float64

func (n *number) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if s == "null" || s == "" {
		*n = 0
		return nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return errors.New("not a number")
	}
	*n = number(f)
	return nil
}

// wireWord is a word as servers send it: keyed "word" by most, "text" by
// others.
type wireWord struct {
	Word        *string `json:"word"`
	Text        *string `json:"text"`
	Start       *number `json:"start"`
	End         *number `json:"end"`
	Probability *number `json:"probability"`
}

func (w wireWord) text() string {
	if w.Word != nil {
		return *w.Word
	}
	if w.Text != nil {
		return *w.Text
	}
	return ""
}

// wireSegment is a stretch of the reply. The servers disagree about where words
// are: here, or at the top.
type wireSegment struct {
	Start      number     `json:"start"`
	End        number     `json:"end"`
	Text       string     `json:"text"`
	AvgLogprob *number    `json:"avg_logprob"`
	Words      []wireWord `json:"words"`
}

type wireReply struct {
	Text     string        `json:"text"`
	Duration number        `json:"duration"`
	Words    []wireWord    `json:"words"`
	Segments []wireSegment `json:"segments"`
}

// A Heard is what a server made of a chunk. Times are seconds of the chunk.
type Heard struct {
	Words []asr.Word
	// Estimated says that the server gave no times of words: they are spread
	// over what times it gave.
	Estimated bool
}

// Parse reads a reply of any of the shapes that OpenAI-compatible servers send.
// length is the chunk's, in seconds, for replies without any times.
func Parse(body []byte, length float64) (Heard, error) {
	var r wireReply
	if err := json.Unmarshal(body, &r); err != nil {
		// Asked for text, or answering with it anyway.
		if text := bytes.TrimSpace(body); len(text) > 0 && text[0] != '{' && text[0] != '[' && text[0] != '<' && utf8.Valid(text) && !bytes.ContainsAny(text[:1], `"`) {
			return Heard{Words: spread(string(text), 0, length, 1), Estimated: true}, nil
		}
		return Heard{}, err
	}
	if words := timed(r.Words, length); len(words) > 0 {
		return Heard{Words: punctuated(words, r)}, nil
	}
	var h Heard
	for _, s := range r.Segments {
		p := 1.0
		if s.AvgLogprob != nil {
			p = min(1, math.Exp(float64(*s.AvgLogprob)))
		}
		if words := timed(s.Words, length); len(words) > 0 {
			h.Words = append(h.Words, words...)
			continue
		}
		if strings.TrimSpace(s.Text) != "" {
			h.Words = append(h.Words, spread(s.Text, within(float64(s.Start), length), within(float64(s.End), length), p)...)
			h.Estimated = true
		}
	}
	if len(h.Words) == 0 && strings.TrimSpace(r.Text) != "" {
		return Heard{Words: spread(r.Text, 0, length, 1), Estimated: true}, nil
	}
	sortWords(h.Words)
	return h, nil
}

// timed reads words with times. Pieces of words are joined: where some begin
// with a space, one that does not goes on with the word before it.
func timed(list []wireWord, length float64) []asr.Word {
	tokens := slices.ContainsFunc(list, func(w wireWord) bool { return strings.HasPrefix(w.text(), " ") }) &&
		!slices.ContainsFunc(list, func(w wireWord) bool { return strings.HasSuffix(w.text(), " ") })
	var out []asr.Word
	for _, w := range list {
		text := strings.TrimSpace(w.text())
		if text == "" || w.Start == nil || w.End == nil || strings.HasPrefix(text, "[_") {
			continue // a mark such as [_BEG_] is no word
		}
		p := 1.0
		if w.Probability != nil {
			p = min(max(float64(*w.Probability), 0), 1)
		}
		start, end := within(float64(*w.Start), length), within(float64(*w.End), length)
		if n := len(out); tokens && n > 0 && !strings.HasPrefix(w.text(), " ") {
			out[n-1].Text += text
			out[n-1].End = max(out[n-1].End, end)
			out[n-1].Probability = min(out[n-1].Probability, p)
			continue
		}
		for i, part := range strings.Fields(text) { // some send phrases
			n := float64(len(strings.Fields(text)))
			out = append(out, asr.Word{
				Text: part, Start: start + (end-start)*float64(i)/n, End: start + (end-start)*float64(i+1)/n, Probability: p,
			})
		}
	}
	sortWords(out)
	return out
}

// punctuated takes the punctuation of the text, where the words have none: as
// OpenAI's own server sends them.
func punctuated(words []asr.Word, r wireReply) []asr.Word {
	text := r.Text
	if text == "" {
		for _, s := range r.Segments {
			text += " " + s.Text
		}
	}
	fields := strings.Fields(text)
	if len(fields) != len(words) {
		return words
	}
	for i, f := range fields {
		if bare(f) != bare(words[i].Text) {
			return words
		}
	}
	for i := range words {
		words[i].Text = fields[i]
	}
	return words
}

func bare(s string) string {
	return strings.ToLower(strings.Trim(s, ".,;:!?\"'()[]…-–—"))
}

// spread gives the words of a text times: each as much as its letters' share.
func spread(text string, from, to, p float64) []asr.Word {
	fields := strings.Fields(text)
	var letters int
	for _, f := range fields {
		letters += utf8.RuneCountInString(f) + 1
	}
	to = max(to, from)
	var out []asr.Word
	at := 0
	for _, f := range fields {
		n := utf8.RuneCountInString(f) + 1
		out = append(out, asr.Word{
			Text: f, Probability: p,
			Start: from + (to-from)*float64(at)/float64(letters), End: from + (to-from)*float64(at+n-1)/float64(letters),
		})
		at += n
	}
	return out
}

// within keeps a time inside the chunk.
func within(t, length float64) float64 { return min(max(t, 0), length) }

func sortWords(words []asr.Word) {
	slices.SortStableFunc(words, func(a, b asr.Word) int { return cmp.Compare(a.Start, b.Start) })
	for i := range words {
		words[i].End = max(words[i].End, words[i].Start)
	}
}
