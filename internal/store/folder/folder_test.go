package folder_test

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/folder"
	"github.com/trackscribe/trackscribe/internal/store/storetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) store.Store {
		return open(t, filepath.Join(t.TempDir(), "not", "yet", "there"))
	})
}

func open(t testing.TB, root string) *folder.Store {
	t.Helper()
	s, err := folder.New(folder.Options{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t *testing.T, s store.Store, key, content string) {
	t.Helper()
	if _, err := s.Put(t.Context(), key, strings.NewReader(content), store.PutOptions{}); err != nil {
		t.Fatalf("Put(%q): %v", key, err)
	}
}

func keys(t *testing.T, s store.Store) []string {
	t.Helper()
	var got []string
	for info, err := range s.List(t.Context(), "") {
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		got = append(got, info.Key)
	}
	return got
}

// files is what is on disk, staging included.
func files(t *testing.T, root string) []string {
	t.Helper()
	var got []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(root, path)
			got = append(got, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestNew(t *testing.T) {
	t.Parallel()
	for _, root := range []string{"", "a\x00b"} {
		if _, err := folder.New(folder.Options{Root: root}); err == nil {
			t.Errorf("New(%q): no error", root)
		}
	}
	root := filepath.Join(t.TempDir(), "store")
	s := open(t, root+"/./")
	if s.URL() != root {
		t.Errorf("URL = %q, want %q", s.URL(), root)
	}
	keys(t, s)
	if _, err := os.Stat(root); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading created the root: %v", err)
	}
}

func TestLayout(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	s := open(t, root)
	put(t, s, "a/b/key", "the content")
	data, err := os.ReadFile(filepath.Join(root, "a", "b", "key"))
	if err != nil || string(data) != "the content" {
		t.Errorf("file has %q, %v, want the content", data, err)
	}
	for _, r := range []io.Reader{strings.NewReader("x"), io.MultiReader(strings.NewReader("x"), broken{})} {
		_, _ = s.Put(t.Context(), "a/b/key", r, store.PutOptions{IfAbsent: true})
		_, _ = s.Put(t.Context(), "a/b/other", r, store.PutOptions{IfAbsent: true})
	}
	if diff := cmp.Diff([]string{"a/b/key", "a/b/other"}, files(t, root)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("broken") }

func TestLeftovers(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	put(t, open(t, root), "key", "x")
	for name, age := range map[string]time.Duration{"old": 25 * time.Hour, "young": 23 * time.Hour} {
		path := filepath.Join(root, ".tmp-put", name)
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(-age)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, root)
	if diff := cmp.Diff([]string{"key"}, keys(t, s)); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	put(t, s, "key", "y")
	if diff := cmp.Diff([]string{".tmp-put/young", "key"}, files(t, root)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// killedRoot tells the test binary to be the process that is killed.
const killedRoot = "FOLDER_TEST_KILLED_ROOT"

// TestKilled lets another process die in the middle of a Put.
func TestKilled(t *testing.T) {
	if root := os.Getenv(killedRoot); root != "" {
		half := io.MultiReader(strings.NewReader(strings.Repeat("x", 1<<20)), readerFunc(func([]byte) (int, error) {
			_, _ = os.Stdout.WriteString("half\n")
			select {} // until killed
		}))
		_, _ = open(t, root).Put(t.Context(), "key", half, store.PutOptions{})
		return
	}
	t.Parallel()
	root := t.TempDir()
	s := open(t, root)
	put(t, s, "key", "the old object")
	child := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	child.Env = append(os.Environ(), killedRoot+"="+root)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	_ = child.Process.Kill()
	_ = child.Wait()
	if err != nil || line != "half\n" {
		t.Fatalf("the other process said %q, %v", line, err)
	}
	if n := len(files(t, root)); n != 2 {
		t.Errorf("%d files on disk, want the object and a leftover: this test shows nothing", n)
	}
	if diff := cmp.Diff([]string{"key"}, keys(t, s)); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	rc, info, err := s.Get(t.Context(), "key")
	if err != nil || info.Size != int64(len("the old object")) {
		t.Fatalf("Get = %+v, %v, want the old object", info, err)
	}
	rc.Close()
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// A folder that people use has more in it than objects.
func TestForeignFiles(t *testing.T) {
	t.Parallel()
	root, outside := t.TempDir(), t.TempDir()
	s := open(t, root)
	put(t, s, "dir/key", "x")
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{
		"out": outside, "file": filepath.Join(outside, "secret"), "up": "..", "in": "dir", "loop": "loop",
	} {
		if err := os.Symlink(target, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{".tmp-x", "back\\slash", "bad\xffutf8"} {
		if err := os.WriteFile(filepath.Join(root, "dir", name), nil, 0o600); err != nil {
			t.Logf("no file %q on this system: %v", name, err)
		}
	}
	if diff := cmp.Diff([]string{"dir/key"}, keys(t, s)); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	for _, key := range []string{"out/secret", "file", "up/x", "loop"} {
		if rc, _, err := s.Get(t.Context(), key); err == nil {
			rc.Close()
			t.Errorf("Get(%q) left the root", key)
		}
	}
	for _, key := range []string{"out/new", "up/new"} {
		if _, err := s.Put(t.Context(), key, strings.NewReader("x"), store.PutOptions{}); err == nil {
			t.Errorf("Put(%q) left the root", key)
		}
	}
	if diff := cmp.Diff([]string{"secret"}, files(t, outside)); diff != "" {
		t.Errorf("files outside (-want +got):\n%s", diff)
	}
}

// One name cannot be a file and a folder.
func TestKeyIsBeginningOfKey(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	put(t, s, "a", "x")
	put(t, s, "b/c", "y")
	for _, key := range []string{"a/below", "a/far/below", "b"} {
		for _, once := range []bool{false, true} {
			_, err := s.Put(t.Context(), key, strings.NewReader("z"), store.PutOptions{IfAbsent: once})
			var e *store.Error
			if !errors.As(err, &e) || e.Kind != nil || e.Transient || !strings.Contains(e.Hint(), "same name") {
				t.Errorf("Put(%q, once %t): error is %v, want a permanent one with a hint", key, once, err)
			}
		}
	}
	if diff := cmp.Diff([]string{"a", "b/c"}, keys(t, s)); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func TestRootIsFile(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(root, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, root)
	_, putErr := s.Put(t.Context(), "key", strings.NewReader("x"), store.PutOptions{})
	_, statErr := s.Stat(t.Context(), "key")
	var listErr error
	for _, err := range s.List(t.Context(), "") {
		listErr = err
	}
	for op, err := range map[string]error{"Put": putErr, "Stat": statErr, "List": listErr, "Delete": s.Delete(t.Context(), "key")} {
		if err == nil || errors.Is(err, store.ErrNotFound) || store.IsTransient(err) {
			t.Errorf("%s: error is %v, want a permanent one", op, err)
		}
	}
}

func TestDenied(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere; TestFail has the mapping")
	}
	root := t.TempDir()
	s := open(t, root)
	put(t, s, "closed/key", "x")
	if err := os.Chmod(filepath.Join(root, "closed"), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(root, "closed"), 0o700) })
	_, _, getErr := s.Get(t.Context(), "closed/key")
	_, putErr := s.Put(t.Context(), "closed/new", strings.NewReader("x"), store.PutOptions{})
	for op, err := range map[string]error{"Get": getErr, "Put": putErr} {
		if !errors.Is(err, store.ErrDenied) {
			t.Errorf("%s: error is %v, want ErrDenied", op, err)
		}
	}
}
