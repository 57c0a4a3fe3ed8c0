package cut

import (
	"errors"
	"fmt"
	"io"
	"sort"

	"github.com/trackscribe/trackscribe/internal/asr"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
	"github.com/trackscribe/trackscribe/internal/audio/pad"
	"github.com/trackscribe/trackscribe/internal/audio/webm"
)

// Limits bound a chunk.
type Limits struct {
	Seconds int // of sound
	Bytes   int // of packets; the container adds little
}

// A Chunk is a part of the track to be sent at once.
type Chunk struct {
	Index  int // from 0
	Pieces []Piece
	silent int64 // samples of silence between two pieces
}

// Seconds is how long the chunk is, its pauses included.
func (c Chunk) Seconds() float64 { return float64(c.length()) / second }

func (c Chunk) length() int64 {
	n := int64(len(c.Pieces)-1) * c.silent
	for _, p := range c.Pieces {
		n += p.To - p.From
	}
	return n
}

// Start and End are where the chunk begins and ends in the track, in seconds.
func (c Chunk) Start() float64 { return float64(c.Pieces[0].From) / second }

// End is the end of the chunk's last piece.
func (c Chunk) End() float64 { return float64(c.Pieces[len(c.Pieces)-1].To) / second }

// Track maps a time of the chunk to the track's, both in seconds. What lies in
// a pause between two pieces belongs to the nearer one.
func (c Chunk) Track(t float64) float64 {
	at := int64(t*second + 0.5)
	var begin int64
	for i, p := range c.Pieces {
		n := p.To - p.From
		if at < begin+n+c.silent/2 || i == len(c.Pieces)-1 {
			return float64(p.From+min(max(at-begin, 0), n)) / second
		}
		begin += n + c.silent
	}
	return t
}

// Talk returns where somebody speaks in the chunk, in seconds of it.
func (p Plan) Talk(c Chunk) (list []asr.Segment) {
	var begin, last int64
	for _, piece := range c.Pieces {
		for i, t := range p.talk {
			if t.To <= piece.From || t.From >= piece.To {
				continue
			}
			// What a detector takes before and after speech may reach into the
			// pause before and after the piece.
			from := max(last, begin+t.From-piece.From)
			to := min(c.length(), begin+t.To-piece.From, begin+piece.To-piece.From+c.silent)
			s := asr.Segment{Start: float64(from) / second, End: float64(to) / second}
			for _, v := range p.voiced[i] {
				s.Voiced = append(s.Voiced, asr.Span{Start: float64(begin+v.From-piece.From) / second, End: float64(begin+v.To-piece.From) / second})
			}
			list, last = append(list, s), to
		}
		begin += piece.To - piece.From + c.silent
	}
	return list
}

// Chunks divides the plan's pieces into chunks. Pauses between pieces are made
// shorter where they would be more than a share of the whole.
func (p Plan) Chunks(l Limits) []Chunk {
	limit := int64(l.Seconds) * second
	var pieces []Piece
	for _, piece := range p.Pieces {
		pieces = append(pieces, p.split(piece, limit)...)
	}
	silent := p.silence(len(pieces))
	var list []Chunk
	for _, piece := range pieces {
		if n := len(list); n > 0 {
			longer := list[n-1]
			longer.Pieces = append(longer.Pieces[:len(longer.Pieces):len(longer.Pieces)], piece)
			if longer.length() <= limit {
				list[n-1] = longer
				continue
			}
		}
		list = append(list, Chunk{Index: len(list), Pieces: []Piece{piece}, silent: silent})
	}
	return list
}

// silence is how long the pauses between so many pieces are: all of them
// together at most 4 % of what sounds, but each long enough for the ends of two
// packets.
func (p Plan) silence(pieces int) int64 {
	if pieces < 2 {
		return 0
	}
	most := int64(p.Audible() * second * 4 / 100 / float64(pieces-1))
	return max(3*grid, min(pause, most/grid*grid))
}

// split cuts a piece that is longer than a chunk may be: in the last pause
// before the limit, or right there.
func (p Plan) split(piece Piece, limit int64) (list []Piece) {
	for piece.To-piece.From > limit {
		at := (piece.From + limit) / grid * grid
		i := sort.Search(len(p.Pauses), func(i int) bool { return p.Pauses[i] > at }) - 1
		if i >= 0 && p.Pauses[i] > piece.From+limit/4 {
			at = p.Pauses[i]
		}
		list = append(list, Piece{piece.From, at})
		piece.From = at
	}
	return append(list, piece)
}

// ErrTooLarge says that a chunk has more bytes than it may.
var ErrTooLarge = errors.New("the chunk is too large")

// Write copies the chunk's packets out of the padded track r, which it reads
// from its beginning to the chunk's end, into a WebM file.
func (c Chunk) Write(r io.Reader, w io.WriteSeeker, l Limits) error {
	in, err := pad.Open(r)
	if err != nil {
		return err
	}
	out := &writer{chunk: c, w: w, left: l.Bytes, head: in.Head()}
	for len(c.Pieces) > out.piece {
		pos, packet, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := out.packet(pos, packet); err != nil {
			return err
		}
	}
	return out.close()
}

// writer lays the packets of the pieces behind each other. Time in the file is
// that of the pieces; what a packet has before its piece, or behind, is not
// counted: a decoder hears it before the piece begins, as far as it lies before
// the first, and in place of the pause elsewhere.
type writer struct {
	chunk Chunk
	w     io.WriteSeeker
	head  opus.Head
	file  *webm.Writer
	left  int
	piece int   // that is being written
	pos   int64 // in the file, the pre-skip counted
	early []held
}

// held is a packet from before a piece: the decoder needs it to be right from
// the piece's first sample on.
type held struct {
	pos  int64
	data []byte
}

func (o *writer) packet(pos int64, data []byte) error {
	p := o.chunk.Pieces[o.piece]
	end := pos + int64(opus.Samples(data))
	switch {
	case end <= p.From-preRoll:
		return nil
	case end <= p.From:
		if o.piece == 0 {
			o.early = append(o.early, held{pos, append([]byte(nil), data...)})
		}
		return nil
	}
	if o.file == nil {
		if err := o.begin(pos, p); err != nil {
			return err
		}
	}
	if end >= p.To {
		defer func() { o.piece++ }()
	}
	// Silence may be much longer than what is wanted of it.
	if opus.IsSilence(data) {
		return o.silence(o.at(min(end, p.To)))
	}
	if err := o.silence(o.at(pos)); err != nil {
		return err
	}
	return o.write(data)
}

// at is where a position of the track's, in the piece that is being written or
// right before, lies in the file.
func (o *writer) at(pos int64) int64 {
	at := int64(o.head.PreSkip) + pos - o.chunk.Pieces[o.piece].From
	for _, q := range o.chunk.Pieces[:o.piece] {
		at += q.To - q.From + o.chunk.silent
	}
	return at
}

// begin makes the file, whose pre-skip hides what is before the first piece.
func (o *writer) begin(pos int64, p Piece) (err error) {
	first := min(pos, p.From)
	if len(o.early) > 0 {
		first = o.early[0].pos
	}
	o.head.PreSkip = int(p.From - first)
	if o.file, err = webm.NewWriter(o.w, webm.WriterOptions{Head: o.head}); err != nil {
		return err
	}
	for _, h := range o.early {
		if err := o.write(h.data); err != nil {
			return err
		}
	}
	o.early = nil
	return nil
}

// silence fills the file up to a position.
func (o *writer) silence(to int64) error {
	for o.pos < to {
		silence, _ := opus.NextSilence(to - o.pos)
		if silence == nil { // less than the shortest packet
			break
		}
		if err := o.write(silence); err != nil {
			return err
		}
	}
	o.pos = max(o.pos, to)
	return nil
}

func (o *writer) write(data []byte) error {
	if o.left -= len(data); o.left < 0 {
		return ErrTooLarge
	}
	if err := o.file.WritePacket(o.pos, data); err != nil {
		return err
	}
	o.pos += int64(opus.Samples(data))
	return nil
}

func (o *writer) close() error {
	if o.file == nil {
		return fmt.Errorf("chunk %d: the track has no packets there", o.chunk.Index+1)
	}
	return o.file.Close()
}
