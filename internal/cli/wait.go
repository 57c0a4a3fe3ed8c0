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
		wf, err := argo.Find(ctx, sight.Cluster, name)
		if err != nil {
			return reached(err)
		}
		ends[i] = argo.StatusOf(wf, sight.Graph)
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

// wait follows a run to its end, and tells once why each pod does not start.
func (w *waiter) wait(ctx context.Context, s argo.Status) (argo.Status, error) {
	told := map[string]bool{}
	for next, err := range w.sight.Follow(ctx, s.Workflow) {
		if err != nil {
			return s, err
		}
		s = next
		for _, t := range s.Tasks {
			if t.State != engine.Queued || t.Message == "" || told[t.Message] {
				continue
			}
			told[t.Message] = true
			w.mu.Lock()
			fmt.Fprintf(w.env.Stderr, "run %s: %s waits for its pod: %s\n", s.Run, t.Name(), t.Message)
			if t.Hint != "" {
				fmt.Fprintf(w.env.Stderr, "hint: %s\n", t.Hint)
			}
			w.mu.Unlock()
		}
	}
	return s, nil
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
