package argo

import (
	"strings"

	"github.com/trackscribe/trackscribe/internal/pattern"
	"github.com/trackscribe/trackscribe/templates/argo"
)

// A Trouble is something that keeps pods from working and that a person can
// mend: what Kubernetes, Argo or the store say, what it means, what to do.
type Trouble struct {
	Sign    *pattern.Regexp
	Meaning string
	// Hint may name the namespace as NAMESPACE and what the sign's group
	// matched as $1.
	Hint string
}

// Troubles lists them, the more telling ones first.
func Troubles() []Trouble { return troubles }

var troubles = []Trouble{
	{
		pattern.New(`(?i)secrets? "([^"]+)" not found`), "a Secret is missing; pods wait until it is there",
		"kubectl -n NAMESPACE create secret generic $1 --from-literal=" + argo.SecretAccessKey + "=… --from-literal=" + argo.SecretSecretKey + "=…",
	},
	{
		pattern.New(`couldn't find key (\S+) in Secret`), "a Secret lacks a key",
		"add the key $1 to that Secret, then: trackscribe retry",
	},
	{
		pattern.New(`(?i)configmaps? "([^"]+)" not found`), "the settings were not installed",
		"run: trackscribe install -n NAMESPACE",
	},
	{
		pattern.New(`(?i)serviceaccounts? "?([^"\s]+)"? not found`), "a ServiceAccount is missing, so no pod can be made",
		"run: trackscribe install -n NAMESPACE, then: trackscribe retry",
	},
	{
		pattern.New(`workflowtaskresults\.argoproj\.io (?:"[^"]*" )?is forbidden`), "the pods' ServiceAccount lacks its Role, so Argo is not told what they did",
		"run: trackscribe install -n NAMESPACE, then: trackscribe retry",
	},
	{
		pattern.New(`exceeded quota`), "the namespace's quota is used up",
		"kubectl -n NAMESPACE describe resourcequota",
	},
	{
		pattern.New(`violates PodSecurity`), "the namespace does not allow such pods",
		"see the namespace's labels pod-security.kubernetes.io/*: the pods need no more than the level restricted",
	},
	{
		pattern.New(`Unschedulable|FailedScheduling|nodes are available`), "no node has room for the pod, or none is of its pool",
		"compare kubectl describe nodes with the pools that were rendered: cpu, memory, nodeSelector, tolerations",
	},
	{
		pattern.New(`ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|[Ff]ailed to pull image`), "the node cannot get the image",
		"check the image's name and tag, and the pull secrets, that were rendered",
	},
	{
		pattern.New(`OOMKilled`), "the step needed more memory than its limit",
		"raise the memory of its pool, then: trackscribe install, trackscribe retry",
	},
	{
		pattern.New(`(?i)longer than the specified deadline|exceeded its deadline`), "the step took longer than its timeout",
		"trackscribe retry tries it again; finished steps are kept",
	},
	{
		pattern.New(`(?i)pod deleted|evicted|node was low on|preempt|shutting down`), "the pod was lost",
		"trackscribe retry goes on from there; finished steps are kept",
	},
	{
		pattern.New(`(?i)access denied`), "the store does not let the steps read or write",
		"check the keys in the Secret and what their user may do in the bucket",
	},
	{
		pattern.New(`(?i)bucket not found`), "the bucket does not exist",
		"create the bucket, or render with another --store",
	},
	{
		pattern.New(`(?i)templates? .*not found|invalid spec`), "the Workflow asks for what is not installed",
		"run: trackscribe install -n NAMESPACE",
	},
}

// advise returns what to do about a message, or "".
func advise(namespace, message string) string {
	if message == "" {
		return ""
	}
	for _, t := range troubles {
		if m := t.Sign.FindStringSubmatch(message); m != nil {
			hint := strings.ReplaceAll(t.Hint, "NAMESPACE", namespace)
			if len(m) > 1 {
				hint = strings.ReplaceAll(hint, "$1", m[1])
			}
			return hint
		}
	}
	return ""
}
