package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/open"
)

// What is measured, and with what: prefixes of the installed objects.
const (
	realWork = "trackscribe"
	noWork   = "floor"
)

// tracks is how many the recording has.
const tracks = 4

// A place is a namespace and a prefix in the bucket.
type place struct {
	options
	ns    string
	store store.Store // of everything
}

func (p *place) home() string { return "s3://" + p.bucket + "/" + p.ns }

// newPlace makes the namespace, the Secrets and the recording.
func newPlace(ctx context.Context, o options) (*place, error) {
	p := &place{options: o, ns: fmt.Sprintf("ts-bench-%d", time.Now().Unix())}
	var err error
	if p.store, err = open.Open(ctx, p.home(), open.Options{Endpoint: o.endpoint, PathStyle: true}); err != nil {
		return nil, err
	}
	for i := range tracks {
		var wav bytes.Buffer
		if err := audiotest.WAV(&wav, make([]float32, 2*audiotest.Rate), audiotest.WAVFormat{}); err != nil {
			return nil, err
		}
		if _, err := p.store.Put(ctx, fmt.Sprintf("source/tracks/person-%d.wav", i), &wav, store.PutOptions{}); err != nil {
			return nil, err
		}
	}
	if _, err := p.run(ctx, "kubectl", "create", "namespace", p.ns); err != nil {
		return nil, err
	}
	for _, name := range []string{realWork, noWork} {
		// The shell of whoever started this has the keys.
		secret := `kubectl create secret generic "$0" -n "$1" --from-literal=access-key="$AWS_ACCESS_KEY_ID" --from-literal=secret-key="$AWS_SECRET_ACCESS_KEY"`
		if _, err := p.run(ctx, "sh", "-c", secret, name+"-store", p.ns); err != nil {
			return nil, errors.Join(err, p.remove(ctx))
		}
	}
	return p, nil
}

// remove removes all of it.
func (p *place) remove(ctx context.Context) error {
	_, err := p.run(ctx, "kubectl", "delete", "namespace", p.ns, "--wait=false")
	for info, e := range p.store.List(ctx, "") {
		if e == nil {
			e = p.store.Delete(ctx, info.Key)
		}
		if e != nil {
			return errors.Join(err, e)
		}
	}
	return err
}

// install installs the pipeline; its pods ask for little, so that they do not
// wait for each other.
func (p *place) install(ctx context.Context, name, granularity string) error {
	args := []string{
		"install", "--name", name, "--granularity", granularity, "--store", p.home() + "/" + name, "--store-endpoint", p.endpointInPods,
		"--pool", "io.cpu=0.02", "--pool", "cpu.cpu=0.02", "--pool", "asr.cpu=0.02", "--pool", "llm.cpu=0.02",
	}
	if name == noWork {
		args = append(args, "--image", p.floor, "--setting", fmt.Sprintf("STANDIN_NOOP=%d", tracks))
	} else {
		args = append(args, "--image", p.image)
	}
	_, err := p.trackscribe(ctx, name, args...)
	return err
}

// makespan submits a run, waits for it, and returns how many seconds it took.
func (p *place) makespan(ctx context.Context, name, recording string) (float64, error) {
	out, err := p.trackscribe(ctx, name, "submit", p.home()+"/source", "--name", name, "--recording", recording, "--run", name, "--wait", "-o", "name", "--quiet")
	if err != nil {
		return 0, err
	}
	workflow, _, _ := strings.Cut(out, "\n")
	if out, err = p.trackscribe(ctx, name, "get", workflow, "-o", "json"); err != nil {
		return 0, err
	}
	var s struct {
		State   string
		Seconds float64
	}
	if err := json.Unmarshal([]byte(out), &s); err != nil || s.State != "succeeded" {
		return 0, fmt.Errorf("run %s: %s: %w", workflow, s.State, err)
	}
	return s.Seconds, nil
}

func (p *place) trackscribe(ctx context.Context, name string, args ...string) (string, error) {
	return p.run(ctx, append([]string{
		"env", "ARGO_NAMESPACE=" + p.ns, "ARGO_SERVER=", "TRACKSCRIBE_STORE=" + p.home() + "/" + name, "TRACKSCRIBE_S3_ENDPOINT=" + p.endpoint, p.cli,
	}, args...)...)
}

func (p *place) run(ctx context.Context, argv ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, &stderr)
	}
	return stdout.String(), nil
}

// load is the machine's load average.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "not known"
	}
	fields := strings.Fields(string(b))
	return strings.Join(fields[:min(3, len(fields))], " ")
}
