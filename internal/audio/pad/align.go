package pad

import (
	"slices"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
)

// All lengths here are samples of the 48 kHz clock.
const (
	// window is how many packets are looked at before one is placed. Jitter
	// evens out within it, a pause does not.
	window = 25
	// minGap is the shortest pause that is filled: a lost packet of 10 ms must
	// count although recorders round their time stamps to milliseconds.
	minGap = 360
	// maxEarly is how far packets may lie before their place (a source clock
	// that runs slow, or packets that were written twice) until one is dropped.
	maxEarly = 1920
	// skew is how early packets can be for the source's clock to be blamed;
	// beyond, stretches overlap.
	skew = 5760
	// freeOverlap is how much may be dropped before the time stamps are taken
	// to be wrong rather than the packets: they are kept then, one after the
	// other.
	freeOverlap = 10 * audio.SampleRate
	// glitch is how near the true clock must be for a source that had jumped
	// back to be taken to have returned.
	glitch = audio.SampleRate
	// listedGap is the shortest pause that the timeline lists.
	listedGap = audio.SampleRate
)

// slot is a packet in the window.
type slot struct {
	at   int64 // where its time stamp puts it
	n    int64
	data []byte // owned by the slot and used again
}

// A sink takes what the aligner places. Positions are samples from the
// recording's start.
type sink interface {
	// begin is called once, before the first packet: lead is where the track's
	// first sample lies; it may be a little below 0.
	begin(lead int64) error
	// packet appends a packet at pos, which is the end of the one before.
	packet(pos int64, data []byte) error
	// silence appends n samples, a multiple of 120.
	silence(pos, n int64) error
}

// An aligner turns packets with time stamps into packets without gaps. It
// counts on one absolute clock, so that no error adds up.
type aligner struct {
	out sink
	max int64 // no packet may end beyond

	slots [window]slot // the window is slots[:held]
	held  int

	begun   bool
	pos     int64 // end of what was placed
	shift   int64 // added to time stamps after they had jumped back
	overlap bool  // dropping until an overlap is over

	packets  int
	dropped  int
	droppedN int64
	rebased  int
	gaps     []span
	gapCount int
	gapN     int64
	drift    int64
}

type span struct{ at, n int64 }

// add takes the next packet of the source; data may change afterwards.
func (a *aligner) add(at int64, data []byte) error {
	n := opus.Samples(data)
	if n == 0 || len(data) > opus.MaxPacketBytes {
		a.dropped++
		return nil
	}
	if a.held == window {
		if err := a.place(); err != nil {
			return err
		}
	}
	s := &a.slots[a.held]
	s.at, s.n = at, int64(n)
	s.data = append(s.data[:0], data...)
	a.held++
	return nil
}

// finish places what is left.
func (a *aligner) finish() error {
	for a.held > 0 {
		if err := a.place(); err != nil {
			return err
		}
	}
	return nil
}

// place takes at least one packet out of the window: it places or drops it.
func (a *aligner) place() error {
	if !a.begun {
		if s := &a.slots[0]; s.at+s.n <= 0 { // before the recording's start
			a.drop(0)
			return nil
		}
		if err := a.begin(); err != nil {
			return err
		}
	}
	off := a.slots[0].at + a.shift - a.pos
	if off >= minGap {
		if err := a.fill(off); err != nil {
			return err
		}
	}
	if (off <= -maxEarly || a.overlap) && a.early() {
		return nil
	}
	s := &a.slots[0]
	if a.pos+s.n > a.max {
		return audio.ErrTooLong
	}
	a.drift = max(a.drift, s.at-a.pos, a.pos-s.at)
	if err := a.out.packet(a.pos, s.data); err != nil {
		return err
	}
	a.pos += s.n
	a.packets++
	a.remove(0)
	return nil
}

// begin finds where the track starts: at its first packet, unless that one's
// time stamp stands out from those after it.
func (a *aligner) begin() error {
	lead := a.slots[0].at
	if low, _ := a.offsets(); lead-low > maxEarly {
		lead = max(low, 0)
	}
	if lead > a.max {
		return audio.ErrTooLong
	}
	a.begun = true
	a.pos = lead
	return a.out.begin(lead)
}

// fill puts silence before the first packet of the window, which is off later
// than its place, if those after it are late too.
func (a *aligner) fill(off int64) error {
	low, _ := a.offsets()
	gap := min(off, low)
	if a.shift != 0 && gap-a.shift >= -maxEarly && gap-a.shift <= glitch {
		// The source's clock is back from its jump.
		gap -= a.shift
		a.shift = 0
	}
	if gap < minGap {
		return nil
	}
	gap = (gap + opus.SilenceStep/2) / opus.SilenceStep * opus.SilenceStep
	if a.pos+gap > a.max {
		return audio.ErrTooLong
	}
	a.gapCount++
	a.gapN += gap
	if gap >= listedGap {
		a.gaps = append(a.gaps, span{a.pos, gap})
	}
	err := a.out.silence(a.pos, gap)
	a.pos += gap
	return err
}

// early deals with packets that lie before their place; it reports whether it
// dropped one.
func (a *aligner) early() bool {
	_, high := a.offsets()
	limit := int64(-maxEarly)
	if a.overlap {
		limit = -maxEarly / 4
	}
	if high > limit {
		a.overlap = false
		return false
	}
	if -high > freeOverlap+a.pos/50-a.droppedN {
		// Dropping that much would lose speech for the sake of time stamps
		// that cannot be right.
		a.shift -= high
		a.rebased++
		a.overlap = false
		return false
	}
	if -high > skew {
		a.overlap = true
	}
	if a.overlap {
		a.drop(0)
		return true
	}
	// A slow clock: the smallest packet is the one that is missed least.
	small := 0
	for i := range a.held {
		if len(a.slots[i].data) < len(a.slots[small].data) {
			small = i
		}
	}
	a.drop(small)
	return true
}

// offsets returns how far the window's packets lie after their places if all
// are put one after the other: nearly the lowest and nearly the highest, as one
// packet in ten may have a time stamp that makes no sense.
func (a *aligner) offsets() (low, high int64) {
	var off [window]int64
	q := a.pos
	for i := range a.held {
		off[i] = a.slots[i].at + a.shift - q
		q += a.slots[i].n
	}
	sorted := off[:a.held]
	slices.Sort(sorted)
	k := a.held / 10
	return sorted[k], sorted[a.held-1-k]
}

// drop leaves packet i of the window out.
func (a *aligner) drop(i int) {
	a.dropped++
	a.droppedN += a.slots[i].n
	a.remove(i)
}

// remove takes packet i out of the window and keeps its memory.
func (a *aligner) remove(i int) {
	s := a.slots[i]
	copy(a.slots[i:a.held], a.slots[i+1:a.held])
	a.held--
	a.slots[a.held] = s
}
