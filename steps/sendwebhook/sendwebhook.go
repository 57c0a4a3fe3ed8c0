// Package sendwebhook is the step that tells another system about a finished
// result. A run has one event, with one id in all attempts; what came of each
// attempt is on the result.
package sendwebhook

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"time"

	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// Event is what the receiver is told of.
const Event = "transcript.completed"

// A Receiver is who is told.
type Receiver interface {
	// Host names the receiver without anything that could be secret.
	Host() string
	// Now is the clock that events and deliveries are dated by, in UTC.
	Now() time.Time
	// Deliver makes one attempt, number 0 being the first. It says how that
	// went also when it fails.
	Deliver(ctx context.Context, event string, attempt int, body []byte) (artifact.Delivery, error)
}

// In is what the step reads. The documents are opened late: where consent says
// so they are gone.
type In struct {
	Result     steps.Input  `in:"result" doc:"the finished result"`
	Transcript *steps.Input `in:"transcript" doc:"who said what"`
	VTT        *steps.Input `in:"vtt" doc:"the transcript as WebVTT"`
	Topics     *steps.Input `in:"topics" doc:"what it was about"`
	Summary    *steps.Input `in:"summary" doc:"highlights, action items, decisions"`
}

// Out is what the step writes: nothing but its effect.
type Out struct{}

// Why the step has nothing to do.
const (
	Unconfigured = "no webhook is configured"
	delivered    = "the event was delivered before"
	textGone     = "the transcript was deleted: somebody did not consent"
)

// Spec declares the step.
var Spec = steps.Declare[In, Out](steps.Spec{
	Name:       "send-webhook",
	Version:    "2",
	Summary:    "send the result to a webhook",
	SideEffect: true,
	Needs: []steps.Need{
		{Name: "webhook", Doc: "the receiver"},
		{Name: "store", Doc: "to log the deliveries"},
	},
})

// New returns the step. Without a receiver it has nothing to do. link returns
// the address of a recording's page, or "".
func New(receiver Receiver, effects steps.Documents, link func(recording string) string) steps.Step {
	return steps.New(Spec, func(ctx context.Context, job *steps.Job, in In) (Out, error) {
		if receiver == nil {
			return Out{}, steps.Skip(Unconfigured)
		}
		var cleanup artifact.Cleanup
		if _, err := effects.Load(ctx, artifact.CleanupEffect, &cleanup); err != nil {
			return Out{}, err
		}
		if cleanup.TextGone {
			return Out{}, steps.Skip(textGone)
		}
		id := eventID(job.Recording, job.Run)
		var log artifact.Deliveries
		known, err := effects.Load(ctx, Spec.Name, &log)
		if err != nil {
			return Out{}, err
		}
		if !known || log.EventID != id {
			log = artifact.Deliveries{
				Run: job.Run, Event: Event, EventID: id, Host: receiver.Host(), Created: receiver.Now().Format(time.RFC3339), Deliveries: []artifact.Delivery{},
			}
		}
		if log.Delivered {
			return Out{}, steps.Skip(delivered)
		}
		c := content{link: link(job.Recording), audioGone: cleanup.AudioGone}
		if err := c.read(ctx, in); err != nil {
			return Out{}, err
		}
		body, err := payload(c, log)
		if err != nil {
			return Out{}, err
		}
		d, failed := receiver.Deliver(ctx, Event, len(log.Deliveries), body)
		if ctx.Err() != nil {
			return Out{}, ctx.Err()
		}
		log.Deliveries, log.Delivered = append(log.Deliveries, d), failed == nil
		if err := effects.Save(ctx, Spec.Name, log); err != nil && failed == nil {
			return Out{}, err
		}
		job.Used("webhook", steps.Usage{Calls: 1, Bytes: int64(len(body))})
		return Out{}, failed
	})
}

// eventID is the same for all attempts of a run, and for nothing else.
func eventID(recording, run string) string {
	h := sha256.Sum256([]byte(Event + "\n" + recording + "\n" + run))
	return hex.EncodeToString(h[:16])
}

// content is what the event tells.
type content struct {
	result     artifact.Result
	transcript *artifact.Transcript
	vtt        string
	topics     *artifact.Topics
	summary    *artifact.Summary
	link       string // page of the recording, or ""
	audioGone  bool
}

func (c *content) read(ctx context.Context, in In) (err error) {
	if err = in.Result.Decode(ctx, &c.result); err != nil {
		return err
	}
	if c.transcript, err = optional[artifact.Transcript](ctx, in.Transcript); err != nil {
		return err
	}
	if c.topics, err = optional[artifact.Topics](ctx, in.Topics); err != nil {
		return err
	}
	if c.summary, err = optional[artifact.Summary](ctx, in.Summary); err != nil || in.VTT == nil {
		return err
	}
	r, err := in.VTT.Open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	c.vtt = string(b)
	return err
}

// optional reads a document that need not be there.
func optional[T any](ctx context.Context, in *steps.Input) (*T, error) {
	if in == nil {
		return nil, nil //nolint:nilnil // nothing is a value here
	}
	v := new(T)
	return v, in.Decode(ctx, v)
}
