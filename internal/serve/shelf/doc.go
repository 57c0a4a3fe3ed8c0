// Package shelf knows all recordings of a store well enough to list, filter and
// search them at once.
//
// It promises: what it tells comes from the store alone and is a copy that may
// be seconds old; whoever needs the truth about one recording has it read anew.
// A thousand recordings take about a megabyte.
package shelf
