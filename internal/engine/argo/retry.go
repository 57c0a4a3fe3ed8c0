package argo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"
)

// retryable reports why a Workflow cannot be retried.
func retryable(wf *wfv1.Workflow) error {
	e := &Error{Op: "retry", What: "workflow", Name: wf.Name, Kind: ErrInvalid}
	switch wf.Status.Phase {
	case wfv1.WorkflowFailed, wfv1.WorkflowError:
		return nil
	case wfv1.WorkflowSucceeded:
		e.Err, e.Advice = errors.New("it succeeded"), "to do steps again, submit the recording anew with --refresh"
	default:
		e.Err, e.Advice = errors.New("it has not ended"), "wait for it, or stop it first"
	}
	return e
}

// Retry implements [Cluster], as an Argo Server does it: what failed and all
// that follows from it is forgotten, what succeeded stays, and the controller
// goes on from there. Pods of what is forgotten must be gone first, because the
// new ones have the same names.
func (k *Kube) Retry(ctx context.Context, wf *wfv1.Workflow) error {
	if err := retryable(wf); err != nil {
		return err
	}
	forget := forgotten(wf)
	if err := k.deletePods(ctx, wf, forget); err != nil {
		return err
	}
	// The object as it is stored, with fields that this program may not know.
	var stored struct {
		Status struct {
			CompressedNodes string `json:"compressedNodes"`
		} `json:"status"`
	}
	if err := k.api.do(ctx, k.call("get", workflows, wf.Name), &stored); err != nil {
		return err
	}
	status := map[string]any{
		"phase": wfv1.WorkflowRunning, "message": nil, "startedAt": now(), "finishedAt": nil,
		"persistentVolumeClaims": nil, "conditions": conditions(wf.Status.Conditions),
	}
	if wf.Status.StoredWorkflowSpec != nil {
		status["storedWorkflowTemplateSpec"] = map[string]any{"shutdown": nil}
	}
	if results := wf.Status.TaskResultsCompletionStatus; len(results) > 0 {
		gone := map[string]any{}
		for id := range forget {
			gone[id] = nil
		}
		status["taskResultsCompletionStatus"] = gone
	}
	edits := nodeEdits(wf, forget)
	if stored.Status.CompressedNodes == "" {
		status["nodes"] = edits
	} else {
		packed, err := repack(stored.Status.CompressedNodes, edits)
		if err != nil {
			return &Error{Op: "retry", What: "workflow", Name: wf.Name, Err: err}
		}
		status["compressedNodes"] = packed
	}
	return k.patch(ctx, "retry", wf.Name, map[string]any{
		"metadata": map[string]any{
			"resourceVersion": wf.ResourceVersion, // a conflict, rather than a mixture
			"labels":          map[string]any{labelCompleted: nil, labelArchiving: nil, labelPhase: wfv1.WorkflowRunning},
		},
		"spec":   map[string]any{"shutdown": nil},
		"status": status,
	})
}

func now() string { return time.Now().UTC().Format(time.RFC3339) }

func conditions(list wfv1.Conditions) wfv1.Conditions {
	list = slices.DeleteFunc(slices.Clone(list), func(c wfv1.Condition) bool { return c.Type == wfv1.ConditionTypeCompleted })
	return append(list, wfv1.Condition{Type: wfv1.ConditionTypeCompleted, Status: "False"})
}

// forgotten returns the ids of the nodes that a retry does again: those that
// did not succeed and nothing succeeded after, all that follows from them, and
// the exit handler.
func forgotten(wf *wfv1.Workflow) map[string]bool {
	nodes := wf.Status.Nodes
	forget := map[string]bool{}
	var follow func(id string)
	follow = func(id string) {
		if n, ok := nodes[id]; ok && !forget[id] {
			forget[id] = true
			for _, child := range n.Children {
				follow(child)
			}
		}
	}
	for id, n := range nodes {
		if exit := wf.Name + ".onExit"; n.Name == exit || within(n.Name, exit) {
			forget[id] = true
			continue
		}
		switch n.Phase {
		case wfv1.NodeSucceeded, wfv1.NodeSkipped, wfv1.NodeOmitted:
			continue
		}
		if !hasParts(nodes, n) && !succeededAfter(nodes, retryParent(nodes, n), map[string]bool{}) {
			follow(id)
		}
	}
	return forget
}

// hasParts reports whether n is made of other nodes; those are what is retried.
func hasParts(nodes wfv1.Nodes, n wfv1.NodeStatus) bool {
	for _, part := range nodes {
		if within(part.Name, n.Name) {
			return true
		}
	}
	return false
}

// retryParent returns the node that n is an attempt of, or n.
func retryParent(nodes wfv1.Nodes, n wfv1.NodeStatus) wfv1.NodeStatus {
	if n.NodeFlag != nil && n.NodeFlag.Retried {
		for _, p := range nodes {
			if p.Type == wfv1.NodeTypeRetry && slices.Contains(p.Children, n.ID) {
				return p
			}
		}
	}
	return n
}

// succeededAfter reports whether something that follows from n succeeded: the
// run went on without n, and so does the retry.
func succeededAfter(nodes wfv1.Nodes, n wfv1.NodeStatus, seen map[string]bool) bool {
	for _, id := range n.Children {
		child, ok := nodes[id]
		if !ok || seen[id] {
			continue
		}
		seen[id] = true
		if child.Phase == wfv1.NodeSucceeded || succeededAfter(nodes, child, seen) {
			return true
		}
	}
	return false
}

// nodeEdits returns what changes about the nodes, as a merge patch: what is
// forgotten goes, what it was part of runs again, and nobody refers to it.
func nodeEdits(wf *wfv1.Workflow, forget map[string]bool) map[string]any {
	edits := map[string]any{}
	for id, n := range wf.Status.Nodes {
		if forget[id] {
			edits[id] = nil
			continue
		}
		edit := map[string]any{}
		for id := range forget {
			if within(wf.Status.Nodes[id].Name, n.Name) {
				edit = map[string]any{"phase": wfv1.NodeRunning, "message": nil, "startedAt": now(), "finishedAt": nil}
				break
			}
		}
		gone := func(id string) bool { return forget[id] }
		if slices.ContainsFunc(n.Children, gone) {
			edit["children"] = slices.DeleteFunc(slices.Clone(n.Children), gone)
		}
		if slices.ContainsFunc(n.OutboundNodes, gone) {
			edit["outboundNodes"] = slices.DeleteFunc(slices.Clone(n.OutboundNodes), gone)
		}
		if len(edit) > 0 {
			edits[id] = edit
		}
	}
	return edits
}

// repack applies the edits to packed nodes.
func repack(packed string, edits map[string]any) (string, error) {
	b, err := unpack(packed)
	if err != nil {
		return "", err
	}
	var nodes map[string]map[string]any
	if err := json.Unmarshal(b, &nodes); err != nil {
		return "", err
	}
	for id, edit := range edits {
		fields, ok := edit.(map[string]any)
		if !ok {
			delete(nodes, id)
			continue
		}
		maps.Copy(nodes[id], fields)
		maps.DeleteFunc(nodes[id], func(_ string, v any) bool { return v == nil })
	}
	if b, err = json.Marshal(nodes); err != nil {
		return "", err
	}
	return pack(b)
}

// deletePods deletes the pods of the given nodes and waits until they are gone.
func (k *Kube) deletePods(ctx context.Context, wf *wfv1.Workflow, nodes map[string]bool) error {
	names := map[string]bool{}
	for id := range nodes {
		if n := wf.Status.Nodes[id]; n.Type == wfv1.NodeTypePod {
			names[podName(wf, n)] = true
		}
	}
	left := k.call("list", pods, "")
	left.what = "pods"
	left.query.Set("labelSelector", labelWorkflow+"="+wf.Name)
	var list corev1.PodList
	if err := k.api.do(ctx, left, &list); err != nil {
		return err
	}
	waiting := map[string]bool{}
	for _, p := range list.Items {
		if !names[p.Name] {
			continue
		}
		waiting[p.Name] = true
		c := k.call("delete", pods, p.Name)
		c.method = http.MethodDelete
		if err := k.api.do(ctx, c, nil); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	if len(waiting) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, podTimeout, fmt.Errorf("still there after %s", podTimeout))
	defer cancel()
	left.verb, left.query = "watch", map[string][]string{
		"watch": {"true"}, "labelSelector": {labelWorkflow + "=" + wf.Name}, "resourceVersion": {list.ResourceVersion},
	}
	for line, err := range k.api.lines(ctx, left) {
		var ev struct {
			Type   string     `json:"type"`
			Object corev1.Pod `json:"object"`
		}
		if err == nil {
			err = json.Unmarshal(line, &ev)
		}
		if err != nil {
			return &Error{Op: "delete", What: "pods of workflow", Name: wf.Name, Err: err, Advice: "try again"}
		}
		if ev.Type == "DELETED" {
			delete(waiting, ev.Object.Name)
		}
		if len(waiting) == 0 {
			return nil
		}
	}
	return &Error{Op: "delete", What: "pods of workflow", Name: wf.Name, Err: errors.New("the server stopped telling"), Advice: "try again"}
}

// podTimeout is how long pods may take to end before a retry.
const podTimeout = 2 * time.Minute
