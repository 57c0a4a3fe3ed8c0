// Package argo drives the graph on a cluster with Argo Workflows: it installs
// what templates/argo renders, starts a Workflow per run, follows it as the
// normalised events of package engine, retries and ends it. A cluster is
// reached through the Kubernetes API or through an Argo Server; both do the
// same (one suite tests both).
//
// It promises typed errors that say what to do ([Error]), that a run that is
// started twice is one Workflow, that streams survive a lost connection, and
// that only ids go into a Workflow. It will not validate what it submits beyond
// what the server does, nor read or write credentials anywhere.
package argo

import (
	"context"
	"iter"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"
)

// A Cluster is where Workflows live: one namespace, seen through a Kubernetes
// API or an Argo Server. Its errors are of type [*Error]; the Workflows that it
// returns have their nodes, however they were stored.
type Cluster interface {
	// Namespace is the namespace that everything happens in.
	Namespace() string
	// Create makes a Workflow. With dryRun the server only checks it.
	Create(ctx context.Context, wf *wfv1.Workflow, dryRun bool) (*wfv1.Workflow, error)
	Get(ctx context.Context, name string) (*wfv1.Workflow, error)
	// List returns the Workflows that match a label selector.
	List(ctx context.Context, selector string) ([]wfv1.Workflow, error)
	Template(ctx context.Context, name string) (*wfv1.WorkflowTemplate, error)
	// Retry runs a failed Workflow again from what failed.
	Retry(ctx context.Context, wf *wfv1.Workflow) error
	// Shutdown ends a Workflow: what runs may end by itself, unless it has to
	// be now.
	Shutdown(ctx context.Context, name string, now bool) error
	Delete(ctx context.Context, name string) error
	// Version says, for people, what this is.
	Version(ctx context.Context) (string, error)
	// Link is where a browser shows the Workflow, or "" when that is not known.
	Link(name string) string

	// changes yields the Workflow each time it changes after the given version,
	// until the server ends the stream, which it may at any time. Its deletion
	// is an ErrNotFound.
	changes(ctx context.Context, name, version string) iter.Seq2[*wfv1.Workflow, error]
	// warnings yields what Kubernetes warns of about pods of the namespace, old
	// warnings first, until the server ends the stream.
	warnings(ctx context.Context) iter.Seq2[corev1.Event, error]
	// log yields the lines of a pod's main container.
	log(ctx context.Context, workflow, pod string, opt LogOptions) iter.Seq2[string, error]
}

// LogOptions say which lines of a log are wanted.
type LogOptions struct {
	Follow bool
	Since  time.Duration // only lines of that age; 0: all
	Tail   int64         // only so many last lines of each pod; 0: all
}

// streamLife is how long a stream of changes is asked for, in seconds. Then it
// is taken up anew, so that a connection which died without a word is noticed.
const streamLife = "60"

func (o LogOptions) query(prefix string) map[string][]string {
	q := map[string][]string{prefix + "container": {"main"}}
	if o.Follow {
		q[prefix+"follow"] = []string{"true"}
	}
	if o.Since > 0 {
		q[prefix+"sinceSeconds"] = []string{seconds(o.Since)}
	}
	if o.Tail > 0 {
		q[prefix+"tailLines"] = []string{decimal(o.Tail)}
	}
	return q
}
