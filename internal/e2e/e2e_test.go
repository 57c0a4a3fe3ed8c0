// Package e2e tests the command on a real cluster, from outside: it starts the
// program as a person would, and looks at what it did with kubectl and in the
// store. The tests make namespaces and prefixes of their own and remove them.
//
// They need a cluster with Argo Workflows, an S3 server that its pods and this
// machine reach, images on its nodes, and kubectl; run.sh prepares all of that
// and says by the environment where it is. Without TRACKSCRIBE_E2E they are
// skipped.
package e2e

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/open"
)

// A place is where one group of tests works: a namespace, and a prefix in the
// bucket.
type place struct {
	t    *testing.T
	ns   string
	home string // s3://bucket/prefix of everything
	pods *witness
}

// env reads what run.sh says; without all of it nothing can be tested.
func env(t testing.TB, name string) string {
	t.Helper()
	if os.Getenv("TRACKSCRIBE_E2E") == "" {
		t.Skip("no cluster: make e2e")
	}
	v := os.Getenv(name)
	if v == "" {
		t.Fatalf("%s is not set: use make e2e", name)
	}
	return v
}

// newPlace makes a namespace with the store's Secret in it, watches its pods,
// and removes everything at the end.
func newPlace(t *testing.T) *place {
	t.Helper()
	var b [3]byte
	_, _ = rand.Read(b[:]) // never fails
	name := "ts-e2e-" + strings.Trim(strings.ToLower(strings.Map(dashes, strings.TrimPrefix(t.Name(), "Test"))), "-") + "-" + hex.EncodeToString(b[:])
	p := &place{t: t, ns: name, home: "s3://" + env(t, "TRACKSCRIBE_E2E_BUCKET") + "/" + name}
	t.Cleanup(func() {
		if t.Failed() && os.Getenv("TRACKSCRIBE_E2E_KEEP") != "" {
			t.Logf("namespace %s and %s are kept", p.ns, p.home)
			return
		}
		p.remove("")
	})
	p.kubectl("create", "namespace", name)
	t.Cleanup(func() {
		if os.Getenv("TRACKSCRIBE_E2E_KEEP") == "" || !t.Failed() {
			p.kubectl("delete", "namespace", name, "--wait=false")
		}
	})
	p.secret()
	p.pods = watchPods(t, name)
	return p
}

func dashes(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
		return r
	}
	return '-'
}

// secret makes the Secret with the store's credentials.
func (p *place) secret() {
	p.t.Helper()
	p.kubectl("-n", p.ns, "create", "secret", "generic", "trackscribe-store",
		"--from-literal=access-key="+env(p.t, "AWS_ACCESS_KEY_ID"), "--from-literal=secret-key="+env(p.t, "AWS_SECRET_ACCESS_KEY"))
}

// store is where artifacts and results of the place go.
func (p *place) store() string { return p.home + "/store" }

// installArgs are the options for this cluster: pods ask for little, so that
// the smallest node takes them.
func (p *place) installArgs(more ...string) []string {
	return append([]string{
		"--store", p.store(), "--store-endpoint", env(p.t, "TRACKSCRIBE_E2E_S3_ENDPOINT_IN_PODS"),
		"--image", env(p.t, "TRACKSCRIBE_E2E_IMAGE"), "--cli-image", env(p.t, "TRACKSCRIBE_E2E_CLI_IMAGE"),
		"--pool", "io.cpu=0.02", "--pool", "cpu.cpu=0.02", "--pool", "asr.cpu=0.02", "--pool", "llm.cpu=0.02",
	}, more...)
}

// standin are the options for an image whose steps fail, wait or do nothing
// when settings say so.
func (p *place) standin(settings ...string) []string {
	args := []string{"--image", env(p.t, "TRACKSCRIBE_E2E_STANDIN_IMAGE")}
	for _, s := range settings {
		args = append(args, "--setting", s)
	}
	return args
}

// install installs and wants that to work.
func (p *place) install(more ...string) {
	p.t.Helper()
	p.ok(p.cli(append([]string{"install"}, p.installArgs(more...)...)...))
}

// source puts a recording's folder into the bucket and returns its location.
func (p *place) source(dir string) string {
	p.t.Helper()
	at := p.home + "/source/" + filepath.Base(dir)
	st := openStore(p.t, at)
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = st.Put(p.t.Context(), filepath.ToSlash(rel), f, store.PutOptions{})
		return err
	})
	if err != nil {
		p.t.Fatalf("copy %s to %s: %v", dir, at, err)
	}
	return at
}

// remove deletes everything under a folder of the place.
func (p *place) remove(dir string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	st := openStore(p.t, p.home)
	for info, err := range st.List(ctx, dir) {
		if err == nil {
			err = st.Delete(ctx, info.Key)
		}
		if err != nil {
			p.t.Errorf("clean %s: %v", p.home, err)
			return
		}
	}
}

func openStore(t testing.TB, location string) store.Store {
	t.Helper()
	st, err := open.Open(context.Background(), location, open.Options{
		Endpoint: env(t, "TRACKSCRIBE_E2E_S3_ENDPOINT"), PathStyle: true, Region: os.Getenv("AWS_REGION"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// readJSON reads a document out of the place's store.
func (p *place) readJSON(key string, v any) {
	p.t.Helper()
	if _, err := store.GetJSON(p.t.Context(), openStore(p.t, p.store()), key, v); err != nil {
		p.t.Fatal(err)
	}
}

// keys lists what the place's store holds under a prefix.
func (p *place) keys(prefix string) []string {
	p.t.Helper()
	var keys []string
	for info, err := range openStore(p.t, p.store()).List(p.t.Context(), prefix) {
		if err != nil {
			p.t.Fatal(err)
		}
		keys = append(keys, info.Key)
	}
	return keys
}

func decode(t testing.TB, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, text)
	}
}
