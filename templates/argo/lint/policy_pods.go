package lint

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

var (
	runAsRoot = &Rule{
		ID: "non-root", Class: Policy,
		What: "A container may run as root.",
		Fix:  "set runAsNonRoot: true in the securityContext of the workflow, the template or the container",
	}
	writableRoot = &Rule{
		ID: "read-only-root", Class: Policy,
		What: "A container may write to its image's file system.",
		Fix:  "set readOnlyRootFilesystem: true, and mount an emptyDir where it has to write",
	}
	privileges = &Rule{
		ID: "drop-privileges", Class: Policy,
		What: "A container keeps capabilities or may gain privileges.",
		Fix:  "set allowPrivilegeEscalation: false and capabilities: {drop: [ALL]}",
	}
	noSeccomp = &Rule{
		ID: "seccomp", Class: Policy,
		What: "A container has no seccomp profile.",
		Fix:  "set seccompProfile: {type: RuntimeDefault}",
	}
	noResources = &Rule{
		ID: "resources", Class: Policy,
		What: "A container does not say what CPU and memory it needs.",
		Fix:  "give requests for cpu and memory, and a limit for memory",
	}
	movingImage = &Rule{
		ID: "image-latest", Class: Policy,
		What: "An image has no tag or the tag latest: tomorrow it is another one.",
		Fix:  "name a version, or better a digest",
	}
	noCommand = &Rule{
		ID: "command", Class: Policy,
		What: "A container has no command, so the controller has to ask the image's registry for it.",
		Fix:  "give the command, with an absolute path",
	}
	mountedToken = &Rule{
		ID: "service-account-token", Class: Policy,
		What: "The main container gets a service account token.",
		Fix:  "set automountServiceAccountToken: false and executor.serviceAccountName",
	}
	podPolicies = []*Rule{runAsRoot, writableRoot, privileges, noSeccomp, noResources, movingImage, noCommand, mountedToken}
)

// checkPodPolicy looks at every container that a template starts.
func (l *linter) checkPodPolicy(o *object) {
	for _, t := range o.templates {
		if t.defaults {
			continue
		}
		pods := t.podContexts()
		main := false
		for _, c := range t.containers() {
			if c.Container.Image == "" && c.Container.Name == "" && !c.main {
				continue // the mounts of a container set
			}
			main = main || c.main
			l.containerPolicy(t, c, pods)
		}
		if main && !t.withoutToken() {
			l.report(o, mountedToken, t.at, fmt.Sprintf("the main container of %s gets a service account token", t))
		}
	}
}

// podContexts are the security contexts in force for a template's pod. The
// template's own, with the defaults, takes the place of the workflow's.
func (t *tmpl) podContexts() []*corev1.PodSecurityContext {
	list := []*corev1.PodSecurityContext{t.SecurityContext}
	if d := t.obj.spec.TemplateDefaults; d != nil {
		list = append(list, d.SecurityContext)
	}
	if list = slices.DeleteFunc(list, isNil); len(list) == 0 {
		list = slices.DeleteFunc([]*corev1.PodSecurityContext{t.obj.spec.SecurityContext}, isNil)
	}
	return list
}

func isNil(c *corev1.PodSecurityContext) bool { return c == nil }

func (l *linter) containerPolicy(t *tmpl, c container, pods []*corev1.PodSecurityContext) {
	o, own := t.obj, c.SecurityContext
	if own == nil {
		own = &corev1.SecurityContext{}
	}
	nonRoot, seccomp := isTrue(own.RunAsNonRoot), own.SeccompProfile != nil
	for _, p := range pods {
		nonRoot = nonRoot || own.RunAsNonRoot == nil && isTrue(p.RunAsNonRoot)
		seccomp = seccomp || p.SeccompProfile != nil
	}
	say := func(r *Rule, ok bool, at path, format string, args ...any) {
		if !ok {
			l.report(o, r, at, fmt.Sprintf(format, args...))
		}
	}
	dropped := own.Capabilities != nil && slices.Contains(own.Capabilities.Drop, "ALL")
	say(runAsRoot, nonRoot, c.at, "a container of %s may run as root", t)
	say(noSeccomp, seccomp, c.at, "a container of %s has no seccomp profile", t)
	say(writableRoot, isTrue(own.ReadOnlyRootFilesystem), c.at, "a container of %s may write to its root file system", t)
	say(privileges, dropped && own.AllowPrivilegeEscalation != nil && !*own.AllowPrivilegeEscalation, c.at, "a container of %s keeps privileges", t)
	requests, limits := c.Resources.Requests, c.Resources.Limits
	say(noResources, has(requests, "cpu") && has(requests, "memory") && has(limits, "memory"), c.at, "a container of %s does not say what it needs", t)
	say(movingImage, c.Image == "" || hasTag(c.Image) || isPinned(c.Image), c.at.key("image"), "image %q is another one tomorrow", c.Image)
	say(noCommand, len(c.Command) > 0 || !c.main, c.at, "a container of %s has no command", t)
}

func (t *tmpl) withoutToken() bool {
	for _, set := range []*bool{t.AutomountServiceAccountToken, t.obj.spec.AutomountServiceAccountToken} {
		if set != nil {
			return !*set
		}
	}
	return false
}

func isTrue(b *bool) bool { return b != nil && *b }

func has(list corev1.ResourceList, name corev1.ResourceName) bool {
	_, ok := list[name]
	return ok
}

// isPinned says whether an image names a version or a digest.
func isPinned(image string) bool {
	if strings.Contains(image, "@sha256:") {
		return true
	}
	name := image[strings.LastIndexByte(image, '/')+1:]
	_, version, ok := strings.Cut(name, ":")
	return ok && version != "latest"
}
