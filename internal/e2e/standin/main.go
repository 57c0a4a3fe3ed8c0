// Command standin takes the step binary's place in a test image: it fails, waits
// or does nothing where its environment says so, and else becomes the step
// binary, which lies beside it as /step.real.
//
//	STANDIN_FAIL=transcribe-track[1]=75x1   exit with 75, the first 1 time; several with commas; without xN: always
//	STANDIN_HOLD=mixdown-tracks=20s         first wait for so long
//	STANDIN_NOOP=4                          do nothing for a recording with 4 tracks
//
// How often a task has failed is counted in the store, because pods remember
// nothing.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/open"
)

const stepBinary = "/step.real"

func main() {
	code, err := stand(os.Args[1:], os.Getenv)
	if err == nil && code == 0 {
		err = syscall.Exec(stepBinary, append([]string{stepBinary}, os.Args[1:]...), os.Environ())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error: stand-in:", err)
		code = 64
	}
	os.Exit(max(code, 0))
}

// done ends the pod well without the step binary.
const done = -1

// stand does what the environment says, and returns the code to exit with; 0
// leaves the work to the step binary.
func stand(args []string, getenv func(string) string) (code int, err error) {
	t, names, outputs := parse(args)
	if n := getenv("STANDIN_NOOP"); n != "" {
		return done, list(outputs, n)
	}
	for _, name := range names {
		t.Step = name
		if v, ok := value(getenv("STANDIN_HOLD"), t.String()); ok {
			d, err := time.ParseDuration(v)
			if err != nil {
				return 0, err
			}
			time.Sleep(d)
		}
		v, ok := value(getenv("STANDIN_FAIL"), t.String())
		if !ok {
			continue
		}
		if code, err = fail(v, t, getenv); code != 0 || err != nil {
			return code, err
		}
	}
	return 0, nil
}

// parse reads what the stand-in needs of the step binary's arguments.
func parse(args []string) (t run.Task, names []string, outputs string) {
	t.Track = -1
	for _, a := range args {
		name, v, flag := strings.Cut(a, "=")
		switch {
		case !strings.HasPrefix(a, "-"):
			names = append(names, a)
		case !flag:
		case name == "--recording":
			t.Recording = v
		case name == "--run":
			t.Run = v
		case name == "--outputs":
			outputs = v
		case name == "--track":
			t.Track, _ = strconv.Atoi(v)
		}
	}
	return t, names, outputs
}

// list writes the list of tracks that Argo fans out over.
func list(dir, tracks string) error {
	n, err := strconv.Atoi(tracks)
	if err != nil {
		return err
	}
	indexes := make([]string, n)
	for i := range indexes {
		indexes[i] = strconv.Itoa(i)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "tracks.json"), []byte("["+strings.Join(indexes, ",")+"]"), 0o644)
}

// value finds a task's value in a list like "a=1,b[2]=3".
func value(list, task string) (string, bool) {
	for _, entry := range strings.Split(list, ",") {
		if name, v, ok := strings.Cut(entry, "="); ok && name == task {
			return v, true
		}
	}
	return "", false
}

// fail returns the code of a fault like "75" or "75x2", or 0 when the task has
// had all its failures.
func fail(fault string, t run.Task, getenv func(string) string) (int, error) {
	number, times, bounded := strings.Cut(fault, "x")
	code, err := strconv.Atoi(number)
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(os.Stderr, "stand-in: %s fails with %d\n", t, code)
	if !bounded {
		return code, nil
	}
	most, err := strconv.Atoi(times)
	if err != nil {
		return 0, err
	}
	ctx := context.Background()
	set, err := settings.Load(getenv)
	if err != nil {
		return 0, err
	}
	st, err := open.Open(ctx, set.Store, open.FromSettings(set))
	if err != nil {
		return 0, err
	}
	for i := range most {
		key := fmt.Sprintf("standin/%s/%s/%s.%d.%d", t.Recording, t.Run, t.Step, t.Track, i)
		_, err := st.Put(ctx, key, strings.NewReader("x"), store.PutOptions{IfAbsent: true})
		switch {
		case err == nil:
			return code, nil
		case !errors.Is(err, store.ErrExists):
			return 0, err
		}
	}
	return 0, nil
}
