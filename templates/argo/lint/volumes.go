package lint

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

var (
	missingVolume = &Rule{
		ID: "missing-volume", Class: Mistake,
		What: "A container mounts a volume that is not declared; Kubernetes refuses the pod.",
		Fix:  "declare the volume in the template's or the workflow's volumes, or mend the name",
	}
	volumeRules = []*Rule{missingVolume}
)

// checkVolumes looks for mounts without a volume. A library's volumes are
// those of whoever calls it.
func (l *linter) checkVolumes(o *object) {
	if o.isLibrary() || o.spec.WorkflowTemplateRef != nil && o.base == nil {
		return
	}
	declared := map[string]bool{}
	add := func(volumes []corev1.Volume) {
		for _, v := range volumes {
			declared[v.Name] = true
		}
	}
	for _, from := range []*object{o, o.base} {
		if from == nil {
			continue
		}
		add(from.spec.Volumes)
		for _, claim := range from.spec.VolumeClaimTemplates {
			declared[claim.Name] = true
		}
		if d := from.spec.TemplateDefaults; d != nil {
			add(d.Volumes)
		}
	}
	for _, t := range o.templates {
		own := map[string]bool{}
		for _, v := range t.Volumes {
			own[v.Name] = true
		}
		patch := o.spec.PodSpecPatch + t.PodSpecPatch
		for _, c := range t.containers() {
			for i, m := range c.mounts {
				if !declared[m.Name] && !own[m.Name] && !hasTag(m.Name) && !strings.Contains(patch, m.Name) {
					l.report(o, missingVolume, c.at.key("volumeMounts").index(i), fmt.Sprintf("%s mounts volume %q, which is not declared", t, m.Name))
				}
			}
		}
	}
}

// A container is any container of a template's pod, wherever it is written.
type container struct {
	*corev1.Container
	at     path
	main   bool
	mounts []corev1.VolumeMount
}

// containers lists the containers of a template.
func (t *tmpl) containers() []container {
	var list []container
	add := func(at path, main bool, c *corev1.Container) {
		list = append(list, container{Container: c, at: at, main: main, mounts: c.VolumeMounts})
	}
	if t.Container != nil {
		add(t.at.key("container"), true, t.Container)
	}
	if t.Script != nil {
		add(t.at.key("script"), true, &t.Script.Container)
	}
	if t.ContainerSet != nil {
		for i := range t.ContainerSet.Containers {
			add(t.at.keys("containerSet", "containers").index(i), true, &t.ContainerSet.Containers[i].Container)
		}
		list = append(list, container{Container: &corev1.Container{}, at: t.at.key("containerSet"), mounts: t.ContainerSet.VolumeMounts})
	}
	for i := range t.InitContainers {
		add(t.at.key("initContainers").index(i), false, &t.InitContainers[i].Container)
	}
	for i := range t.Sidecars {
		add(t.at.key("sidecars").index(i), false, &t.Sidecars[i].Container)
	}
	return list
}
