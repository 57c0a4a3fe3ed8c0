package steps

import (
	"errors"
	"fmt"
	"time"
)

// A Class says what to do about a failed step. It is also the step binary's
// exit code.
type Class int

// The classes of failure.
const (
	Misuse    Class = 64 // asked for something that cannot be: never retried
	Permanent Class = 65 // bad data: never retried
	Transient Class = 75 // may work the next time: retried by the graph's policy
)

// String names the class for people and receipts.
func (c Class) String() string {
	switch c {
	case Misuse:
		return "misuse"
	case Permanent:
		return "permanent"
	case Transient:
		return "transient"
	default:
		return fmt.Sprintf("class %d", int(c))
	}
}

// Label names the class for those who count: what is no class is "unknown",
// whatever its number.
func (c Class) Label() string {
	if ParseClass(c.String()) == 0 {
		return "unknown"
	}
	return c.String()
}

// ParseClass is the class of that name; 0: none has it.
func ParseClass(name string) Class {
	for _, c := range []Class{Misuse, Permanent, Transient} {
		if c.String() == name {
			return c
		}
	}
	return 0
}

// An Error is a failure whose class its maker knows.
type Error struct {
	Class Class
	Err   error
	Tip   string // what to do about it, for people; may be empty
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Hint tells people what to do next; empty when there is nothing to say.
func (e *Error) Hint() string { return e.Tip }

// Bad returns a permanent failure: this input will never work.
func Bad(hint, format string, args ...any) error {
	return &Error{Class: Permanent, Err: fmt.Errorf(format, args...), Tip: hint}
}

// Wrong returns a misuse: the caller asked for something that cannot be.
func Wrong(hint, format string, args ...any) error {
	return &Error{Class: Misuse, Err: fmt.Errorf(format, args...), Tip: hint}
}

// A Classifier is an error that knows its class; adapters implement it so that
// the decision stands in one place per kind of failure.
type Classifier interface{ Class() Class }

// Classify decides, once for every engine, what kind of failure err is. What
// nobody vouches for is transient: a wrong retry costs time, a wrong refusal a
// recording.
func Classify(err error) Class {
	var own *Error
	if errors.As(err, &own) {
		return own.Class
	}
	var c Classifier
	if errors.As(err, &c) {
		return c.Class()
	}
	var p interface{ Permanent() bool }
	if errors.As(err, &p) && p.Permanent() {
		return Permanent
	}
	return Transient
}

// Hint returns what the innermost error that has advice says to do next.
func Hint(err error) string {
	hint := ""
	for err != nil {
		if h, ok := err.(interface{ Hint() string }); ok && h.Hint() != "" {
			hint = h.Hint()
		}
		if many, ok := err.(interface{ Unwrap() []error }); ok {
			for _, e := range many.Unwrap() {
				if h := Hint(e); h != "" {
					return h
				}
			}
			return hint
		}
		err = errors.Unwrap(err)
	}
	return hint
}

// RetryAfter returns how long the service that failed asks to be left alone; 0
// when it does not say. Whoever ends the attempt waits that long, so that the
// next one, whoever starts it, does not come too early.
func RetryAfter(err error) time.Duration {
	var r interface{ RetryAfter() time.Duration }
	if errors.As(err, &r) {
		return r.RetryAfter()
	}
	return 0
}

// skipped is the error value of a step that had nothing to do.
type skipped struct{ reason string }

func (s skipped) Error() string { return "skipped: " + s.reason }

// Skip returns the value with which a step says that it did nothing, and why.
// It is not a failure: the receipt records the reason.
func Skip(reason string) error { return skipped{reason} }

// SkipReason reports whether err says that a step was skipped, and why.
func SkipReason(err error) (string, bool) {
	var s skipped
	ok := errors.As(err, &s)
	return s.reason, ok
}
