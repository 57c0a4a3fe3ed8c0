// Package wer measures a transcript against a reference: the word error rate
// and which words correspond, so that their times can be compared.
//
// It promises that texts that are read aloud alike compare as equal: case,
// punctuation and the way numbers, currencies and a few titles are written do
// not count. It is for tests; it does not judge punctuation or meaning.
package wer

// A Kind is what happened to a word.
type Kind int

const (
	Equal      Kind = iota // same word on both sides
	Substitute             // another word
	Delete                 // in the reference only
	Insert                 // in the hypothesis only
)

// An Op is one step of an alignment. Ref and Hyp are indexes of words; -1
// where that side has none.
type Op struct {
	Kind Kind
	Ref  int
	Hyp  int
}

// A Count counts errors.
type Count struct {
	Words         int // of the reference
	Substitutions int
	Deletions     int
	Insertions    int
}

// Errors returns how many words are wrong, missing or too many.
func (c Count) Errors() int { return c.Substitutions + c.Deletions + c.Insertions }

// Rate returns errors per word of the reference: 0 is perfect, more than 1 is
// possible. Without a reference it is 0 for no words and 1 otherwise.
func (c Count) Rate() float64 {
	if c.Words == 0 {
		if c.Insertions > 0 {
			return 1
		}
		return 0
	}
	return float64(c.Errors()) / float64(c.Words)
}

// Plus returns the sum of two counts.
func (c Count) Plus(o Count) Count {
	return Count{c.Words + o.Words, c.Substitutions + o.Substitutions, c.Deletions + o.Deletions, c.Insertions + o.Insertions}
}

// Rate returns the word error rate of a text against a reference text, both
// normalised.
func Rate(ref, hyp string) float64 { return Measure(Normalise(ref), Normalise(hyp)).Rate() }

// Measure counts the errors of normalised words.
func Measure(ref, hyp []string) Count {
	c := Count{Words: len(ref)}
	for _, op := range Align(ref, hyp) {
		switch op.Kind {
		case Substitute:
			c.Substitutions++
		case Delete:
			c.Deletions++
		case Insert:
			c.Insertions++
		}
	}
	return c
}

// Speakers measures each speaker's text and all together. A speaker that only
// one side has counts with all their words.
func Speakers(ref, hyp map[string]string) (map[string]Count, Count) {
	by, total := map[string]Count{}, Count{}
	for speaker, text := range ref {
		by[speaker] = Measure(Normalise(text), Normalise(hyp[speaker]))
	}
	for speaker, text := range hyp {
		if _, ok := ref[speaker]; !ok {
			by[speaker] = Measure(nil, Normalise(text))
		}
	}
	for _, c := range by {
		total = total.Plus(c)
	}
	return by, total
}

// Align returns the cheapest way to turn ref into hyp, in order; every word of
// both is in exactly one op. Of equally cheap ways it takes the one that keeps
// words in pairs. It needs time and memory in proportion to len(ref)·len(hyp):
// a byte each, so 10,000 words against 10,000 take 100 MB.
func Align(ref, hyp []string) []Op {
	n, m := len(ref), len(hyp)
	from := make([]uint8, (n+1)*(m+1))
	row := make([]int32, m+1)
	for j := 1; j <= m; j++ {
		row[j] = int32(j)
		from[j] = uint8(Insert)
	}
	for i := 1; i <= n; i++ {
		diagonal := row[0]
		row[0] = int32(i)
		from[i*(m+1)] = uint8(Delete)
		for j := 1; j <= m; j++ {
			cost, kind := diagonal, Equal
			if ref[i-1] != hyp[j-1] {
				cost, kind = diagonal+1, Substitute
			}
			diagonal = row[j]
			if row[j]+1 < cost {
				cost, kind = row[j]+1, Delete
			}
			if row[j-1]+1 < cost {
				cost, kind = row[j-1]+1, Insert
			}
			row[j] = cost
			from[i*(m+1)+j] = uint8(kind)
		}
	}
	var ops []Op
	for i, j := n, m; i > 0 || j > 0; {
		op := Op{Kind: Kind(from[i*(m+1)+j]), Ref: i - 1, Hyp: j - 1}
		switch op.Kind {
		case Delete:
			op.Hyp = -1
			i--
		case Insert:
			op.Ref = -1
			j--
		default:
			i--
			j--
		}
		ops = append(ops, op)
	}
	for a, b := 0, len(ops)-1; a < b; a, b = a+1, b-1 {
		ops[a], ops[b] = ops[b], ops[a]
	}
	return ops
}
