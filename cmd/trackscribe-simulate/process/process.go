// Package process is the kubelet's runtime that starts a real process for the
// main container of a pod: the rendered command with its environment, on real
// folders in place of its volumes. It isolates nothing; what it runs must be
// trusted.
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v3/workflow/common"
	"k8s.io/client-go/kubernetes"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/kubelet"
)

// exitStart is what a shell exits with that cannot start a command.
const exitStart = 127

// Options say what processes are given.
type Options struct {
	Kube  kubernetes.Interface // has the ConfigMaps and Secrets
	Dir   string               // for the pods' volumes
	Paths map[string]string    // what stands for paths of the image: "/step"
	Env   map[string]string    // instead of what containers are given, or beside it
	// Parallel bounds how many pods run at once; the others stay pending.
	Parallel int
	Log      io.Writer // of what processes print
}

// Runtime runs pods as processes.
type Runtime struct {
	opt   Options
	slots chan struct{}
	log   sync.Mutex
}

// New returns a runtime.
func New(opt Options) *Runtime {
	return &Runtime{opt: opt, slots: make(chan struct{}, max(1, opt.Parallel))}
}

// Run starts the pod's process and waits for it.
func (r *Runtime) Run(ctx context.Context, p *kubelet.Pod) kubelet.Result {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return ended(ctx)
	}
	s, err := r.sandbox(p)
	if err != nil {
		return refused(err)
	}
	defer os.RemoveAll(s.dir)
	cmd, err := r.command(ctx, p, s)
	if err != nil {
		return refused(err)
	}
	last := &tail{}
	out := &lines{name: strings.TrimPrefix(p.NodeName, p.Object.Labels[common.LabelKeyWorkflow]+"."), to: r.opt.Log, mu: &r.log}
	cmd.Stdout, cmd.Stderr = out, io.MultiWriter(out, last)
	if err := p.Running(ctx); err != nil {
		return refused(err)
	}
	if err := cmd.Start(); err != nil {
		if ctx.Err() != nil {
			return ended(ctx)
		}
		return refused(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	r.follow(ctx, p, s.host(common.ArgoProgressPath), done)
	res := kubelet.Result{Exit: exitCode(cmd.ProcessState)}
	if res.Exit != 0 {
		res.Message = last.String()
	}
	res.Outputs, res.Unsaved = s.collect(p.Template.Outputs)
	return res
}

// ended is the end of a container that is told to end before it has begun.
func ended(ctx context.Context) kubelet.Result {
	return kubelet.Result{Exit: 128 + int(syscall.SIGTERM), Message: context.Cause(ctx).Error()}
}

// refused is the end of a container that cannot be started.
func refused(err error) kubelet.Result {
	return kubelet.Result{Exit: exitStart, Message: err.Error()}
}

// command makes the process of the pod's main container.
func (r *Runtime) command(ctx context.Context, p *kubelet.Pod, s *sandbox) (*exec.Cmd, error) {
	words := slices.Concat(p.Main.Command, p.Main.Args)
	// Argo starts every command through its emissary.
	if i := slices.Index(words, "--"); i > 1 && words[1] == "emissary" {
		words = words[i+1:]
	}
	for i, w := range words {
		words[i] = s.translate(w)
	}
	if len(words) == 0 {
		return nil, errors.New("the container has no command")
	}
	env, err := r.env(ctx, p, s)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Env, cmd.Dir = env, s.dir
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	if g := p.Object.Spec.TerminationGracePeriodSeconds; g != nil {
		cmd.WaitDelay = time.Duration(*g) * time.Second
	}
	return cmd, nil
}

// progressEvery is how often the progress file is read. Argo's executor reads
// it every three seconds.
const progressEvery = 500 * time.Millisecond

// follow passes the progress on until the process ends.
func (r *Runtime) follow(ctx context.Context, p *kubelet.Pod, path string, done <-chan error) {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	told := ""
	tell := func() {
		b, err := os.ReadFile(path)
		if err != nil {
			return // a container need not tell
		}
		all := strings.Split(strings.TrimSpace(string(b)), "\n")
		if now := all[len(all)-1]; now != told && p.Progress(ctx, now) == nil {
			told = now
		}
	}
	for {
		select {
		case <-done:
			tell()
			return
		case <-tick.C:
			tell()
		}
	}
}

// exitCode is what a container would have exited with.
func exitCode(s *os.ProcessState) int {
	if w, ok := s.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal())
	}
	return s.ExitCode()
}

// collect does what Argo's executor does when a container has ended.
func (s *sandbox) collect(declared wfv1.Outputs) (wfv1.Outputs, error) {
	var out wfv1.Outputs
	var errs []error
	for _, param := range declared.Parameters {
		if param.ValueFrom == nil || param.ValueFrom.Path == "" {
			continue
		}
		b, err := os.ReadFile(s.host(param.ValueFrom.Path))
		switch {
		case err == nil:
			param.Value = wfv1.AnyStringPtr(strings.TrimSuffix(string(b), "\n"))
		case param.ValueFrom.Default != nil:
			param.Value = param.ValueFrom.Default
		default:
			errs = append(errs, fmt.Errorf("output parameter %q: there is no file %q", param.Name, param.ValueFrom.Path))
			continue
		}
		out.Parameters = append(out.Parameters, param)
	}
	for _, a := range declared.Artifacts {
		_, err := os.Stat(s.host(a.Path))
		switch {
		case err == nil:
			out.Artifacts = append(out.Artifacts, a)
		case !a.Optional:
			errs = append(errs, fmt.Errorf("output artifact %q: there is no file %q", a.Name, a.Path))
		}
	}
	return out, errors.Join(errs...)
}

// tail keeps the last lines of what a process complains about.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	const most = 2048
	t.b = append(t.b, p...)
	if len(t.b) > most {
		t.b = append([]byte(nil), t.b[len(t.b)-most:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	all := strings.Split(strings.TrimSpace(string(t.b)), "\n")
	return strings.Join(all[max(0, len(all)-2):], "; ")
}

// lines passes whole lines on, each with the name of its pod.
type lines struct {
	name string
	to   io.Writer
	mu   *sync.Mutex
	rest []byte
}

func (l *lines) Write(p []byte) (int, error) {
	if l.to == nil {
		return len(p), nil
	}
	l.rest = append(l.rest, p...)
	for {
		i := bytes.IndexByte(l.rest, '\n')
		if i < 0 {
			return len(p), nil
		}
		l.mu.Lock()
		_, err := fmt.Fprintf(l.to, "%s: %s\n", l.name, l.rest[:i])
		l.mu.Unlock()
		l.rest = l.rest[i+1:]
		if err != nil {
			return len(p), err
		}
	}
}
