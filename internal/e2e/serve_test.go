package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/daily/dailytest"
	"github.com/trackscribe/trackscribe/internal/testenv"
)

const (
	hookSecret = "c2VjcmV0LWZvci10ZXN0cw==" // secret-for-tests
	serveToken = "token-of-the-tests-of-serve"
)

// TestServe has the installed Deployment process two recordings because Daily's
// webhook tells of them: one is followed as a program does, the other in a
// browser, where there is one.
func TestServe(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	meeting := filepath.Join(testenv.SharedData(t), "meeting4")
	p.in("create", "secret", "generic", "trackscribe-services", "--from-literal=DAILY_WEBHOOK_SECRET="+hookSecret,
		"--from-literal=TRACKSCRIBE_SERVE_TOKEN="+serveToken, "--from-literal=TRACKSCRIBE_SERVE_SESSION_KEY=0123456789abcdef0123456789abcdef")
	p.source(filepath.Join(testenv.Root(t), "examples", "standup"))
	p.source(meeting)
	p.install("--serve", "--serve-source", p.home+"/source", "--serve-replicas", "2")
	p.in("rollout", "status", "deployment/trackscribe-serve", "--timeout=120s")
	url := p.forward("svc/trackscribe-serve", "80")

	id := recordingID(t, filepath.Join(testenv.Root(t), "examples", "standup"))
	for range 2 {
		if got := deliver(t, url, id); got != http.StatusOK {
			t.Fatalf("the webhook is answered with %d", got)
		}
	}
	states, nodes := follow(t, url+"/v1/recordings/"+strings.ToLower(id)+"/events?only=DAG_STATUS")
	if len(states) < 3 || states[0] != "queued" || states[1] != "running" || states[len(states)-1] != "succeeded" {
		t.Errorf("the run went %v", states)
	}
	if nodes["transcribe-track"] != "completed" || nodes["finalize"] != "completed" || len(nodes) != 14 {
		t.Errorf("the nodes end as %v", nodes)
	}
	if n := len(strings.Fields(p.in("get", "workflows", "-o", "name"))); n != 1 {
		t.Errorf("%d Workflows, want one", n)
	}
	status, body := asked(t, url+"/v1/recordings/"+strings.ToLower(id)+"/result/audio.webm", "Range", "bytes=0-3")
	if status != http.StatusPartialContent || body != "\x1aE\xdf\xa3" {
		t.Errorf("the audio's first bytes: %d %q", status, body)
	}
	if holder := p.in("get", "lease", "trackscribe-serve", "-o", "jsonpath={.spec.holderIdentity}"); !strings.HasPrefix(holder, "trackscribe-serve-") {
		t.Errorf("%q has the lead", holder)
	}
	p.browse(url, recordingID(t, meeting))
}

// browse runs serve.sh against a server that is there.
func (p *place) browse(url, id string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), longest)
	defer cancel()
	cmd := exec.CommandContext(ctx, "./serve.sh")
	cmd.Env = append(os.Environ(), "SERVE_URL="+url, "SERVE_TOKEN="+serveToken, "SERVE_SECRET="+hookSecret, "SERVE_ID="+id)
	o := execute(p.t, cmd)
	if o.code == 77 {
		p.t.Logf("not in a browser: %s", o.stderr)
		return
	}
	p.t.Log(o.stdout)
	p.ok(o)
}

// forward makes a service's port one of this machine, until the test ends.
func (p *place) forward(service, port string) string {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), "kubectl", "-n", p.ns, "port-forward", service, ":"+port)
	out, err := cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	address, ok := strings.CutPrefix(line, "Forwarding from ")
	if err != nil || !ok {
		p.t.Fatalf("forward %s: %v, %q", service, err, line)
	}
	address, _, _ = strings.Cut(address, " ")
	return "http://" + address
}

func recordingID(t *testing.T, dir string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "recording.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r struct{ ID string }
	decode(t, string(b), &r)
	return r.ID
}

// deliver tells of a recording as Daily does.
func deliver(t *testing.T, url, id string) int {
	t.Helper()
	body := fmt.Sprintf(`{"version":"1.0.0","type":"recording.ready-to-download","payload":{"type":"raw-tracks","recording_id":%q}}`, id)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/webhooks/daily", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = dailytest.Sign(hookSecret, body, time.Now())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

func call(t *testing.T, url string, header ...string) *http.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+serveToken)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func asked(t *testing.T, url string, header ...string) (int, string) {
	t.Helper()
	res := call(t, url, header...)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// follow reads a run's DAG_STATUS events to its end: the states that the run was
// in, one after the other, and how its nodes ended.
func follow(t *testing.T, url string) (states []string, nodes map[string]string) {
	t.Helper()
	res := call(t, url)
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var d struct {
			Status string
			Tasks  []struct{ Name, Status string }
		}
		if err := json.Unmarshal([]byte(data), &d); err != nil {
			t.Fatal(err)
		}
		if len(states) == 0 || states[len(states)-1] != d.Status {
			states = append(states, d.Status)
		}
		nodes = map[string]string{}
		for _, n := range d.Tasks {
			nodes[n.Name] = n.Status
		}
		if d.Status == "succeeded" || d.Status == "failed" {
			return states, nodes
		}
	}
	t.Fatalf("the events end early: %v, after %v", errors.Join(lines.Err(), context.Cause(t.Context())), states)
	return nil, nil
}
