// Package cluster is a cluster that lives inside this process: Argo's real
// workflow controller, the API server of package kubeapi and the kubelet of
// package kubelet. It runs workflows and tells how they went. It has no
// scheduler: a pod runs as soon as its runtime lets it.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/argoproj/argo-workflows/v3/pkg/client/clientset/versioned"
	"github.com/argoproj/argo-workflows/v3/workflow/controller"
	"github.com/sirupsen/logrus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	_ "github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/early"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/kubeapi"
	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/kubelet"
)

// Names inside the cluster.
const (
	system     = "argo" // namespace of the controller
	configName = "workflow-controller-configmap"
	executor   = "argoexec:v3.7.18"
)

// config is the controller's configuration: somewhere to put artifacts, and
// nothing that costs time without being looked at.
const config = `
artifactRepository:
  s3: {bucket: simulated, endpoint: simulated.invalid, keyFormat: "simulated/{{workflow.name}}/{{pod.name}}"}
metricsConfig: {enabled: false}
telemetryConfig: {enabled: false}
nodeEvents: {enabled: false}
workflowEvents: {enabled: false}
`

// environment holds what the controller only reads from the environment.
var environment = map[string]string{
	// How long the controller lets changes of a workflow gather. The default of
	// ten seconds spares an API server that this one is not.
	"DEFAULT_REQUEUE_TIME": "50ms",
	// The controller makes a pod that vanishes soon after its start anew, under
	// the same node, because it may be late to hear of it. Here it never is.
	"RECENTLY_STARTED_POD_DURATION": "0s",
	// Two informers less.
	"WATCH_CONTROLLER_SEMAPHORE_CONFIGMAPS": "false",
}

// Options say how a cluster is set up.
type Options struct {
	Now func() time.Time
	Log io.Writer // of the controller; nil: none
	// Runtime runs the pods of workflows that are not started by [Cluster.Run].
	Runtime kubelet.Runtime
}

// A Cluster runs workflows.
type Cluster struct {
	now     func() time.Time
	api     *kubeapi.Server
	rest    *rest.Config
	kube    kubernetes.Interface
	argo    versioned.Interface
	kubelet *kubelet.Kubelet

	stop   context.CancelFunc
	broken context.Context // ends when the cluster is of no use any more
	fail   context.CancelCauseFunc
	server *http.Server
	wait   sync.WaitGroup
}

// once sets what the controller keeps in globals.
var once sync.Once

func globals(log io.Writer) {
	once.Do(func() {
		for name, value := range environment {
			_ = os.Setenv(name, value) // these names and values are fine
		}
		// Most of what is made is garbage at once; there is memory for it.
		debug.SetGCPercent(400)
		klog.SetSlogLogger(slog.New(slog.DiscardHandler))
		if log != nil {
			logrus.SetLevel(logrus.InfoLevel)
			logrus.SetOutput(log)
			klog.SetSlogLogger(slog.New(slog.NewTextHandler(log, nil)))
		}
	})
}

// Start starts a cluster. The log of the first one in a process is that of all.
func Start(ctx context.Context, opt Options) (*Cluster, error) {
	globals(opt.Log)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the simulated API server: %w", err)
	}
	api := kubeapi.New(opt.Now)
	c := &Cluster{now: opt.Now, api: api, server: &http.Server{Handler: api, ReadHeaderTimeout: time.Minute}}
	c.rest = &rest.Config{
		Host: "http://" + l.Addr().String(), QPS: -1,
		ContentConfig: rest.ContentConfig{ContentType: "application/json", AcceptContentTypes: "application/json"},
	}
	if c.kube, err = kubernetes.NewForConfig(c.rest); err != nil {
		return nil, err
	}
	if c.argo, err = versioned.NewForConfig(c.rest); err != nil {
		return nil, err
	}
	c.kubelet = kubelet.New(c.kube, c.argo, opt.Now, opt.Runtime)
	api.Exec = func(namespace, pod, _ string, _ []string) { c.kubelet.Terminate(namespace, pod) }
	c.wait.Go(func() { _ = c.server.Serve(l) }) // until it is closed
	c.broken, c.fail = context.WithCancelCause(context.Background())
	ctx, c.stop = context.WithCancel(ctx)
	if err := c.control(ctx); err != nil {
		c.Close()
		return nil, err
	}
	c.wait.Go(func() {
		if err := c.kubelet.Run(ctx); ctx.Err() == nil {
			c.fail(fmt.Errorf("the kubelet ended: %w", err))
		}
	})
	return c, nil
}

// control starts the workflow controller.
func (c *Cluster) control(ctx context.Context) error {
	cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: configName}, Data: map[string]string{"config": config}}
	if _, err := c.kube.CoreV1().ConfigMaps(system).Create(ctx, cm, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("configure the workflow controller: %w", err)
	}
	// The empty name stands for all namespaces.
	wfc, err := controller.NewWorkflowController(ctx, c.rest, c.kube, c.argo, system, "", executor, "", "text", configName, false)
	if err != nil {
		return fmt.Errorf("start the workflow controller: %w", err)
	}
	const workers, cleaners = 8, 4
	c.wait.Go(func() { wfc.Run(ctx, workers, 1, cleaners, 1, 1) })
	return nil
}

// Config returns how clients reach the cluster's API server.
func (c *Cluster) Config() *rest.Config { return rest.CopyConfig(c.rest) }

// Kube returns a client of the cluster.
func (c *Cluster) Kube() kubernetes.Interface { return c.kube }

// Close ends the cluster and all that runs in it.
func (c *Cluster) Close() {
	c.stop()
	c.fail(errors.New("the cluster is closed"))
	_ = c.server.Close() // ends the watches
	c.wait.Wait()
}
