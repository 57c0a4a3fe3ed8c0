package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestDoctor: what is missing on the cluster is told, until nothing is; whoever
// has the Role of the example can do all that runs need.
func TestDoctor(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	type finding struct{ State, Found, Do string }
	examine := func(code int, env ...string) map[string]finding {
		t.Helper()
		var list []struct {
			Check string
			finding
		}
		decode(t, p.exits(p.cliWith(env, "doctor", "-o", "json"), code).stdout, &list)
		found := map[string]finding{}
		for _, f := range list {
			found[f.Check] = f.finding
		}
		return found
	}
	want := func(found map[string]finding, check, state string, texts ...string) {
		t.Helper()
		f := found[check]
		if f.State != state {
			t.Errorf("%s: %+v, want %s", check, f, state)
		}
		for _, text := range texts {
			if !strings.Contains(f.Found+"\n"+f.Do, text) {
				t.Errorf("%s: %+v does not tell %q", check, f, text)
			}
		}
	}

	found := examine(0)
	want(found, "store", "ok", "it can list, write, read")
	want(found, "cluster", "ok", "Kubernetes v", "Argo Workflows", p.ns)
	want(found, "permissions", "ok")
	want(found, "template", "warn", "trackscribe install -n "+p.ns)
	p.install("--granularity", "run")
	want(examine(0), "template", "ok")

	nobody := "KUBECONFIG=" + p.kubeconfig("nobody")
	want(examine(1, nobody), "permissions", "fail", "create workflows", "get workflowtemplates", "get pods/log, which trackscribe logs needs", "a Role in namespace "+p.ns)

	user := "KUBECONFIG=" + p.kubeconfig("user")
	role, err := filepath.Abs("../../examples/rbac/user.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p.in("apply", "-f", role)
	p.in("create", "rolebinding", "users", "--role=trackscribe-user", "--serviceaccount="+p.ns+":user")
	want(examine(0, user), "permissions", "ok")
	source := p.source(shortRecording(t, "quiet", 1))
	for _, args := range [][]string{
		{"submit", source, "--run", "one"},
		{"watch", "quiet-one"},
		{"get", "quiet-one"},
		{"logs", "quiet-one"},
		{"delete", "quiet-one"},
	} {
		p.ok(p.cliWith([]string{user}, args...))
	}
}
