package artifact

// Silent reports whether nothing was said.
func (t Transcript) Silent() bool { return len(t.Words) == 0 && len(t.Segments) == 0 }
