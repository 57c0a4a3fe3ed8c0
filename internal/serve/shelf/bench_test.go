package shelf

import (
	"context"
	"fmt"
	"testing"

	"github.com/trackscribe/trackscribe/internal/engine"
)

const many = 1000

func fill(t testing.TB) records {
	t.Helper()
	r := newRecords(t)
	for i := range many {
		id := fmt.Sprintf("rec-%04d", i)
		r.ask(id, "r1", i)
		r.publish(id, "r1", fmt.Sprint("room ", i%7), fmt.Sprint("Meeting ", i)) // no receipts: they are only listed
	}
	return r
}

func filled(t testing.TB, r records) *Shelf {
	t.Helper()
	s := newShelf(t, r.Store, nil)
	if err := s.look(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAThousandRecordings(t *testing.T) {
	t.Parallel()
	s := filled(t, fill(t))
	list, total := s.List(Query{Text: "meeting", Limit: 50, Offset: 100})
	if total != many || len(list) != 50 || list[0].ID != "rec-0899" {
		t.Errorf("%d of %d, the first is %q", len(list), total, list[0].ID)
	}
	if n := s.Counts()[engine.Succeeded]; n != many {
		t.Errorf("%d have succeeded", n)
	}
	if _, n := s.List(Query{Text: "room 3"}); n != 143 {
		t.Errorf("%d are of that room", n)
	}
}

func BenchmarkList(b *testing.B) {
	s := filled(b, fill(b))
	for b.Loop() {
		if list, _ := s.List(Query{Text: "meeting 9", Limit: 50}); len(list) != 50 {
			b.Fatal(len(list))
		}
	}
}

func BenchmarkFill(b *testing.B) {
	r := fill(b)
	for b.Loop() {
		filled(b, r)
	}
}
