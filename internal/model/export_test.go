package model

// Tests fetch a model of a few bytes: nothing but the real weights has the
// pinned hashes.
var (
	FetchFiles = fetch
	CheckFiles = check
)
