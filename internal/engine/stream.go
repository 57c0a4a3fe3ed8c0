package engine

import (
	"context"
	"iter"
)

// An Item is one element of a sequence.
type Item[T any] struct {
	Value T
	Err   error
}

// Stream runs a sequence in a goroutine of its own, to wait for it beside other
// things. The channel is closed at the sequence's end, or soon after ctx is
// done.
func Stream[T any](ctx context.Context, seq iter.Seq2[T, error]) <-chan Item[T] {
	out := make(chan Item[T])
	go func() {
		defer close(out)
		for v, err := range seq {
			select {
			case out <- Item[T]{v, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}
