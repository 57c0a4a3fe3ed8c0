package argo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trackscribe/trackscribe/internal/engine/argo/argotest"
	"github.com/trackscribe/trackscribe/steps"
)

// TestAnswers maps what servers answer to kinds of errors with advice.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		status  int
		message string
		kind    error
		exit4   bool
		hint    string
	}{
		{"unauthorized", 401, "Unauthorized", ErrUnauthorized, true, ""},
		{"forbidden", 403, `workflows.argoproj.io "x" is forbidden: User "jo" cannot get resource`, ErrForbidden, true, "allows get on workflows.argoproj.io"},
		{"conflict", 409, "the object has been modified", ErrConflict, false, "try again"},
		{"invalid", 422, "spec.entrypoint: Required value", ErrInvalid, false, ""},
		{"busy", 503, "etcd leader changed", ErrUnreachable, true, "try again"},
		{"too many", 429, "too many requests", ErrUnreachable, true, "try again"},
		{"wants TLS", 400, "Client sent an HTTP request to an HTTPS server.", ErrUnreachable, true, "ARGO_SECURE=true"},
		{"broken", 500, "panic", nil, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, api *argotest.API, cl Cluster) {
				api.Refuse(func(*http.Request) (int, string) { return c.status, c.message })
				_, err := cl.Get(t.Context(), "x")
				var e *Error
				if !errors.As(err, &e) || c.kind != nil && !errors.Is(err, c.kind) {
					t.Fatalf("error %v, want %v", err, c.kind)
				}
				if got := IsUnreachable(err); got != c.exit4 {
					t.Errorf("unreachable: %v, want %v", got, c.exit4)
				}
				if !strings.Contains(err.Error(), `get workflow "x"`) || !strings.Contains(steps.Hint(err), c.hint) {
					t.Errorf("says %q, hint %q", err, steps.Hint(err))
				}
				if strings.Contains(err.Error()+steps.Hint(err), "secret-token") {
					t.Errorf("tells the token: %v", err)
				}
			})
		})
	}
}

// TestNoCluster talks to what is no cluster, or not there.
func TestNoCluster(t *testing.T) {
	t.Parallel()
	text := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		kind    error
		hint    string
	}{
		"no Argo there": {text(404, "404 page not found\n"), ErrNotInstalled, "install it"},
		"a website":     {text(200, "<html>hello</html>"), ErrUnreachable, "--kubeconfig"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(c.handler)
			t.Cleanup(srv.Close)
			k := &Kube{namespace: "test", api: &api{client: srv.Client(), base: srv.URL, kind: "the Kubernetes API", check: "check --kubeconfig"}}
			_, err := k.Get(t.Context(), "x")
			wantKind(t, err, c.kind)
			if !strings.Contains(steps.Hint(err), c.hint) {
				t.Errorf("hint %q", steps.Hint(err))
			}
		})
	}
}

func TestNotReachable(t *testing.T) {
	t.Parallel()
	const closed = "127.0.0.1:1" // which nobody is given who asks for a free one
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	for name, c := range map[string]struct {
		access Access
		hint   string
	}{
		"nobody listens":       {Access{Server: closed, Plain: true}, "ARGO_SERVER"},
		"HTTP instead of TLS":  {Access{Server: plain.Listener.Addr().String()}, "ARGO_SECURE=false"},
		"unknown certificate":  {Access{Server: secure.Listener.Addr().String()}, "ARGO_INSECURE_SKIP_VERIFY"},
		"no such host":         {Access{Server: "no-such-host.invalid:80", Plain: true}, "ARGO_SERVER"},
		"scheme in the server": {Access{Server: "http://" + closed}, "ARGO_SERVER"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cl, err := Connect(c.access)
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			_, err = cl.Get(t.Context(), "x")
			wantKind(t, err, ErrUnreachable)
			if !strings.Contains(steps.Hint(err), c.hint) {
				t.Errorf("%v: hint %q, want %q", err, steps.Hint(err), c.hint)
			}
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("said after %s", took)
			}
		})
	}
}

func TestConnect(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	api := argotest.New(t)
	good := write("good", api.Kubeconfig("meetings"))
	for name, c := range map[string]struct {
		access    Access
		namespace string
		kind      error
	}{
		"kubeconfig":           {Access{Kubeconfig: good}, "meetings", nil},
		"other namespace":      {Access{Kubeconfig: good, Namespace: "other"}, "other", nil},
		"several files":        {Access{Kubeconfig: filepath.Join(dir, "none") + string(filepath.ListSeparator) + good}, "meetings", nil},
		"server":               {Access{Server: "argo.example.com:443", Kubeconfig: good}, "meetings", nil},
		"server alone":         {Access{Server: "argo.example.com:443", Kubeconfig: write("empty", "")}, "default", nil},
		"no such file":         {Access{Kubeconfig: filepath.Join(dir, "none")}, "", ErrNoConfig},
		"empty file":           {Access{Kubeconfig: write("nothing", "{}")}, "", ErrNoConfig},
		"no such context":      {Access{Kubeconfig: good, Context: "prod"}, "", ErrNoConfig},
		"no kubeconfig at all": {Access{Kubeconfig: write("text", "hello")}, "", ErrNoConfig},
		"server with a secret": {Access{Server: "me:secret-token@argo.example.com"}, "", ErrNoConfig},
		"no server":            {Access{Server: "ftp://argo.example.com"}, "", ErrNoConfig},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cl, err := Connect(c.access)
			if c.kind != nil {
				wantKind(t, err, c.kind)
				if steps.Hint(err) == "" || strings.Contains(err.Error(), "secret-token") {
					t.Errorf("error %q, hint %q", err, steps.Hint(err))
				}
				return
			}
			if err != nil || cl.Namespace() != c.namespace {
				t.Errorf("namespace %v, %v", cl, err)
			}
		})
	}
}

func TestLink(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]Access{
		"https://argo.example.com/workflows/ns/run":   {Server: "argo.example.com", Namespace: "ns"},
		"http://localhost:2746/argo/workflows/ns/run": {Server: "localhost:2746", Plain: true, BaseHRef: "/argo/", Namespace: "ns"},
		"https://ui.example.com/workflows/ns/run":     {Kubeconfig: "", UI: "https://ui.example.com/", Namespace: "ns"},
		"": {Namespace: "ns"},
	} {
		var c Cluster = &Kube{namespace: a.Namespace, ui: a.UI}
		if a.Server != "" {
			var err error
			if c, err = Connect(a); err != nil {
				t.Fatal(err)
			}
		}
		if got := c.Link("run"); got != want {
			t.Errorf("link %q, want %q", got, want)
		}
	}
}

// TestWatchSurvives drops streams and refuses calls while a run goes on.
func TestWatchSurvives(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, api *argotest.API, c Cluster) {
		path := argotest.Workflow(testNamespace, "run")
		phase := func(p string) {
			api.Put(path, argotest.Object{"spec": argotest.Object{}, "status": argotest.Object{"phase": p}})
		}
		phase("Pending")
		var seen []string
		for wf, err := range Watch(t.Context(), c, "run") {
			if err != nil {
				t.Fatal(err)
			}
			seen = append(seen, string(wf.Status.Phase))
			switch len(seen) {
			case 1:
				phase("Running")
			case 2: // the server is restarted, and something happens meanwhile
				var asked atomic.Int32
				api.Refuse(func(*http.Request) (int, string) {
					if asked.Add(1) < 3 {
						return http.StatusServiceUnavailable, "starting"
					}
					return 0, ""
				})
				api.Drop()
				phase("Succeeded")
			}
		}
		if strings.Join(seen, " ") != "Pending Running Succeeded" {
			t.Errorf("saw %q", seen)
		}
	})
}

func TestWatchTooOld(t *testing.T) {
	t.Parallel()
	var watched atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Query().Get("watch") != "":
			watched.Store(true)
			fmt.Fprintln(w, `{"type":"ERROR","object":{"code":410,"message":"too old resource version"}}`)
		case !watched.Load():
			fmt.Fprintln(w, `{"metadata":{"name":"run","resourceVersion":"1"},"status":{"phase":"Running"}}`)
		default:
			fmt.Fprintln(w, `{"metadata":{"name":"run","resourceVersion":"9"},"status":{"phase":"Failed"}}`)
		}
	}))
	t.Cleanup(srv.Close)
	k := &Kube{namespace: "test", api: &api{client: srv.Client(), base: srv.URL, header: http.Header{}}}
	var last *wfv1.Workflow
	for wf, err := range Watch(t.Context(), k, "run") {
		if err != nil {
			t.Fatal(err)
		}
		last = wf
	}
	if last == nil || last.Status.Phase != wfv1.WorkflowFailed {
		t.Errorf("ended with %+v", last)
	}
}

func TestWatchEnds(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, api *argotest.API, c Cluster) {
		api.Put(argotest.Workflow(testNamespace, "run"), argotest.Object{"status": argotest.Object{"phase": "Running"}})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var err error
		for _, err = range Watch(ctx, c, "run") {
			cancel()
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("canceled: %v", err)
		}
	})
}

// TestServerRequests shows what an Argo Server is asked, in its own words.
func TestServerRequests(t *testing.T) {
	t.Parallel()
	var got []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
		if strings.HasSuffix(r.URL.Path, "/log") {
			fmt.Fprint(w, "\n{\"result\":{\"content\":\"one\"}}\n{\"error\":{\"message\":\"gone\",\"http_code\":404}}\n")
			return
		}
		fmt.Fprint(w, `{"items":[]}`)
	}))
	t.Cleanup(srv.Close)
	s, err := connectServer(Access{Server: srv.URL, BaseHRef: "argo", Namespace: "ns", Token: "Bearer secret-token"})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	failed := &wfv1.Workflow{ObjectMeta: metav1.ObjectMeta{Name: "run"}, Status: wfv1.WorkflowStatus{Phase: wfv1.WorkflowFailed}}
	var lines []string
	for line, err := range s.log(ctx, "run", "pod", LogOptions{Follow: true, Tail: 3, Since: time.Minute}) {
		if err != nil {
			wantKind(t, err, ErrNotFound)
			break
		}
		lines = append(lines, line)
	}
	if strings.Join(lines, ",") != "one" {
		t.Errorf("log lines %q", lines)
	}
	for _, err := range []error{
		s.Retry(ctx, failed), s.Shutdown(ctx, "run", false), s.Shutdown(ctx, "run", true), s.Delete(ctx, "run"),
		func() error { _, err := s.List(ctx, "a=b"); return err }(),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	want := []string{
		"GET /argo/api/v1/workflows/ns/run/log", "PUT /argo/api/v1/workflows/ns/run/retry", "PUT /argo/api/v1/workflows/ns/run/stop",
		"PUT /argo/api/v1/workflows/ns/run/terminate", "DELETE /argo/api/v1/workflows/ns/run", "GET /argo/api/v1/workflows/ns",
	}
	for i := range want {
		want[i] += " Bearer secret-token"
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("asked\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
