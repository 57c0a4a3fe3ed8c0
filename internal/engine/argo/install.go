package argo

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
)

// Applied is what came of applying an object.
type Applied struct {
	Object
	Action string // created, configured or unchanged
}

// Install applies the objects. The server checks all of them before the first
// is changed.
func (k *Kube) Install(ctx context.Context, objects []Object, opt ApplyOptions) ([]Applied, error) {
	if err := k.CheckInstalled(ctx); err != nil {
		return nil, err
	}
	check := opt
	check.DryRun = true
	done, err := k.applyAll(ctx, objects, check)
	if err != nil || opt.DryRun {
		return done, err
	}
	return k.applyAll(ctx, objects, opt)
}

func (k *Kube) applyAll(ctx context.Context, objects []Object, opt ApplyOptions) ([]Applied, error) {
	var done []Applied
	for _, o := range objects {
		before, err := k.Live(ctx, o)
		if err != nil {
			return done, err
		}
		after, err := k.Apply(ctx, o, opt)
		if err != nil {
			return done, err
		}
		a := Applied{Object: o, Action: "configured"}
		switch {
		case before == nil:
			a.Action = "created"
		case reflect.DeepEqual(Normal(before), Normal(after)):
			a.Action = "unchanged"
		}
		done = append(done, a)
	}
	return done, nil
}

// Usable reports whether runs of the templates among the objects could start:
// the templates can be read, and what their pods need is there.
func (k *Kube) Usable(ctx context.Context, objects []Object) error {
	for _, o := range objects {
		if o.Kind != "WorkflowTemplate" {
			continue
		}
		if _, err := k.Template(ctx, o.Name); err != nil {
			return err
		}
		var t wfv1.WorkflowTemplate
		b, err := json.Marshal(o.Fields)
		if err == nil {
			err = json.Unmarshal(b, &t)
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", o, err)
		}
		if err := k.Startable(ctx, t.Spec); err != nil {
			return err
		}
	}
	return nil
}
