package guard

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSealer(t *testing.T) {
	t.Parallel()
	c := newClock()
	s, err := newSealer("a key", c.now)
	if err != nil {
		t.Fatal(err)
	}
	want := held{Prefixes: []string{"a", "<b>"}}
	text := s.close("name", want, time.Minute)
	var got held
	if !s.open("name", text, &got) {
		t.Fatal("a seal does not open")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s.close("name", want, time.Minute) == text {
		t.Error("two seals are the same")
	}
	if s.open("other", text, &got) {
		t.Error("the seal of one cookie opens another")
	}
	if s.open("name", s.close("name", func() {}, time.Minute), &got) {
		t.Error("what cannot be written opens")
	}
	if s.open("name", s.close("name", "no session", time.Minute), &got) {
		t.Error("what is no session opens as one")
	}
	c.t = c.t.Add(time.Minute)
	if s.open("name", text, &got) {
		t.Error("a seal opens after its time")
	}
}

func FuzzOpen(f *testing.F) {
	c := newClock()
	mine, err := newSealer("a key", c.now)
	if err != nil {
		f.Fatal(err)
	}
	other, err := newSealer("another key", c.now)
	if err != nil {
		f.Fatal(err)
	}
	late := mine.close(session, held{All: true}, -time.Minute)
	for _, text := range []string{"", "AAAA", "%", late, other.close(session, held{All: true}, time.Hour), mine.close(attempt, attempted{State: "a"}, time.Hour), late + "A", late + "\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var h held
		if mine.open(session, text, &h) || h.All || h.Prefixes != nil {
			t.Errorf("%q opens as %+v", text, h)
		}
	})
}
