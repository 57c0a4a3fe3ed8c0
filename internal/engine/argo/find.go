package argo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/templates/argo"
)

// Latest names the run that was made last.
const Latest = "@latest"

// Runs returns the Workflows that are runs, the newest first; those of one
// recording when it is not empty. Their nodes may be missing.
func Runs(ctx context.Context, c Cluster, recording string) ([]wfv1.Workflow, error) {
	selector := argo.LabelGraph
	if recording != "" {
		if err := run.CheckID("recording", recording); err != nil {
			return nil, err
		}
		selector += "," + argo.LabelRecording + "=" + argo.LabelValue(recording)
	}
	list, err := c.List(ctx, selector)
	if err != nil {
		return nil, err
	}
	if recording != "" {
		list = slices.DeleteFunc(list, func(wf wfv1.Workflow) bool { return argument(&wf, argo.ParamRecording) != recording })
	}
	slices.SortStableFunc(list, func(a, b wfv1.Workflow) int {
		if d := b.CreationTimestamp.Compare(a.CreationTimestamp.Time); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list, nil
}

// Find returns the Workflow that a person means: by its name, by a run id, by
// a recording id (its newest run), or the newest of all as [Latest].
func Find(ctx context.Context, c Cluster, what string) (*wfv1.Workflow, error) {
	if what == Latest {
		list, err := Runs(ctx, c, "")
		if err != nil {
			return nil, err
		}
		return newest(ctx, c, list, "there is no run yet")
	}
	none := fmt.Sprintf("%q is no Workflow, no run id and no recording", what)
	if run.CheckID("run", what) != nil {
		return newest(ctx, c, nil, none)
	}
	wf, err := c.Get(ctx, what)
	if err == nil && !IsRun(wf) {
		return nil, &Error{Op: "find", What: "run", Kind: ErrInvalid, Err: fmt.Errorf("workflow %q was not made by trackscribe", what), Advice: "use argo for it"}
	}
	if !errors.Is(err, ErrNotFound) {
		return wf, err
	}
	list, err := c.List(ctx, argo.LabelRun+"="+argo.LabelValue(what))
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(wf wfv1.Workflow) bool { return argument(&wf, argo.ParamRun) != what })
	if len(list) > 1 {
		var names []string
		for _, wf := range list {
			names = append(names, wf.Name)
		}
		return nil, &Error{Op: "find", What: "run", Name: what, Kind: ErrInvalid, Err: errors.New("several recordings have a run of that id"), Advice: "use one of " + strings.Join(names, ", ")}
	}
	if len(list) == 0 {
		if list, err = Runs(ctx, c, what); err != nil {
			return nil, err
		}
	}
	return newest(ctx, c, list, none)
}

// newest returns the first of a list, with its nodes.
func newest(ctx context.Context, c Cluster, list []wfv1.Workflow, none string) (*wfv1.Workflow, error) {
	if len(list) == 0 {
		return nil, &Error{
			Op: "find", What: "run in namespace", Name: c.Namespace(), Kind: ErrNotFound, Err: errors.New(none),
			Advice: "see what there is: trackscribe list; in another namespace: -n",
		}
	}
	return c.Get(ctx, list[0].Name)
}
