package progress

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A Cursor is a client's place in a log.
type Cursor struct {
	next int
	// From another log of the same run: parts that were told there, and of those
	// that were being told, the last message that was. More than one can be: each
	// log may have broken off within another part.
	seen uint64
	part map[int]int
}

// cursor returns the place after the message with that id. An id that no log of
// this run has made is the beginning.
func (l *Log) cursor(id string) Cursor {
	p, ok := parseID(id)
	if !ok || p.run != l.run || p.seen>>len(l.parts) != 0 {
		return Cursor{}
	}
	for bit := range p.part {
		if bit >= len(l.parts) {
			return Cursor{}
		}
	}
	if p.epoch != l.epoch {
		return Cursor{seen: p.seen, part: p.part}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.seq >= len(l.entries) {
		return Cursor{}
	}
	return Cursor{next: p.seq + 1, seen: p.seen &^ l.before(p.seq), part: p.part}
}

// Next returns the messages after the cursor, moves it past them, and says
// whether more may come; changed is closed when some have.
func (l *Log) Next(c *Cursor) (all []Message, changed <-chan struct{}, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := c.next; i < len(l.entries); i++ {
		e := l.entries[i]
		if e.data == nil {
			continue
		}
		if e.part >= 0 {
			if nth, begun := c.part[e.part]; c.seen&(1<<e.part) != 0 || begun && e.nth <= nth {
				continue
			}
		}
		all = append(all, Message{ID: l.id(i, e, *c), Event: e.name, Data: e.data})
	}
	c.next = len(l.entries)
	return all, l.changed, !l.ended
}

// id names the place after an entry for a client with that cursor.
func (l *Log) id(i int, e entry, c Cursor) string {
	p := place{seq: i, epoch: l.epoch, seen: l.before(i) | c.seen, part: map[int]int{}, run: l.run}
	for part, nth := range c.part {
		if p.seen&(1<<part) == 0 {
			p.part[part] = nth
		}
	}
	if e.part >= 0 && !e.last {
		p.part[e.part] = e.nth
	}
	return p.String()
}

// place is what an id says.
type place struct {
	seq   int
	epoch string
	seen  uint64
	part  map[int]int // the last message told of each part that was not told whole
	run   string
}

// String is the id: "12.a1b2c3d4.7f.5-3_9-0.run".
func (p place) String() string {
	var parts []string
	for _, part := range slices.Sorted(maps.Keys(p.part)) {
		parts = append(parts, fmt.Sprintf("%d-%d", part, p.part[part]))
	}
	return fmt.Sprintf("%d.%s.%x.%s.%s", p.seq, p.epoch, p.seen, strings.Join(parts, "_"), p.run)
}

// longestID is more than any id that a log makes.
const longestID = 800

func parseID(id string) (p place, ok bool) {
	f := strings.SplitN(id, ".", 5)
	if len(f) != 5 || len(id) > longestID {
		return p, false
	}
	if p.seq, ok = number(f[0]); !ok {
		return p, false
	}
	var err error
	if p.seen, err = strconv.ParseUint(f[2], 16, 64); err != nil {
		return p, false
	}
	p.part = map[int]int{}
	if f[3] != "" {
		for one := range strings.SplitSeq(f[3], "_") {
			part, nth, _ := strings.Cut(one, "-")
			bit, ok1 := number(part)
			n, ok2 := number(nth)
			if !ok1 || !ok2 {
				return p, false
			}
			p.part[bit] = n
		}
	}
	p.epoch, p.run = f[1], f[4]
	return p, true
}

// number reads a number as ids have it.
func number(text string) (int, bool) {
	n, err := strconv.ParseUint(text, 10, 31)
	return int(n), err == nil
}
