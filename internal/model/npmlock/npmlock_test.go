package npmlock_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/model/npmlock"
)

func TestLockPinsOnePackageByContent(t *testing.T) {
	t.Parallel()
	var manifest struct{ Dependencies map[string]string }
	if err := json.Unmarshal(npmlock.Manifest(), &manifest); err != nil {
		t.Fatal(err)
	}
	version := manifest.Dependencies[npmlock.Package]
	if len(manifest.Dependencies) != 1 || version != npmlock.Version {
		t.Fatalf("dependencies %v: want one, at exactly %s", manifest.Dependencies, npmlock.Version)
	}

	var lock struct {
		Packages map[string]struct {
			Version, Integrity, Resolved, License string
			Dependencies                          map[string]string
			HasInstallScript                      bool
		}
	}
	if err := json.Unmarshal(npmlock.Lock(), &lock); err != nil {
		t.Fatal(err)
	}
	if got := len(lock.Packages); got != 2 { // the manifest itself and the package
		t.Fatalf("lock has %d entries, want 2", got)
	}
	entry := lock.Packages["node_modules/"+npmlock.Package]
	if entry.Version != version {
		t.Errorf("locked version %q, want %q", entry.Version, version)
	}
	if !strings.HasPrefix(entry.Integrity, "sha512-") {
		t.Errorf("integrity %q, want a sha512", entry.Integrity)
	}
	if entry.License != "MIT" {
		t.Errorf("licence %q, want MIT", entry.License)
	}
	if len(entry.Dependencies) != 0 || entry.HasInstallScript {
		t.Errorf("the package brings dependencies %v or an install script; only its weights are wanted", entry.Dependencies)
	}
}

// A lock with addresses in it would tie every user to one registry host.
func TestLockNamesNoHost(t *testing.T) {
	t.Parallel()
	for name, text := range map[string][]byte{"manifest": npmlock.Manifest(), "lock": npmlock.Lock()} {
		if strings.Contains(string(text), "://") || strings.Contains(string(text), "resolved") {
			t.Errorf("%s names an address", name)
		}
	}
}
