// Package doctor looks whether everything that is configured works: the store,
// permission by permission, the speech recogniser, the services, the cluster.
// It changes nothing but a few objects of its own in the store, which it
// removes again, and tells nobody's secrets.
package doctor

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/trackscribe/trackscribe/steps"
)

// A State is how a check came out.
type State string

// The states.
const (
	OK      State = "ok"
	Warn    State = "warn"    // it works, and may not be what is wanted
	Fail    State = "fail"    // it does not work
	Skipped State = "skipped" // it is not configured
)

// A Finding is what a check found.
type Finding struct {
	Check string `json:"check"`
	State State  `json:"state"`
	Found string `json:"found"`
	Do    string `json:"do,omitempty"` // what to do about it
}

// A Check looks at one thing.
type Check struct {
	Name string
	Run  func(ctx context.Context) Finding
}

// Examine runs the checks at once, and waits no longer than limit. The findings
// are in the order of the checks.
func Examine(ctx context.Context, checks []Check, limit time.Duration) []Finding {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	found := make([]Finding, len(checks))
	var all sync.WaitGroup
	for i, c := range checks {
		all.Go(func() {
			done := make(chan Finding, 1)
			go func() { done <- c.Run(ctx) }()
			select {
			case found[i] = <-done:
			case <-ctx.Done():
				// What has just answered counts.
				select {
				case found[i] = <-done:
				case <-time.After(100 * time.Millisecond):
					found[i] = Finding{State: Fail, Found: fmt.Sprintf("no answer within %s", limit), Do: "is it up, and reachable from here?"}
				}
			}
			found[i].Check = c.Name
		})
	}
	all.Wait()
	return found
}

// Healthy reports whether nothing failed.
func Healthy(found []Finding) bool {
	for _, f := range found {
		if f.State == Fail {
			return false
		}
	}
	return true
}

func ok(format string, args ...any) Finding {
	return Finding{State: OK, Found: fmt.Sprintf(format, args...)}
}

func skipped(format string, args ...any) Finding {
	return Finding{State: Skipped, Found: fmt.Sprintf(format, args...)}
}

func warn(do, format string, args ...any) Finding {
	return Finding{State: Warn, Found: fmt.Sprintf(format, args...), Do: do}
}

// failed is the finding of an error, which knows what to do.
func failed(err error) Finding {
	return Finding{State: Fail, Found: err.Error(), Do: steps.Hint(err)}
}

// settle is ok, or the error.
func settle(err error, format string, args ...any) Finding {
	if err != nil {
		return failed(err)
	}
	return ok(format, args...)
}
