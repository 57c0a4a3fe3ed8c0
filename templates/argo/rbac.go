package argo

import (
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
)

// Who pods are, by suffix of the service account's name.
const (
	accountStep      = "step"      // the steps' own identity: for the store's web identity, with no rights in the cluster
	accountExecutor  = "executor"  // Argo's executor beside each step
	accountReprocess = "reprocess" // submits runs
	accountServe     = "serve"     // submits runs and watches them
)

// tokenSecret is where Argo looks for the executor's token.
func (r renderer) tokenSecret() string { return r.name(accountExecutor) + ".service-account-token" }

// accounts returns the service accounts. Only the executor has a token that is
// mounted, and only into Argo's own container.
func (r renderer) accounts() []any {
	no := false
	var list []any
	suffixes := []string{accountStep, accountExecutor, accountReprocess}
	if r.opt.Serve.Enabled {
		suffixes = append(suffixes, accountServe)
	}
	for _, suffix := range suffixes {
		a := corev1.ServiceAccount{
			TypeMeta: typed("v1", "ServiceAccount"), ObjectMeta: r.meta(r.name(suffix), nil), AutomountServiceAccountToken: &no,
		}
		if suffix != accountExecutor && r.opt.Store.Credentials == CredentialsIdentity {
			a.Annotations = r.opt.Store.Identity
		}
		list = append(list, a)
	}
	// Filled in by Kubernetes.
	token := map[string]string{corev1.ServiceAccountNameKey: r.name(accountExecutor)}
	return append(list, corev1.Secret{
		TypeMeta: typed("v1", "Secret"), ObjectMeta: r.meta(r.tokenSecret(), token), Type: corev1.SecretTypeServiceAccountToken,
	})
}

// A grant is the rights of a service account.
type grant struct {
	suffix string
	rules  []rbacv1.PolicyRule
}

// roles returns the rights and who has them: the least that works.
func (r renderer) roles() []any {
	var list []any
	grants := []grant{
		{accountExecutor, []rbacv1.PolicyRule{
			{APIGroups: []string{"argoproj.io"}, Resources: []string{"workflowtaskresults"}, Verbs: []string{"create", "patch"}},
		}},
		{accountReprocess, []rbacv1.PolicyRule{
			{APIGroups: []string{"argoproj.io"}, Resources: []string{"workflows"}, Verbs: []string{"create", "get", "list"}},
			{APIGroups: []string{"argoproj.io"}, Resources: []string{"workflowtemplates"}, Verbs: []string{"get"}},
		}},
	}
	if r.opt.Serve.Enabled {
		grants = append(grants, r.serveGrant())
	}
	for _, grant := range grants {
		name := r.name(grant.suffix)
		list = append(list,
			rbacv1.Role{TypeMeta: typed(rbacAPI, "Role"), ObjectMeta: r.meta(name, nil), Rules: grant.rules},
			rbacv1.RoleBinding{
				TypeMeta: typed(rbacAPI, "RoleBinding"), ObjectMeta: r.meta(name, nil),
				RoleRef:  rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "Role", Name: name},
				Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: name, Namespace: r.opt.Namespace}},
			},
		)
	}
	return list
}
