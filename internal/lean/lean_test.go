package lean_test

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/lean"
)

// TestDown wants less of the program in memory than before, and the program to
// work on.
func TestDown(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("it does nothing here")
	}
	program, err := os.ReadFile(os.Args[0]) // into the page cache
	if err != nil {
		t.Fatal(err)
	}
	before := files(t)
	lean.Down()
	after := files(t)
	t.Logf("%d kB of files were mapped, now %d kB", before, after)
	if after >= before {
		t.Errorf("%d kB of files are mapped, %d kB before", after, before)
	}
	if again, err := os.ReadFile(os.Args[0]); err != nil || !bytes.Equal(again, program) {
		t.Errorf("the program has changed: %v", err)
	}
}

// files returns how much of files this process has mapped, in kB.
func files(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(status), "RssFile:")
	if !ok {
		t.Skip("the kernel does not tell")
	}
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
