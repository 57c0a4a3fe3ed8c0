package cli

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/trackscribe/trackscribe/internal/engine"
	"github.com/trackscribe/trackscribe/internal/engine/argo"
)

// ExitStillRunning says that the wait ended before the run did.
const ExitStillRunning = 8

func newWaitCommand(env *Env) *cobra.Command {
	var c sightFlags
	var timeout time.Duration
	output := &choice{value: "text", allowed: []string{"text", "json"}}
	cmd := &cobra.Command{
		Use:   "wait RUN...",
		Short: "Wait until runs have ended",
		Long: `Wait until all the runs have ended, and print how. Whatever keeps a pod from
starting is told meanwhile. Exit code 3 when one failed or was stopped, 8 when
--timeout was over before all had ended.
` + runHelp + clusterHelp,
		Example: "  trackscribe wait @latest --timeout 1h\n  trackscribe wait $(trackscribe list --state running -o name)",
		Args:    runArgs(0),
		RunE: func(cmd *cobra.Command, args []string) error {
			if timeout < 0 {
				return usage("0 waits for as long as it takes", "--timeout %s is negative", timeout)
			}
			return runWait(cmd.Context(), env, &c, args, timeout, output.value)
		},
	}
	c.add(cmd)
	cmd.Flags().DurationVar(&timeout, "timeout", 0, "wait no longer than this, such as 90s or 2h (default: as long as it takes)")
	addChoice(cmd, output, "output", "o", "output format")
	return cmd
}

var errTimeout = errors.New("time is over")

func runWait(ctx context.Context, env *Env, c *sightFlags, names []string, timeout time.Duration, output string) error {
	sight, set, err := c.look(ctx, env)
	if err != nil {
		return err
	}
	ends := make([]argo.Status, len(names))
	for i, name := range names {
		if ends[i], err = find(ctx, sight.Cluster, name); err != nil {
			return err
		}
	}
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, errTimeout)
		defer cancel()
	}
	w := waiter{env: env, sight: sight}
	errs := make([]error, len(names))
	var all sync.WaitGroup
	for i := range names {
		all.Go(func() { ends[i], errs[i] = w.wait(ctx, ends[i]) })
	}
	all.Wait()
	if err := w.tell(output, ends, set.Store); err != nil {
		return err
	}
	return waited(ends, errs)
}

// waiter waits for several runs at once.
type waiter struct {
	env   *Env
	sight argo.Sight
	mu    sync.Mutex // of what is told
}

// wait follows a run to its end, and tells why pods do not start and why steps
// are tried again.
func (w *waiter) wait(ctx context.Context, s argo.Status) (argo.Status, error) {
	told := map[string]bool{}
	for next, err := range w.sight.Follow(ctx, s.Workflow) {
		if err != nil {
			return s, err
		}
		s = next
		for _, t := range s.Tasks {
			if t.State == engine.Queued {
				w.trouble(told, s, t, "waits for its pod", t.Message, t.Hint)
			}
			// The next attempt may have begun already when the failure shows.
			for i, a := range t.Attempts {
				again := i+1 < len(t.Attempts) && !t.State.Ended() || t.State == engine.Retrying
				if a.Failed && again {
					w.trouble(told, s, t, "failed and is tried again", a.Message, s.HintOf(a))
				}
			}
		}
	}
	return s, nil
}

// trouble tells what is the matter with a task. Many tasks may have the same
// trouble, which is told once.
func (w *waiter) trouble(told map[string]bool, s argo.Status, t argo.Task, state, message, hint string) {
	why := hint
	if why == "" {
		why = message
	}
	if message == "" || told[why] {
		return
	}
	told[why] = true
	w.mu.Lock()
	defer w.mu.Unlock()
	fmt.Fprintf(w.env.Stderr, "run %s: %s %s: %s\n", s.Run, t.Name(), state, message)
	if hint != "" {
		fmt.Fprintf(w.env.Stderr, "hint: %s\n", hint)
	}
}

func (w *waiter) tell(output string, ends []argo.Status, store string) error {
	if output == "json" {
		list := []got{}
		for _, s := range ends {
			list = append(list, gotOf(s, store, w.sight.Cluster.Link(s.Workflow), time.Now()))
		}
		return printJSON(w.env, list)
	}
	for _, s := range ends {
		line := fmt.Sprintf("run %s of recording %s: %s%s", s.Run, s.Recording, s.State, after(s, time.Now()))
		if result := resultOf(s, store); result != "" {
			line += ", " + result
		}
		if _, err := fmt.Fprintln(w.env.Stdout, line); err != nil {
			return err
		}
	}
	return nil
}

// waited says with which code to exit: a failed run counts more than one that
// still runs.
func waited(ends []argo.Status, errs []error) error {
	for _, s := range ends {
		if s.State.Ended() {
			if err := runEnded(s); err != nil {
				return err
			}
		}
	}
	for i, err := range errs {
		if errors.Is(err, errTimeout) || errors.Is(err, context.DeadlineExceeded) {
			return &exitError{code: ExitStillRunning, err: fmt.Errorf("run %s has not ended yet", ends[i].Run), hint: "it goes on; wait again, or: trackscribe get " + ends[i].Workflow}
		}
	}
	return reached(errors.Join(errs...))
}
