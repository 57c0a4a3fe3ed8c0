package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/cluster"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/kubelet"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/own"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/process"
	"github.com/trackscribe/trackscribe/internal/model"
	"github.com/trackscribe/trackscribe/internal/operate"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/internal/store/open"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// Paths in the step image that something else stands for.
const (
	pathStep  = "/step"
	pathModel = "/model"
)

// planExec runs our own pipeline on a recording, each pod as a process.
func (o *options) planExec(ctx context.Context, env Env, params map[string]string) (*plan, error) {
	set, err := settings.Load(env.Getenv)
	if err != nil {
		return nil, err
	}
	binary, err := o.binary()
	if err != nil {
		return nil, err
	}
	modelDir := o.modelDir
	if modelDir == "" {
		modelDir = set.ModelDir
	}
	modelDir = model.Dir(modelDir, env.CacheDir)
	if set.Speech.Backend == settings.SpeechEmbedded {
		if err := model.Check(modelDir); err != nil {
			return nil, err
		}
	}
	if modelDir, err = filepath.Abs(modelDir); err != nil {
		return nil, err
	}
	st, err := open.Open(ctx, o.store, open.FromSettings(set))
	if err != nil {
		return nil, steps.Wrong("--store takes a folder or s3://bucket/prefix", "%w", err)
	}
	given, err := pairs("env", o.env)
	if err != nil {
		return nil, err
	}
	processEnv := outside(env, st.URL())
	maps.Copy(processEnv, given)
	g := pipeline.New()
	asked := set.Params()
	maps.Copy(asked, params)
	r, _, err := operate.Prepare(ctx, g, st, source.FromSettings(set), operate.Request{
		Recording: o.args[0], ID: o.recording, RunID: o.runID, Params: asked, Program: "simulated", Now: env.Now(),
	})
	if err != nil {
		return nil, err
	}
	plain, secret := settings.Services(env.Getenv)
	keys, err := services(secret)
	if err != nil {
		return nil, err
	}
	p, err := own.Render(g, argo.Options{
		Granularity: argo.Granularity(o.granularity), Services: servicesSecret, Settings: plain,
		Store: argo.Store{Location: o.store, Endpoint: set.S3Endpoint, Region: set.S3Region, PathStyle: &set.S3PathStyle},
	}, keys)
	if err != nil {
		return nil, err
	}
	paths := map[string]string{pathStep: binary, pathModel: modelDir}
	if !strings.HasPrefix(r.Source, "s3://") {
		paths[r.Source] = r.Source // a real folder, even if it lies below a volume's path
	}
	runtime := func(_ context.Context, c *cluster.Cluster) (kubelet.Runtime, func() []string, error) {
		dir, err := os.MkdirTemp(set.Scratch, "trackscribe-simulate-")
		if err != nil {
			return nil, nil, fmt.Errorf("make a folder for volumes: %w", err)
		}
		var log io.Writer
		if o.verbose > 0 {
			log = env.Stderr
		}
		rt := process.New(process.Options{
			Kube: c.Kube(), Dir: dir, Paths: paths, Env: processEnv, Parallel: o.parallel, Log: log,
		})
		return rt, func() []string { _ = os.RemoveAll(dir); return nil }, nil
	}
	return &plan{objects: p.Objects, workflow: p.Workflow(namespace, r), runtime: runtime}, nil
}

// servicesSecret is the Secret with the services' keys.
const servicesSecret = "services"

// services makes that Secret of what the environment holds.
func services(keys map[string]string) (cluster.File, error) {
	b, err := json.Marshal(corev1.Secret{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: metav1.ObjectMeta{Name: servicesSecret}, StringData: keys,
	})
	return cluster.File{Name: "services.json", Data: b}, err
}

// outside is what processes are given of this process's surroundings: where
// the store is, and what the rendered Secrets would hold.
func outside(env Env, store string) map[string]string {
	m := map[string]string{"TRACKSCRIBE_STORE": store}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		if v := env.Getenv(name); v != "" {
			m[name] = v
		}
	}
	return m
}

// binary finds the step binary.
func (o *options) binary() (string, error) {
	const hint = "build it: go build -o bin/step ./cmd/step, and give --step-binary bin/step"
	path := o.stepBinary
	if path == "" {
		if self, err := os.Executable(); err == nil {
			path, _ = exec.LookPath(filepath.Join(filepath.Dir(self), "step"))
		}
		if path == "" {
			path = "step"
		}
	}
	found, err := exec.LookPath(path)
	if err != nil {
		return "", steps.Wrong(hint, "find the step binary: %s", strings.TrimPrefix(err.Error(), "exec: "))
	}
	return filepath.Abs(found)
}
