package cli

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// simulator is the program behind trackscribe simulate. It is a program of its
// own because it holds the whole of Argo's controller.
const simulator = "trackscribe-simulate"

func newSimulateCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "simulate [FLAGS] [FILE…|-|RECORDING]",
		Short: "Run a workflow against Argo's own controller, without a cluster",
		Long: `Run a workflow against Argo's own controller, without a cluster.

  trackscribe simulate [--tracks N] [--fail STEP…] [FILE…|-]
  trackscribe simulate --exec [--store LOCATION] RECORDING
  trackscribe simulate --matrix

The controller is the real one; around it are an API server and a kubelet that
live in one process. What is simulated is our own pipeline as trackscribe render
writes it or, with FILEs, anybody's WorkflowTemplate or Workflow.

Usually pods are scripted: they succeed at once, except those that a flag is
about. A target is a step, a task or a template; with [TRACK] it is one track of
that, and with xN only its first N attempts. The output parameters of a file get
their values from --set; those that something fans out over list as many tracks
as --tracks says.

With --exec every pod is a real process of the step binary, with the rendered
command, environment and volumes, and works on a real recording and store. What
the environment says of services is rendered too; their keys are in a Secret.

How the run went is printed as a tree. Whatever happens, no {{tag}} may survive
in a pod, a node or an output.

Flags:
      --tracks int                how many tracks the recording has (default 3)
      --fail target               let target fail; TARGET=CODE with that exit code (65; with xN 75)
      --lose target               delete the pod of target while it runs, once or xN times
      --delay target=duration     let each attempt take its time, target=duration
      --set template.name=value   value of an output parameter, template.name=value
  -p, --parameter name=value      set a parameter of the workflow, name=value
      --template name             name of the WorkflowTemplate to run, when there are several
      --granularity string        what shares a pod in our own pipeline: step, fused, run (default "step")
      --hang-after duration       how long nothing may happen before a run hangs (default 10s)
      --matrix                    run the standing scenarios and print a table
      --exec                      run pods as processes of the step binary
      --step-binary path          path of the step binary (default: step, beside this program or on PATH)
      --store string              folder or s3:// prefix for artifacts and results (default "trackscribe-out")
      --model folder              folder of the speech model (default: TRACKSCRIBE_MODEL_DIR, or the cache)
      --recording id              recording id (default: recording.json's, or the folder's name)
      --run id                    run id (default: goes on with an interrupted run, or a new one)
      --env name=value            environment of every process, before what is rendered, name=value
      --parallel int              how many processes run at once (default 4)
  -o, --output string             output format: text, json (default "text")
  -v, --verbose count             tell what processes print; -vv what the controller logs, too

The program trackscribe-simulate does the work. It is looked for beside
trackscribe and on PATH; make simulate builds it.

Exit codes: 0 the run succeeded, 1 error, a tag that survived or a run that
hangs, 2 wrong usage, 3 the run failed, 4 not reachable or not allowed,
130 interrupted.`,
		Example: `  trackscribe simulate --tracks 3 --fail transcribe-track[1]x2=75 --lose pad-track[0]
  trackscribe simulate --granularity fused --tracks 0 -o json
  trackscribe simulate -p who=me --set list.items=[1,2] workflowtemplate.yaml
  trackscribe simulate --exec examples/standup
  trackscribe simulate --matrix`,
		// The program has its own flags.
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, a := range args {
				if a == "--help" || a == "-h" {
					return cmd.Help()
				}
			}
			return runSimulator(cmd.Context(), env, args)
		},
	}
}

// runSimulator runs the program and takes over its exit code.
func runSimulator(ctx context.Context, env *Env, args []string) error {
	path, err := findSimulator()
	if err != nil {
		return &exitError{code: ExitError, err: err, hint: "build it: make simulate"}
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = env.Stdin, env.Stdout, env.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	err = cmd.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) && ended.Exited() {
		return &exitError{code: ended.ExitCode()}
	}
	return err
}

// findSimulator looks beside this program, then on PATH.
func findSimulator() (string, error) {
	if self, err := os.Executable(); err == nil {
		if path, err := exec.LookPath(filepath.Join(filepath.Dir(self), simulator)); err == nil {
			return path, nil
		}
	}
	path, err := exec.LookPath(simulator)
	if err != nil {
		return "", errors.New("there is no program " + simulator + " beside trackscribe or on PATH")
	}
	return path, nil
}
