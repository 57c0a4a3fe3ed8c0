package serve_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/serve"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/folder"
)

// childEnv makes this test's program a server on the store that it names.
const childEnv = "TRACKSCRIBE_TEST_SERVE_STORE"

func TestMain(m *testing.M) {
	if root := os.Getenv(childEnv); root != "" {
		if err := child(root); err != nil {
			log.Fatal(err)
		}
		return
	}
	os.Exit(m.Run())
}

// child serves until it is killed, and says where.
func child(root string) error {
	st, err := folder.New(folder.Options{Root: root})
	if err != nil {
		return err
	}
	t := quiet{}
	o := options(t, st, &starter{store: st, begun: map[string]int{}})
	o.Tick = time.Second
	server, err := serve.New(o)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	go server.Run(context.Background())
	return http.Serve(listener, server.Handler())
}

// quiet is a [testing.TB] outside a test, of which only this is used.
type quiet struct{ testing.TB }

func (quiet) Helper()             {}
func (quiet) Cleanup(func())      {}
func (quiet) Logf(string, ...any) {}
func (quiet) Fatal(args ...any)   { log.Fatal(args...) }

// process is a server of its own.
type process struct {
	cmd *exec.Cmd
	url string
}

func begin(t *testing.T, root string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+root)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the server does not start: %v", err)
	}
	return &process{cmd, strings.TrimSpace(line)}
}

// kill ends the process as a machine that loses its power, and returns the most
// memory it had, in MB.
func (p *process) kill() float64 {
	most := 0.0
	if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid)); err == nil {
		if _, after, ok := bytes.Cut(status, []byte("VmHWM:")); ok {
			kb, _ := strconv.Atoi(strings.Fields(string(after))[0])
			most = float64(kb) / 1024
		}
	}
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	return most
}

// TestTenThousandWebhooks sends 10,000 deliveries at full speed, 30 % of them
// again, in any order, 5 % with a bad signature, while the server is killed
// again and again. Each recording is one run in the end, and none is lost.
func TestTenThousandWebhooks(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	const total, bad, again = 10_000, 500, 3_000
	root := t.TempDir()
	random := rand.New(rand.NewPCG(3, 4))
	type delivery struct {
		body string
		head http.Header
		want int
	}
	var all []delivery
	at := time.Now()
	for i := range total - bad - again {
		body := ready(fmt.Sprintf("rec-%d", i))
		all = append(all, delivery{body, sign(body, now), http.StatusOK})
	}
	for range again {
		all = append(all, all[random.IntN(total-bad-again)])
	}
	for i := range bad {
		body := ready(fmt.Sprintf("bad-%d", i))
		head := sign(body, now)
		head.Set("X-Webhook-Signature", sign(body+" ", now).Get("X-Webhook-Signature"))
		all = append(all, delivery{body, head, http.StatusUnauthorized})
	}
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })

	var url atomic.Value
	server := begin(t, root)
	url.Store(server.url)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	// send delivers until it is answered, as Daily does.
	send := func(d delivery) (int, error) {
		for ctx := t.Context(); ; {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, url.Load().(string)+"/webhooks/daily", strings.NewReader(d.body))
			if err != nil {
				return 0, err
			}
			req.Header = d.head
			res, err := client.Do(req)
			if err == nil {
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
				return res.StatusCode, nil
			}
			if ctx.Err() != nil {
				return 0, errors.Join(err, ctx.Err())
			}
			time.Sleep(time.Millisecond) // until there is a server again
		}
	}
	queue := make(chan delivery)
	var sent atomic.Int64
	var workers sync.WaitGroup
	for range 16 {
		workers.Go(func() {
			for d := range queue {
				if got, err := send(d); err != nil || got != d.want {
					t.Errorf("%d, %v, want %d", got, err, d.want)
				}
				sent.Add(1)
			}
		})
	}
	kills := map[int]bool{}
	for len(kills) < 8 {
		kills[random.IntN(total)] = true
	}
	most := 0.0
	for i, d := range all {
		queue <- d
		if kills[i] {
			most = max(most, server.kill())
			server = begin(t, root)
			url.Store(server.url)
		}
	}
	close(queue)
	workers.Wait()
	answered := time.Since(at)
	st, err := folder.New(folder.Options{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	// One more time, while it works on what is left.
	most = max(most, server.kill())
	server = begin(t, root)
	until(t, "the inbox is empty", func() bool { return empty(t, st, "serve/inbox/") })
	most = max(most, server.kill())
	seen := 0
	for id, err := range st.Folders(t.Context(), "recordings/") {
		if err != nil {
			t.Fatal(err)
		}
		if runs := keys(t, st, run.Runs(id)); len(runs) != 2 || !strings.HasPrefix(id, "rec-") { // one run.json, one end.json
			t.Errorf("%s: %v", id, runs)
		}
		seen++
	}
	if seen != total-bad-again {
		t.Errorf("%d recordings were run, want %d", seen, total-bad-again)
	}
	if most > 120 {
		t.Errorf("a server took %.0f MB", most)
	}
	t.Logf("%d deliveries answered in %.1f s, %d kills, at most %.0f MB", sent.Load(), answered.Seconds(), len(kills)+1, most)
}

func empty(t *testing.T, st store.Store, prefix string) bool {
	t.Helper()
	for _, err := range st.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		return false
	}
	return true
}
