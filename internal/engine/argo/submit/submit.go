// Package submit starts runs of recordings on a cluster: it checks everything
// first, stages a local recording into the store, writes run.json, and creates
// the Workflow.
//
// It promises that nothing is created or written when something is wrong that
// can be known before, and that the same run id twice is one run. It parses no
// flags and prints nothing.
package submit

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"regexp"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/trackscribe/trackscribe/internal/engine/argo"
	"github.com/trackscribe/trackscribe/internal/operate"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps"
	render "github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// A Cluster is what submitting needs of one; [argo.Cluster] is the real one.
type Cluster interface {
	Namespace() string
	Create(ctx context.Context, wf *wfv1.Workflow, dryRun bool) (*wfv1.Workflow, error)
	Get(ctx context.Context, name string) (*wfv1.Workflow, error)
	List(ctx context.Context, selector string) ([]wfv1.Workflow, error)
	Template(ctx context.Context, name string) (*wfv1.WorkflowTemplate, error)
	Link(name string) string
}

// A Submitter starts runs of one graph on one cluster.
type Submitter struct {
	Graph   graph.Graph
	Store   store.Store
	Sources source.Options
	Cluster Cluster
	Name    string // prefix of the installed objects' names
	// Granularity picks an installed template; empty: what the alias points to.
	Granularity render.Granularity
	Priority    *int32
	Program     string
	Now         func() time.Time
	// Staging is told how a local recording is copied into the store.
	Staging func(recording string, done, total int64)

	template string            // once it has been looked up
	defaults map[string]string // its parameters that are not the graph's defaults
}

// A Request asks for one run.
type Request struct {
	Recording string // folder or s3:// prefix
	ID        string // recording id; empty: recording.json's, or the folder's name
	RunID     string // empty: a new one
	Params    map[string]string
	Refresh   []string
	DryRun    DryRun
}

// DryRun says how much is really done.
type DryRun string

// The dry runs.
const (
	DryRunNone   DryRun = "none"
	DryRunClient DryRun = "client" // nothing is sent to the cluster
	DryRunServer DryRun = "server" // the server checks the Workflow
)

// A Submitted run.
type Submitted struct {
	Run       run.Run
	Workflow  string // name
	Namespace string
	Existed   bool   // it had been submitted before
	Object    any    // the Workflow, as it was or would be sent
	Link      string // where a browser shows it; may be empty
}

// runLabel is what a run id must look like under Kubernetes.
var runLabel = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$`)

// Submit starts a run.
func (s *Submitter) Submit(ctx context.Context, req Request) (Submitted, error) {
	if req.RunID != "" && !runLabel.MatchString(req.RunID) {
		return Submitted{}, steps.Wrong("use lower-case letters, digits and dashes, at most 42 of them", "run id %q is no DNS label", req.RunID)
	}
	if err := operate.Check(s.Graph, req.Params, req.Refresh); err != nil {
		return Submitted{}, err
	}
	location, err := operate.Locate(req.Recording)
	if err != nil {
		return Submitted{}, err
	}
	if err := s.ready(ctx, req.DryRun); err != nil {
		return Submitted{}, err
	}
	params := map[string]string{}
	maps.Copy(params, s.defaults)
	maps.Copy(params, req.Params)
	if err := operate.Together(s.Graph, params); err != nil {
		return Submitted{}, err
	}
	id, err := operate.Identify(ctx, location, s.Sources, req.ID)
	if err != nil {
		return Submitted{}, err
	}
	if err := operate.CheckConsent(ctx, s.Store, id, req.RunID); err != nil {
		return Submitted{}, err
	}
	if err := operate.CheckTracks(ctx, location, s.Sources); err != nil {
		return Submitted{}, err
	}
	local, from := source.IsLocal(location), location
	if local {
		if from, err = operate.StagedAt(ctx, location, s.Store, id); err != nil {
			return Submitted{}, err
		}
	}
	r, _, err := operate.Plan(ctx, s.Graph, s.Store, operate.Request{
		Recording: from, ID: id, RunID: req.RunID, Fresh: true, Params: params, Refresh: req.Refresh, Program: s.Program, Now: s.Now(),
	})
	if err != nil {
		return Submitted{}, err
	}
	wf := argo.NewWorkflow(r, argo.Submission{Template: s.template, Store: s.Store.URL(), Priority: s.Priority})
	out := Submitted{Run: r, Workflow: wf.Name, Namespace: s.Cluster.Namespace(), Object: wf, Link: s.Cluster.Link(wf.Name)}
	if req.DryRun == DryRunClient {
		return out, nil
	}
	// The server says now what it would say later, before anything is written.
	if _, err := s.Cluster.Create(ctx, wf, true); err != nil && !errors.Is(err, argo.ErrExists) {
		return out, err
	}
	if req.DryRun == DryRunServer {
		return out, nil
	}
	if local {
		if err := operate.Stage(ctx, location, s.Store, from, func(done, total int64) {
			if s.Staging != nil {
				s.Staging(id, done, total)
			}
		}); err != nil {
			return out, err
		}
	}
	if out.Run, _, err = operate.Save(ctx, s.Store, r); err != nil {
		return out, err
	}
	// A run.json that was there before is no run yet; a Workflow is.
	_, err = s.Cluster.Create(ctx, wf, false)
	if out.Existed = errors.Is(err, argo.ErrExists); !out.Existed {
		return out, err
	}
	there, err := s.Cluster.Get(ctx, wf.Name)
	if err != nil {
		return out, err
	}
	if st := argo.StatusOf(there, s.Graph); st.Recording != r.Recording || st.Run != r.ID {
		return out, steps.Wrong("choose another run id", "workflow %q is there and is not this run", wf.Name)
	}
	return out, nil
}

// ready finds the template to run, and checks that it is of this graph.
func (s *Submitter) ready(ctx context.Context, dry DryRun) error {
	if s.template != "" {
		return nil
	}
	if dry == DryRunClient {
		s.template = render.TemplateName(s.Name, s.Graph, cmp.Or(s.Granularity, render.GranularityStep))
		return nil
	}
	name := render.AliasName(s.Name, s.Graph)
	if s.Granularity != "" {
		name = render.TemplateName(s.Name, s.Graph, s.Granularity)
	}
	t, err := s.Cluster.Template(ctx, name)
	if err != nil {
		return err
	}
	if err := argo.CheckTemplate(t, s.Graph); err != nil {
		return err
	}
	if to := t.Annotations[render.AnnotationTemplate]; to != "" {
		if t, err = s.Cluster.Template(ctx, to); err != nil {
			return err
		}
	}
	s.template, s.defaults = t.Name, map[string]string{}
	for _, p := range s.Graph.Params() {
		if v := t.Spec.Arguments.GetParameterByName(p.Name); v != nil && v.Value != nil && v.Value.String() != p.Default {
			s.defaults[p.Name] = v.Value.String()
		}
	}
	return nil
}

// Defaults returns the parameters with which the installed template runs when
// nobody asks for others, as far as they are not the graph's own.
func (s *Submitter) Defaults(ctx context.Context) (map[string]string, error) {
	err := s.ready(ctx, DryRunNone)
	return s.defaults, err
}
