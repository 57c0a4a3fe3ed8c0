package argo

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/engine/argo/argotest"
	"github.com/trackscribe/trackscribe/steps"
	rendered "github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

func objects(t *testing.T) []Object {
	t.Helper()
	opt, err := rendered.Options{
		Namespace: testNamespace, Store: rendered.Store{Location: "s3://meetings"}, NetworkPolicy: true,
		Serve: rendered.Serve{Enabled: true, Replicas: 2, Host: "meetings.example.com"},
	}.Complete("test")
	if err != nil {
		t.Fatal(err)
	}
	files, err := rendered.Render(pipeline.New(), opt)
	if err != nil {
		t.Fatal(err)
	}
	list, err := Objects(files)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestObjects(t *testing.T) {
	t.Parallel()
	last := -1
	for _, o := range objects(t) {
		rank := rankOfKind(o.Kind)
		if rank < last {
			t.Errorf("%s comes too late", o)
		}
		last = rank
		if meta := o.Fields["metadata"].(map[string]any); meta["namespace"] != nil {
			t.Errorf("%s insists on a namespace", o)
		}
	}
	for name, data := range map[string]string{
		"no YAML":      "a: [",
		"unknown kind": "kind: StatefulSet\nmetadata: {name: x}",
		"no name":      "kind: ConfigMap",
	} {
		if _, err := Objects([]rendered.File{{Name: "x.yaml", Data: []byte(data)}}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestNormal(t *testing.T) {
	t.Parallel()
	got := Normal(map[string]any{
		"kind": "Secret", "type": "t", "data": map[string]any{"token": "secret-token"}, "status": map[string]any{},
		"metadata": map[string]any{"name": "x", "uid": "u", "resourceVersion": "3", "managedFields": []any{}, "labels": map[string]any{"a": "b"}},
	})
	want := map[string]any{"kind": "Secret", "type": "t", "metadata": map[string]any{"name": "x", "labels": map[string]any{"a": "b"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestInstall(t *testing.T) {
	t.Parallel()
	api := argotest.New(t)
	k := kubeOf(t, api)
	ctx := t.Context()
	list := objects(t)
	actions := func(opt ApplyOptions) (all []string) {
		done, err := k.Install(ctx, list, opt)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range done {
			all = append(all, d.Action)
		}
		return slices.Compact(all)
	}
	if got := actions(ApplyOptions{DryRun: true}); !slices.Equal(got, []string{"created"}) || len(api.Paths("/")) > 0 {
		t.Errorf("dry run: %q, left %q", got, api.Paths("/"))
	}
	if got := actions(ApplyOptions{}); !slices.Equal(got, []string{"created"}) {
		t.Errorf("first: %q", got)
	}
	if got := actions(ApplyOptions{}); !slices.Equal(got, []string{"unchanged"}) {
		t.Errorf("second: %q", got)
	}
	api.Edit("/api/v1/namespaces/"+testNamespace+"/configmaps/trackscribe-config", func(o argotest.Object) {
		o["data"].(argotest.Object)["TRACKSCRIBE_STORE"] = "s3://elsewhere"
	})
	if got := actions(ApplyOptions{}); !slices.Equal(got, []string{"unchanged", "configured", "unchanged"}) {
		t.Errorf("after an edit: %q", got)
	}
}

// TestInstallIsAllOrNothing refuses one object: none is there afterwards.
func TestInstallIsAllOrNothing(t *testing.T) {
	t.Parallel()
	api := argotest.New(t)
	k := kubeOf(t, api)
	api.Refuse(func(r *http.Request) (int, string) {
		if r.Method == http.MethodPatch && strings.Contains(r.URL.Path, "/cronworkflows/") {
			return http.StatusForbidden, "cronworkflows is forbidden"
		}
		return 0, ""
	})
	_, err := k.Install(t.Context(), objects(t), ApplyOptions{})
	wantKind(t, err, ErrForbidden)
	if left := api.Paths("/"); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

func TestApplyConflict(t *testing.T) {
	t.Parallel()
	owner := "kubectl-edit"
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("force") == "true" {
			fmt.Fprint(w, `{"kind":"ConfigMap"}`)
			return
		}
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintf(w, `{"message":"Apply failed with 1 conflict","reason":"Conflict","details":{"causes":[
			{"reason":"FieldManagerConflict","message":"conflict with \"%s\" using v1","field":".data.a"}]}}`, owner)
	}))
	t.Cleanup(srv.Close)
	k := &Kube{namespace: "test", api: &api{client: srv.Client(), base: srv.URL, header: http.Header{}}}
	o := Object{Kind: "ConfigMap", Name: "x", Fields: map[string]any{}}
	_, err := k.Apply(t.Context(), o, ApplyOptions{})
	wantKind(t, err, ErrConflict)
	if !strings.Contains(err.Error(), ".data.a (kubectl-edit)") || !strings.Contains(steps.Hint(err), "--force-conflicts") {
		t.Errorf("says %q, hint %q", err, steps.Hint(err))
	}
	if _, err := k.Apply(t.Context(), o, ApplyOptions{Force: true}); err != nil {
		t.Errorf("with force: %v", err)
	}
	owner = rendered.FieldManager // an earlier version of this program
	if _, err := k.Apply(t.Context(), o, ApplyOptions{}); err != nil {
		t.Errorf("own fields: %v", err)
	}
}

func TestStartable(t *testing.T) {
	t.Parallel()
	api := argotest.New(t)
	k := kubeOf(t, api)
	list := objects(t)
	if _, err := k.Install(t.Context(), list, ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	base := "/api/v1/namespaces/" + testNamespace
	secret := func(keys ...string) {
		data := argotest.Object{}
		for _, key := range keys {
			data[key] = "x"
		}
		api.Put(base+"/secrets/trackscribe-store", argotest.Object{"data": data})
	}
	lacks := func(what, hint string) {
		t.Helper()
		err := k.Usable(t.Context(), list)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), what) || !strings.Contains(steps.Hint(err), hint) {
			t.Errorf("says %v, hint %q; want %q, %q", err, steps.Hint(err), what, hint)
		}
	}
	lacks(`Secret "trackscribe-store"`, "kubectl -n test create secret generic trackscribe-store --from-literal=access-key=… --from-literal=secret-key=…")
	secret("access-key")
	lacks("key secret-key", "--from-literal=secret-key=…")
	secret("access-key", "secret-key")
	lacks("it lacks the Role", "trackscribe install -n test")
	// Whoever may not look is not kept from installing.
	api.Refuse(func(r *http.Request) (int, string) {
		if strings.HasSuffix(r.URL.Path, "localsubjectaccessreviews") {
			return http.StatusForbidden, "forbidden"
		}
		return 0, ""
	})
	if err := k.Usable(t.Context(), list); err != nil {
		t.Errorf("all is there: %v", err)
	}
}

func TestFindRuns(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, api *argotest.API, c Cluster) {
		put := func(name, recording, id, created string) {
			api.Put(argotest.Workflow(testNamespace, name), argotest.Object{
				"metadata": argotest.Object{"creationTimestamp": created, "labels": argotest.Object{
					rendered.LabelGraph: "multitrack", rendered.LabelRecording: recording, rendered.LabelRun: id,
				}},
				"spec": argotest.Object{"arguments": argotest.Object{"parameters": []any{
					argotest.Object{"name": "recording", "value": recording}, argotest.Object{"name": "run", "value": id},
				}}},
			})
		}
		put("standup-r1", "standup", "r1", "2026-01-01T00:00:00Z")
		put("standup-r2", "standup", "r2", "2026-01-03T00:00:00Z")
		put("retro-r1", "retro", "r1", "2026-01-02T00:00:00Z")
		api.Put(argotest.Workflow(testNamespace, "other"), argotest.Object{"spec": argotest.Object{}})
		for what, want := range map[string]string{
			"standup-r1": "standup-r1", "r2": "standup-r2", "standup": "standup-r2", "retro": "retro-r1", Latest: "standup-r2",
		} {
			wf, err := Find(t.Context(), c, what)
			if err != nil || wf.Name != want {
				t.Errorf("%s: %v, want %s", what, err, want)
			}
		}
		for what, hint := range map[string]string{"r1": "standup-r1", "other": "argo", "nobody": "trackscribe list", "": "trackscribe list"} {
			_, err := Find(t.Context(), c, what)
			if err == nil || !strings.Contains(steps.Hint(err), hint) {
				t.Errorf("%q: %v, hint %q, want %q", what, err, steps.Hint(err), hint)
			}
		}
		list, err := Runs(t.Context(), c, "standup")
		if err != nil || len(list) != 2 || list[0].Name != "standup-r2" {
			t.Errorf("runs of standup: %d, %v", len(list), err)
		}
	})
}
