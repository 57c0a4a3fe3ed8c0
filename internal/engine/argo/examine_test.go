package argo

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// The example of a Role allows what commands do, and nothing else.
func TestRightsAreTheExample(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../../examples/rbac/user.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var role rbacv1.Role
	if err := yaml.UnmarshalStrict(b, &role); err != nil {
		t.Fatal(err)
	}
	var want []rbacv1.PolicyRule
	for _, r := range rights {
		want = append(want, rbacv1.PolicyRule{APIGroups: []string{r.group}, Resources: []string{r.resource}, Verbs: strings.Fields(r.verbs)})
	}
	if diff := cmp.Diff(want, role.Rules); diff != "" {
		t.Errorf("the example (-rights +example):\n%s", diff)
	}
}
