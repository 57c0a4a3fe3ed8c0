package submit_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trackscribe/trackscribe/internal/daily/dailytest"
	"github.com/trackscribe/trackscribe/internal/engine/argo"
	"github.com/trackscribe/trackscribe/internal/engine/argo/submit"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/internal/store/folder"
	"github.com/trackscribe/trackscribe/steps"
	render "github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/graph"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// cluster keeps Workflows in memory. What a real one does with them is tested
// with a real one.
type cluster struct {
	workflows map[string]*wfv1.Workflow
	templates map[string]*wfv1.WorkflowTemplate
	deny      error
}

func newCluster(g graph.Graph) *cluster {
	c := &cluster{workflows: map[string]*wfv1.Workflow{}, templates: map[string]*wfv1.WorkflowTemplate{}}
	to := render.TemplateName("trackscribe", g, render.GranularityFused)
	for name, annotations := range map[string]map[string]string{
		render.AliasName("trackscribe", g): {render.AnnotationDigest: g.Digest(), render.AnnotationTemplate: to},
		to:                                 {render.AnnotationDigest: g.Digest()},
	} {
		c.templates[name] = &wfv1.WorkflowTemplate{ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: annotations}}
	}
	return c
}

func (c *cluster) Namespace() string    { return "ns" }
func (c *cluster) Link(n string) string { return "https://argo.example/" + n }

func (c *cluster) Create(_ context.Context, wf *wfv1.Workflow, dryRun bool) (*wfv1.Workflow, error) {
	if c.deny != nil {
		return nil, c.deny
	}
	if c.workflows[wf.Name] != nil {
		return nil, &argo.Error{Op: "create", What: "workflow", Name: wf.Name, Kind: argo.ErrExists}
	}
	if !dryRun {
		c.workflows[wf.Name] = wf
	}
	return wf, nil
}

func (c *cluster) Get(_ context.Context, name string) (*wfv1.Workflow, error) {
	return c.workflows[name], nil
}

func (c *cluster) List(context.Context, string) ([]wfv1.Workflow, error) { return nil, nil }

func (c *cluster) Template(_ context.Context, name string) (*wfv1.WorkflowTemplate, error) {
	if t := c.templates[name]; t != nil {
		return t, nil
	}
	return nil, &argo.Error{Op: "get", What: "workflow template", Name: name, Kind: argo.ErrNotFound}
}

type fixture struct {
	*submit.Submitter
	cluster *cluster
	source  string
}

func newFixture(t *testing.T) *fixture {
	g := pipeline.New()
	st, err := folder.New(folder.Options{Root: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(t.TempDir(), "standup")
	if err := os.MkdirAll(source, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(source, "anna.webm"), []byte("audio"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newCluster(g)
	return &fixture{&submit.Submitter{Graph: g, Store: st, Cluster: c, Name: "trackscribe", Now: time.Now}, c, source}
}

// objects lists what is in the store.
func (f *fixture) objects(t *testing.T) (list []string) {
	t.Helper()
	for info, err := range f.Store.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, info.Key)
	}
	return list
}

func TestSubmit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	req := submit.Request{Recording: f.source, RunID: "r1", Params: map[string]string{"language": "en"}, Refresh: []string{"finalize"}}
	done, err := f.Submit(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	wf := f.cluster.workflows[done.Workflow]
	if done.Workflow != "standup-r1" || done.Existed || wf == nil {
		t.Fatalf("submitted %+v, want standup-r1, new", done)
	}
	if got := wf.Spec.WorkflowTemplateRef.Name; got != render.TemplateName("trackscribe", f.Graph, render.GranularityFused) {
		t.Errorf("runs template %q, want the one that the alias names", got)
	}
	asked, err := runner.LoadRun(t.Context(), f.Store, "standup", "r1")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(asked.Refresh, "send-webhook") {
		t.Errorf("refresh %v lacks what follows from finalize", asked.Refresh)
	}
	if _, err := f.Store.Stat(t.Context(), strings.TrimPrefix(asked.Source, f.Store.URL()+"/")+"/anna.webm"); err != nil {
		t.Errorf("the recording is not in the store: %v", err)
	}
	again, err := f.Submit(t.Context(), req)
	if err != nil || !again.Existed || len(f.cluster.workflows) != 1 {
		t.Errorf("the same run again: %+v, %v, %d workflows; want the one that is there", again, err, len(f.cluster.workflows))
	}
	if run.CheckID("run", asked.ID) != nil {
		t.Errorf("run id %q", asked.ID)
	}
}

// TestNothingCreated holds submitting to it: what is wrong is told before
// anything is written or created.
func TestNothingCreated(t *testing.T) {
	t.Parallel()
	denied := &argo.Error{Op: "create", What: "workflow", Kind: argo.ErrForbidden}
	for name, c := range map[string]struct {
		change func(*fixture, *submit.Request)
		say    string
		kind   error
	}{
		"unknown recording":  {func(_ *fixture, r *submit.Request) { r.Recording += "-not" }, "no such folder", nil},
		"empty recording":    {func(f *fixture, r *submit.Request) { r.Recording = emptyFolder(f.source) }, "no recording", nil},
		"run id":             {func(_ *fixture, r *submit.Request) { r.RunID = "Not_A_Label" }, "no DNS label", nil},
		"unknown parameter":  {func(_ *fixture, r *submit.Request) { r.Params = map[string]string{"lnaguage": "en"} }, `no parameter "lnaguage"`, nil},
		"enum":               {func(_ *fixture, r *submit.Request) { r.Params = map[string]string{"transcript-backend": "ears"} }, "none of embedded", nil},
		"language":           {func(_ *fixture, r *submit.Request) { r.Params = map[string]string{"language": "de"} }, "does not know language", nil},
		"refresh":            {func(_ *fixture, r *submit.Request) { r.Refresh = []string{"sing"} }, `no step "sing"`, nil},
		"not installed":      {func(f *fixture, _ *submit.Request) { clear(f.cluster.templates) }, "", argo.ErrNotFound},
		"not that one":       {func(f *fixture, _ *submit.Request) { f.Granularity = render.GranularityRun }, "", argo.ErrNotFound},
		"forbidden":          {func(f *fixture, _ *submit.Request) { f.cluster.deny = denied }, "", argo.ErrForbidden},
		"version skew":       {func(f *fixture, _ *submit.Request) { f.skew() }, "is of graph 0000", nil},
		"dry run, client":    {func(_ *fixture, r *submit.Request) { r.DryRun = submit.DryRunClient }, "", nil},
		"dry run, server":    {func(_ *fixture, r *submit.Request) { r.DryRun = submit.DryRunServer }, "", nil},
		"a link for a track": {func(f *fixture, _ *submit.Request) { link(f.source) }, "is only a link", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			req := submit.Request{Recording: f.source, RunID: "r1"}
			c.change(f, &req)
			_, err := f.Submit(t.Context(), req)
			switch {
			case req.DryRun != "" && err != nil:
				t.Error(err)
			case c.kind != nil && !errors.Is(err, c.kind):
				t.Errorf("error %v, want %v", err, c.kind)
			case c.say != "" && (err == nil || !strings.Contains(err.Error(), c.say) || steps.Hint(err) == ""):
				t.Errorf("error %v (hint %q), want one that tells %q, with a hint", err, steps.Hint(err), c.say)
			}
			if list := f.objects(t); len(list) > 0 || len(f.cluster.workflows) > 0 {
				t.Errorf("left behind: %v, %d workflows", list, len(f.cluster.workflows))
			}
		})
	}
}

func (f *fixture) skew() {
	for _, t := range f.cluster.templates {
		t.Annotations[render.AnnotationDigest] = "0000"
	}
}

func emptyFolder(beside string) string {
	dir := filepath.Join(filepath.Dir(beside), "empty")
	_ = os.Mkdir(dir, 0o755)
	return dir
}

func link(dir string) { _ = os.Symlink("anna.webm", filepath.Join(dir, "ben.webm")) }

// TestFromDaily submits a recording that stays where it is, with the parameters
// that the installed template has as defaults.
func TestFromDaily(t *testing.T) {
	t.Parallel()
	account := dailytest.New()
	account.Add(map[string]any{"id": "7F6D-a", "room_name": "standup", "status": "finished", "tracks": []any{map[string]any{"type": "audio", "s3Key": "d/r/x"}}})
	srv := httptest.NewServer(account)
	defer srv.Close()
	f := newFixture(t)
	f.Sources = source.Options{Daily: settings.Daily{URL: srv.URL, Key: dailytest.Key}}
	for _, tmpl := range f.cluster.templates {
		tmpl.Spec.Arguments.Parameters = []wfv1.Parameter{{Name: "llm-model", Value: wfv1.AnyStringPtr("m")}, {Name: "language", Value: wfv1.AnyStringPtr("en")}}
	}
	done, err := f.Submit(t.Context(), submit.Request{Recording: "daily:7F6D-a", RunID: "r1"})
	if err != nil {
		t.Fatal(err)
	}
	if done.Run.Source != "daily:7F6D-a" || done.Run.Recording != "7f6d-a" || len(done.Run.Params) != 1 || done.Run.Params["llm-model"] != "m" {
		t.Errorf("run %+v", done.Run)
	}
	given := map[string]string{}
	for _, p := range f.cluster.workflows[done.Workflow].Spec.Arguments.Parameters {
		given[p.Name] = p.Value.String()
	}
	if given["source"] != "daily:7F6D-a" || given["llm-model"] != "m" {
		t.Errorf("parameters %v", given)
	}
	for _, id := range []string{"daily:unknown", "daily:../x"} {
		if _, err := f.Submit(t.Context(), submit.Request{Recording: id}); err == nil || steps.Hint(err) == "" {
			t.Errorf("%s: error %v", id, err)
		}
	}
	if n := len(f.cluster.workflows); n != 1 {
		t.Errorf("%d workflows, want one", n)
	}
}
