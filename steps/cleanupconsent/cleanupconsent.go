// Package cleanupconsent is the step that deletes the audio of a recording
// when somebody did not agree to it being kept: the raw tracks at the source,
// and whatever can be heard in the store, at every version.
//
// It promises that nothing is deleted unless a denial was read and understood,
// or nobody decided and the policy says so; that nothing is deleted under a run
// that still reads it; that it can be cut short anywhere and goes on; and that
// the audio counts as deleted only when nobody finds any.
package cleanupconsent

import (
	"context"
	"io"
	"time"

	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// A Place holds files of the recording.
type Place interface {
	// Left lists those that there are, at whatever version.
	Left(ctx context.Context) ([]string, error)
	// Erase removes one of them for good. One that is absent is no error.
	Erase(ctx context.Context, name string) error
}

// A Register knows decisions.
type Register interface {
	// Name says what it is: "consent.json in the store".
	Name() string
	// Decisions returns a document as [artifact.ConsentDecisions], or nil when
	// there is none.
	Decisions(ctx context.Context) ([]byte, error)
}

// Runs knows the other runs of the recording.
type Runs interface {
	// Reading returns the id of one that has not ended and may still read the
	// audio; "": none.
	Reading(ctx context.Context, except string) (run string, err error)
	// Elsewhere returns how many other places runs read the tracks from, that
	// are neither the given run's source nor in the store.
	Elsewhere(ctx context.Context, of string) (int, error)
}

// A Result is the recording's published result.
type Result interface {
	// Index reads result.json; ok is false when there is none.
	Index(ctx context.Context) (r artifact.Result, ok bool, err error)
	// SetIndex replaces it. Forget removes its former versions too.
	SetIndex(ctx context.Context, r artifact.Result, forget bool) error
	// Publish puts a file of the result in its place, whole or not at all.
	Publish(ctx context.Context, name, mediaType string, r io.Reader) error
}

// Outside is what the step needs of the world, for one recording.
type Outside struct {
	Registers []Register
	// Audio is what can be heard: the store's first, the source's last, so that
	// as long as anything is missing the work could be done again.
	Audio   []Place
	Text    Place // what was written of it, except what a run needs to be known
	Result  Result
	Runs    Runs
	Effects steps.Documents
	Now     func() time.Time
}

// In is what the step reads. The result's index is only waited for: what is
// published counts.
type In struct {
	Result     steps.Input  `in:"result" doc:"the finished result"`
	Page       *steps.Input `in:"page" doc:"the page for people, without a player"`
	Missing    string       `param:"consent-missing" default:"keep" enum:"keep,delete" doc:"what happens to the audio without any decision"`
	Transcript string       `param:"consent-transcript" default:"keep" enum:"keep,delete" doc:"what happens to the transcript when the audio is deleted"`
}

// Out is what the step writes: nothing but its effect.
type Out struct{}

// Why the step had nothing to do.
const (
	Undecided = "nobody decided on consent, and the audio is kept then"
	Agreed    = "everybody who decided consented"
)

// remove is the policy to delete.
const remove = "delete"

// Spec declares the step.
var Spec = steps.Declare[In, Out](steps.Spec{
	Name:       "cleanup-consent",
	Version:    "2",
	Summary:    "delete the audio if a participant did not consent",
	SideEffect: true,
	Needs: []steps.Need{
		{Name: "store", Doc: "to read consent.json and to delete audio, all versions of it"},
		{Name: "source", Doc: "to delete the raw tracks"},
		{Name: "daily", Doc: "the account at Daily, for its recordings"},
		{Name: "consent", Doc: "the endpoint that knows decisions"},
	},
})

// New returns the step.
func New(o Outside) steps.Step {
	return steps.New(Spec, func(ctx context.Context, job *steps.Job, in In) (Out, error) {
		t := tally{}
		for _, r := range o.Registers {
			b, err := r.Decisions(ctx)
			if err != nil {
				return Out{}, err
			}
			if b == nil {
				continue
			}
			one, err := read(r.Name(), b)
			if err != nil {
				return Out{}, err
			}
			t.decisions, t.denials = t.decisions+one.decisions, t.denials+one.denials
		}
		reason := ""
		switch {
		case t.denials > 0:
			reason = Denied
		case t.decisions > 0:
			return Out{}, steps.Skip(Agreed)
		case in.Missing != remove:
			return Out{}, steps.Skip(Undecided)
		default:
			reason = Missing
		}
		c := &cleaner{Outside: o, job: job, in: in, tally: t, reason: reason}
		return Out{}, c.run(ctx)
	})
}
