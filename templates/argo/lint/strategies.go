package lint

import (
	"fmt"
	"slices"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
)

var (
	unknownStrategy = &Rule{
		ID: "unknown-strategy", Class: Mistake,
		What: "A setting has a value that Argo or Kubernetes does not know; most are ignored without a word.",
		Fix:  "use one of the values that the field has",
	}
	strategyRules = []*Rule{unknownStrategy}
)

var (
	artifactGC = []string{string(wfv1.ArtifactGCOnWorkflowCompletion), string(wfv1.ArtifactGCOnWorkflowDeletion), string(wfv1.ArtifactGCNever)}
	claimGC    = []string{string(wfv1.VolumeClaimGCOnCompletion), string(wfv1.VolumeClaimGCOnSuccess)}
	shutdown   = []string{string(wfv1.ShutdownStrategyStop), string(wfv1.ShutdownStrategyTerminate)}
	pulls      = []string{"Always", "IfNotPresent", "Never"}
	retryKinds = []string{
		string(wfv1.RetryPolicyAlways), string(wfv1.RetryPolicyOnFailure), string(wfv1.RetryPolicyOnError), string(wfv1.RetryPolicyOnTransientError),
	}
)

func (l *linter) checkStrategies(o *object) {
	s := o.spec
	if s.ArtifactGC != nil {
		l.oneOf(o, o.specAt.keys("artifactGC", "strategy"), string(s.ArtifactGC.Strategy), artifactGC)
	}
	if s.VolumeClaimGC != nil {
		l.oneOf(o, o.specAt.keys("volumeClaimGC", "strategy"), string(s.VolumeClaimGC.Strategy), claimGC)
	}
	l.oneOf(o, o.specAt.key("shutdown"), string(s.Shutdown), shutdown)
	if s.RetryStrategy != nil {
		l.oneOf(o, o.specAt.keys("retryStrategy", "retryPolicy"), string(s.RetryStrategy.RetryPolicy), retryKinds)
	}
	for _, t := range o.templates {
		if t.RetryStrategy != nil {
			l.oneOf(o, t.at.keys("retryStrategy", "retryPolicy"), string(t.RetryStrategy.RetryPolicy), retryKinds)
		}
		for i, a := range t.Outputs.Artifacts {
			if a.ArtifactGC != nil {
				l.oneOf(o, t.at.keys("outputs", "artifacts").index(i).keys("artifactGC", "strategy"), string(a.ArtifactGC.Strategy), artifactGC)
			}
		}
		for _, c := range t.containers() {
			l.oneOf(o, c.at.key("imagePullPolicy"), string(c.ImagePullPolicy), pulls)
		}
	}
}

func (l *linter) oneOf(o *object, at path, value string, allowed []string) {
	if value != "" && !hasTag(value) && !slices.Contains(allowed, value) {
		l.report(o, unknownStrategy, at, fmt.Sprintf("%q is no value of %s", short(value, 40), strings.TrimPrefix(string(at), string(o.specAt)+".")),
			fix("use one of "+strings.Join(allowed, ", ")), subject(value+" is not a valid RetryPolicy"))
	}
}
