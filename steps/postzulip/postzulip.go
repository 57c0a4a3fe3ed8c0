// Package postzulip is the step that tells a Zulip channel about a finished
// result. A recording has one message: whoever processes it again changes that
// message instead of posting another. One that has vanished, or that may not be
// changed any longer, is posted anew.
//
// Before a message is posted it is written down that one will be. So an attempt
// that does not learn what became of its message leaves the next one looking
// for it, instead of posting twice.
package postzulip

import (
	"context"
	"errors"

	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// A Place is a topic of a channel of a server.
type Place struct{ Server, Channel, Topic string }

// What may have become of a message since it was posted.
var (
	ErrGone  = errors.New("the message is gone")
	ErrFixed = errors.New("the message may not be changed any longer")
)

// A Server takes messages for one place.
type Server interface {
	Place() Place
	// Post writes a new message, in Zulip's Markdown, and returns its id.
	Post(ctx context.Context, content string) (id int64, err error)
	// Update changes a message; [ErrGone] when there is none of that id,
	// [ErrFixed] when it is too old.
	Update(ctx context.Context, id int64, content string) error
	// Find returns the id of the latest own message with a line of that text; 0
	// when there is none.
	Find(ctx context.Context, line string) (id int64, err error)
}

// In is what the step reads. The documents are opened late: where consent says
// so they are gone.
type In struct {
	Result  steps.Input  `in:"result" doc:"the finished result"`
	Topics  *steps.Input `in:"topics" doc:"what it was about"`
	Summary *steps.Input `in:"summary" doc:"highlights, action items, decisions"`
}

// Out is what the step writes: nothing but its effect.
type Out struct{}

// Why the step has nothing to do.
const (
	Unconfigured = "Zulip is not configured"
	textGone     = "the transcript was deleted: somebody did not consent"
)

// Spec declares the step.
var Spec = steps.Declare[In, Out](steps.Spec{
	Name:       "post-zulip",
	Version:    "2",
	Summary:    "post the title and summary to Zulip",
	SideEffect: true,
	Needs: []steps.Need{
		{Name: "zulip", Doc: "the Zulip server"},
		{Name: "store", Doc: "to remember the message"},
	},
})

// New returns the step. Without a server it has nothing to do. link returns the
// address of a recording's page, or "".
func New(server Server, effects steps.Documents, link func(recording string) string) steps.Step {
	return steps.New(Spec, func(ctx context.Context, job *steps.Job, in In) (Out, error) {
		if server == nil {
			return Out{}, steps.Skip(Unconfigured)
		}
		var cleanup artifact.Cleanup
		if _, err := effects.Load(ctx, artifact.CleanupEffect, &cleanup); err != nil {
			return Out{}, err
		}
		if cleanup.TextGone {
			return Out{}, steps.Skip(textGone)
		}
		c := content{link: link(job.Recording)}
		if err := c.read(ctx, in); err != nil {
			return Out{}, err
		}
		p := poster{server: server, effects: effects, job: job}
		err := p.tell(ctx, c.message(), mark(job.Recording))
		job.Used("zulip", steps.Usage{Calls: p.calls})
		return Out{}, err
	})
}

func (c *content) read(ctx context.Context, in In) error {
	if err := in.Result.Decode(ctx, &c.result); err != nil {
		return err
	}
	if in.Topics != nil {
		c.topics = &artifact.Topics{}
		if err := in.Topics.Decode(ctx, c.topics); err != nil {
			return err
		}
	}
	if in.Summary != nil {
		c.summary = &artifact.Summary{}
		return in.Summary.Decode(ctx, c.summary)
	}
	return nil
}

// poster sees to it that there is one message, and that it is up to date.
type poster struct {
	server  Server
	effects steps.Documents
	job     *steps.Job
	calls   int
}

func (p *poster) tell(ctx context.Context, text, line string) error {
	place := p.server.Place()
	var last artifact.Post
	if _, err := p.effects.Load(ctx, Spec.Name, &last); err != nil {
		return err
	}
	now := artifact.Post{Run: p.job.Run, Server: place.Server, Channel: place.Channel, Topic: place.Topic}
	if last.Server != now.Server || last.Channel != now.Channel || last.Topic != now.Topic {
		last = artifact.Post{} // in another place there is another message
	}
	if last.MessageID == 0 && last.Posting {
		var err error
		p.calls++
		if last.MessageID, err = p.server.Find(ctx, line); err != nil {
			return err
		}
	}
	if last.MessageID != 0 {
		p.calls++
		err := p.server.Update(ctx, last.MessageID, text)
		if err == nil {
			now.MessageID, now.Updates = last.MessageID, last.Updates+1
			return p.effects.Save(ctx, Spec.Name, now)
		}
		if !errors.Is(err, ErrGone) && !errors.Is(err, ErrFixed) {
			return err
		}
	}
	now.Posting = true
	if err := p.effects.Save(ctx, Spec.Name, now); err != nil {
		return err
	}
	p.calls++
	id, err := p.server.Post(ctx, text)
	if err != nil {
		return err
	}
	now.Posting, now.MessageID = false, id
	return p.effects.Save(ctx, Spec.Name, now)
}
