package kubeapi

// A resource is one kind of object that the server keeps.
type resource struct {
	groupVersion string
	plural       string
	kind         string
	cluster      bool // its objects belong to no namespace
	status       bool // its status is written apart from the rest
}

// resources are those that Argo's controller, its executor and a rendered
// pipeline touch. Everything else is answered as a server does that does not
// know a custom resource.
var resources = index([]resource{
	{groupVersion: "v1", plural: "configmaps", kind: "ConfigMap"},
	{groupVersion: "v1", plural: "events", kind: "Event"},
	{groupVersion: "v1", plural: "namespaces", kind: "Namespace", cluster: true},
	{groupVersion: "v1", plural: "persistentvolumeclaims", kind: "PersistentVolumeClaim"},
	{groupVersion: "v1", plural: "pods", kind: "Pod", status: true},
	{groupVersion: "v1", plural: "secrets", kind: "Secret"},
	{groupVersion: "v1", plural: "serviceaccounts", kind: "ServiceAccount"},
	{groupVersion: "argoproj.io/v1alpha1", plural: "clusterworkflowtemplates", kind: "ClusterWorkflowTemplate", cluster: true},
	{groupVersion: "argoproj.io/v1alpha1", plural: "cronworkflows", kind: "CronWorkflow"},
	{groupVersion: "argoproj.io/v1alpha1", plural: "workflowartifactgctasks", kind: "WorkflowArtifactGCTask", status: true},
	{groupVersion: "argoproj.io/v1alpha1", plural: "workfloweventbindings", kind: "WorkflowEventBinding"},
	{groupVersion: "argoproj.io/v1alpha1", plural: "workflows", kind: "Workflow"},
	{groupVersion: "argoproj.io/v1alpha1", plural: "workflowtaskresults", kind: "WorkflowTaskResult"},
	{groupVersion: "argoproj.io/v1alpha1", plural: "workflowtasksets", kind: "WorkflowTaskSet", status: true},
	{groupVersion: "argoproj.io/v1alpha1", plural: "workflowtemplates", kind: "WorkflowTemplate"},
	{groupVersion: "coordination.k8s.io/v1", plural: "leases", kind: "Lease"},
	{groupVersion: "networking.k8s.io/v1", plural: "networkpolicies", kind: "NetworkPolicy"},
	{groupVersion: "policy/v1", plural: "poddisruptionbudgets", kind: "PodDisruptionBudget"},
	{groupVersion: "rbac.authorization.k8s.io/v1", plural: "rolebindings", kind: "RoleBinding"},
	{groupVersion: "rbac.authorization.k8s.io/v1", plural: "roles", kind: "Role"},
})

func index(list []resource) map[string]resource {
	m := map[string]resource{}
	for _, r := range list {
		m[r.groupVersion+"/"+r.plural] = r
	}
	return m
}

// Resource names where objects of a kind are kept.
func Resource(apiVersion, kind string) (plural string, namespaced, ok bool) {
	for _, r := range resources {
		if r.groupVersion == apiVersion && r.kind == kind {
			return r.plural, !r.cluster, true
		}
	}
	return "", false, false
}
