// Package notice tells a Zulip channel that a run failed.
//
// It promises: at most one message per run, whoever asks for it and however
// often, across processes and restarts. Before a message is posted the run is
// claimed in the store. A claim is given back only where it is clear that no
// message was made, so a message of which nobody knows what became is not posted
// again. What steps and servers said is shown as text and nothing but text.
//
// A nil [*Notifier] tells nobody.
package notice

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/trackscribe/trackscribe/internal/remote"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/zulip/markdown"
	"github.com/trackscribe/trackscribe/steps"
)

// patience bounds what is done after a run was claimed. It is finished even
// while the process stops: a claim that is left behind is a message that is
// never posted.
const patience = 20 * time.Second

// A Poster posts a message in Zulip's Markdown, in one request.
type Poster interface {
	Post(ctx context.Context, content string) (id int64, err error)
}

// Options say where claims lie and who is told.
type Options struct {
	Store store.Store
	Zulip Poster // nil: nobody is told
	UI    string // address of the pages; empty: no link
}

// A Notifier tells of failed runs. It may be used from many goroutines.
type Notifier struct{ opt Options }

// New returns a notifier; nil where nobody is to be told.
func New(o Options) *Notifier {
	if o.Zulip == nil {
		return nil
	}
	return &Notifier{opt: o}
}

// claim is what lies in the store of a notice.
type claim struct {
	By      string `json:"by"` // chance, to know one's own claim again
	Message int64  `json:"message,omitempty"`
}

// Key is where it lies that people were told of a run.
func Key(recording, id string) string { return run.Runs(recording) + id + "/notice.json" }

// Failed tells that a run failed: at which step, which may be empty, why, and
// what to do about it. It returns nil also where people have been told before.
func (n *Notifier) Failed(ctx context.Context, recording, id, step, text, hint string) error {
	if n == nil {
		return nil
	}
	if err := errors.Join(run.CheckID("recording", recording), run.CheckID("run", id)); err != nil {
		return err
	}
	key, mine := Key(recording, id), claim{By: rand.Text()}
	if ok, err := n.take(ctx, key, mine); !ok {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	var err error
	mine.Message, err = n.opt.Zulip.Post(ctx, n.message(recording, id, step, text, hint))
	switch {
	case err == nil:
		// For people who look for it; the claim holds without it.
		_, _ = store.PutJSON(ctx, n.opt.Store, key, mine, store.PutOptions{})
		return nil
	case !unmade(err):
		return fmt.Errorf("tell of the failure, perhaps told: %w", err)
	}
	// The time that the post took is not taken from giving back.
	free, stop := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer stop()
	if gone := n.opt.Store.Delete(free, key); gone != nil {
		err = errors.Join(err, fmt.Errorf("give the notice back: %w", gone))
	}
	return fmt.Errorf("tell of the failure: %w", err)
}

// take claims the notice; ok says that it is ours. A store whose answer was lost
// may say no to the one that has it, so what lies there is looked at.
func (n *Notifier) take(ctx context.Context, key string, mine claim) (ok bool, err error) {
	_, err = store.PutJSON(ctx, n.opt.Store, key, mine, store.PutOptions{IfAbsent: true})
	if err == nil {
		return true, nil
	}
	var there claim
	if _, look := store.GetJSON(ctx, n.opt.Store, key, &there); look == nil && there.By == mine.By {
		return true, nil
	}
	if errors.Is(err, store.ErrExists) {
		return false, nil
	}
	return false, fmt.Errorf("claim the notice: %w", err)
}

// unmade reports whether a post that failed clearly made no message: the server
// refused it, or never had it.
func unmade(err error) bool {
	var e *remote.Error
	if !errors.As(err, &e) {
		return false
	}
	switch {
	case e.Status == http.StatusServiceUnavailable:
		return true
	case e.Status != 0:
		return e.Status >= 300 && e.Status < 500
	}
	var dial *net.OpError
	var dns *net.DNSError
	return errors.As(err, &dns) || errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, &dial) && dial.Op == "dial" ||
		// Of no answer and our fault: the address or its certificate.
		steps.Classify(err) == steps.Misuse && errors.Unwrap(e) == nil && !strings.Contains(e.Error(), "web page")
}

// Lengths in characters: a message is at most 10000.
const (
	maxText = 2000
	maxHint = 1000
	maxStep = 100
)

// message writes the notice in Zulip's Markdown.
func (n *Notifier) message(recording, id, step, text, hint string) string {
	lines := []string{"**A recording failed**: " + markdown.Plain(recording)}
	if step != "" {
		lines = append(lines, "**Step**: "+markdown.Short(step, maxStep))
	}
	if text == "" {
		text = "no reason is known"
	}
	lines = append(lines, "**Error**: "+markdown.Short(text, maxText))
	if hint != "" {
		lines = append(lines, "**Hint**: "+markdown.Short(hint, maxHint))
	}
	lines = append(lines, "**Run**: "+markdown.Plain(id))
	if ui := strings.TrimRight(n.opt.UI, "/"); ui != "" {
		lines = append(lines, "**Link**: "+ui+"/recordings/"+recording)
	}
	return strings.Join(lines, "\n")
}
