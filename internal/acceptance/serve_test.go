package acceptance

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/cli"
	"github.com/trackscribe/trackscribe/internal/daily/dailytest"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/testenv"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// serving starts trackscribe serve and returns its address, the lines that it
// logs, and what stops it and returns its exit code.
func serving(t *testing.T, env map[string]string, args ...string) (url string, lines <-chan string, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stdout, out := io.Pipe()
	stderr, errs := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- cli.Run(ctx, cli.Env{
			Args: append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), Stdin: strings.NewReader(""), Stdout: out, Stderr: errs,
			Getenv: func(name string) string { return env[name] },
		})
		out.Close()
		errs.Close()
	}()
	logged := make(chan string, 1000)
	go func() {
		defer close(logged)
		for s := bufio.NewScanner(stderr); s.Scan(); {
			logged <- s.Text()
		}
	}()
	first, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("it does not listen: %v, exit code %d, %v", err, <-code, <-logged)
	}
	ended := false
	stop = func() int {
		if ended {
			return 0
		}
		ended = true
		cancel()
		return <-code
	}
	t.Cleanup(func() { stop() })
	return strings.TrimSpace(first), logged, stop
}

// told waits for a line that holds a text, and returns those up to it.
func told(t *testing.T, lines <-chan string, text string) []string {
	t.Helper()
	late := time.After(10 * time.Minute)
	var all []string
	for {
		select {
		case l, ok := <-lines:
			if !ok {
				t.Fatalf("it ended without telling %q:\n%s", text, strings.Join(all, "\n"))
			}
			if all = append(all, l); strings.Contains(l, text) {
				return all
			}
		case <-late:
			t.Fatalf("nothing tells %q:\n%s", text, strings.Join(all, "\n"))
		}
	}
}

func deliver(t *testing.T, url, secret, recording string) int {
	t.Helper()
	body := fmt.Sprintf(`{"version":"1.0.0","type":"recording.ready-to-download","payload":{"type":"raw-tracks","recording_id":%q}}`, recording)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/webhooks/daily", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = dailytest.Sign(secret, body, time.Now())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

// logLine is a line of --log-format json.
type logLine struct {
	Time                              time.Time
	Level, Msg, Recording, Run, Error string
}

// TestServe has a recording run because Daily's webhook said that it is ready:
// once, and never again.
func TestServe(t *testing.T) {
	t.Parallel()
	a := newAccount(t, example(t, "standup"))
	id := a.recording["id"].(string)
	const secret = "c2VjcmV0LWZvci10ZXN0cw=="
	a.env["TRACKSCRIBE_SERVE_TOKEN"] = "a token of this test"
	a.env["DAILY_WEBHOOK_SECRET"], a.env["TRACKSCRIBE_MODEL_DIR"] = secret, testenv.Model(t)
	store := t.TempDir()
	url, lines, stop := serving(t, a.env, "--store", store, "--refresh", "detect-topics")
	if got := deliver(t, url, "d3Jvbmc=", id); got != http.StatusUnauthorized {
		t.Errorf("a wrong signature: %d", got)
	}
	for range 3 {
		if got := deliver(t, url, secret, id); got != http.StatusOK {
			t.Fatalf("status %d", got)
		}
	}
	told(t, lines, `msg="the run is done"`)
	var r artifact.Result
	readJSON(t, filepath.Join(result(t, store), "result.json"), &r)
	if r.WordCount == 0 {
		t.Errorf("result %+v", r)
	}
	if code := stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	runs := func() []string {
		m, err := filepath.Glob(filepath.Join(store, "recordings", "*", "runs", "*"))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	var asked run.Run
	readJSON(t, filepath.Join(runs()[0], "run.json"), &asked)
	if !slices.Contains(asked.Refresh, "detect-topics") {
		t.Errorf("the run was asked for as %+v", asked)
	}
	// After a restart it is the same recording still.
	url, lines, _ = serving(t, a.env, "--store", store, "--log-format", "json")
	if got := deliver(t, url, secret, id); got != http.StatusOK {
		t.Errorf("status %d", got)
	}
	if got := deliver(t, url, secret, "unknown-recording"); got != http.StatusOK {
		t.Errorf("status %d", got)
	}
	failed := logLine{}
	for _, line := range told(t, lines, "Daily has no recording") {
		if failed = (logLine{}); json.Unmarshal([]byte(line), &failed) != nil || failed.Time.IsZero() || failed.Level == "" || failed.Msg == "" {
			t.Errorf("it logs %s", line)
		}
	}
	if failed.Level != "ERROR" || failed.Recording != "unknown-recording" || failed.Run == "" || failed.Error == "" {
		t.Errorf("of the failure it logs %+v", failed)
	}
	if n := len(runs()); n != 2 { // the one of before, and the one that failed
		t.Errorf("%d runs, want two", n)
	}
	list := func() string {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/v1/recordings?state=failed", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+a.env["TRACKSCRIBE_SERVE_TOKEN"])
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	late, tick := time.After(time.Minute), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for text := ""; !strings.Contains(text, `"total":1`) || !strings.Contains(text, "Daily has no recording"); text = list() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("the list tells %s", text)
		}
	}
}

func TestServeMisuse(t *testing.T) {
	t.Parallel()
	base := map[string]string{"DAILY_API_KEY": "k", "DAILY_WEBHOOK_SECRET": "c2VjcmV0", "TRACKSCRIBE_STORE": t.TempDir(), "TRACKSCRIBE_MODEL_DIR": testenv.Model(t)}
	for name, c := range map[string]struct {
		change map[string]string
		args   []string
		say    string
	}{
		"no base64":      {map[string]string{"DAILY_WEBHOOK_SECRET": "planted!"}, nil, "not base64"},
		"no store":       {map[string]string{"TRACKSCRIBE_STORE": "", "DURABLE_WORKFLOW_PROVIDER": "argo"}, nil, "is not said"},
		"no key":         {map[string]string{"DAILY_API_KEY": ""}, []string{"--source", "daily"}, "no key for Daily"},
		"short key":      {map[string]string{"TRACKSCRIBE_SERVE_SESSION_KEY": "planted"}, nil, "session"},
		"no way back":    {map[string]string{"TRACKSCRIBE_OIDC_ISSUER": "https://id.example.com", "TRACKSCRIBE_OIDC_CLIENT_ID": "c"}, nil, "own address"},
		"rules":          {map[string]string{"TRACKSCRIBE_SERVE_RULES": "everybody"}, nil, "is no rule"},
		"traces":         {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "planted:"}, nil, "address for traces"},
		"address in use": {nil, []string{"--listen", "256.0.0.1:1"}, "listen at"},
		"step":           {nil, []string{"--refresh", "no-step"}, `no step "no-step"`},
		"parameter":      {nil, []string{"-p", "no-such=1"}, `"no-such"`},
		"engine":         {map[string]string{"DURABLE_WORKFLOW_PROVIDER": "hatchet"}, nil, `engine "hatchet"`},
	} {
		env := map[string]string{}
		for _, m := range []map[string]string{base, c.change} {
			for k, v := range m {
				env[k] = v
			}
		}
		o := trackscribeWith(t, env, append([]string{"serve"}, c.args...)...)
		if o.code != 2 || !strings.Contains(o.stderr, c.say) || !strings.Contains(o.stderr, "hint: ") || strings.Contains(o.stderr, "planted") {
			t.Errorf("%s: exit code %d, want 2 with %q\n%s", name, o.code, c.say, o.stderr)
		}
	}
}
