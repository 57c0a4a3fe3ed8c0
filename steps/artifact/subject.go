package artifact

// A Subject is one of the few things that a meeting was mainly about, as a
// language model tells it.
type Subject struct {
	Title     string   `json:"title"`
	Paragraph string   `json:"paragraph"`        // in short
	Detail    string   `json:"detail,omitempty"` // at length; paragraphs are parted by empty lines
	Moments   []Moment `json:"moments"`          // what it rests on, in order of time
}
