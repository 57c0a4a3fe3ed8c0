package lint

import (
	"fmt"
	"regexp"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
)

var (
	badDuration = &Rule{
		ID: "duration", Class: Mistake,
		What: "A duration cannot be read; the run ends with an error when it is needed.",
		Fix:  "give a number with its unit, such as 30s, 10m or 2h",
	}
	memoizeKey = &Rule{
		ID: "memoize-key", Class: Mistake,
		What: "A memoization key or its ConfigMap cannot be used: keys are letters, digits and hyphens.",
		Fix:  "build the key from letters, digits and hyphens, and name the ConfigMap",
	}
	durationRules = []*Rule{badDuration, memoizeKey}
)

// checkDurations reads every duration that Argo reads only while a run is on.
func (l *linter) checkDurations(o *object) {
	if gc := o.spec.PodGC; gc != nil {
		l.secondsOrDuration(o, o.specAt.keys("podGC", "deleteDelayDuration"), gc.DeleteDelayDuration)
	}
	l.lifetime(o)
	for _, t := range o.templates {
		l.duration(o, t.at.key("timeout"), t.Timeout)
		if t.Suspend != nil {
			l.secondsOrDuration(o, t.at.keys("suspend", "duration"), t.Suspend.Duration)
		}
		if t.ContainerSet != nil && t.ContainerSet.RetryStrategy != nil {
			l.duration(o, t.at.keys("containerSet", "retryStrategy", "duration"), t.ContainerSet.RetryStrategy.Duration)
		}
		if t.Memoize != nil {
			l.memoize(t)
		}
	}
}

// duration wants a number with its unit.
func (l *linter) duration(o *object, at path, text string) {
	if text == "" || hasTag(text) {
		return
	}
	if _, err := time.ParseDuration(text); err != nil {
		l.report(o, badDuration, at, fmt.Sprintf("%q is no duration", short(text, 40)), subject("invalid duration format in timeout"))
	}
}

// secondsOrDuration takes a bare number as seconds.
func (l *linter) secondsOrDuration(o *object, at path, text string) {
	if text == "" || hasTag(text) {
		return
	}
	if _, err := wfv1.ParseStringToDuration(text); err != nil {
		l.report(o, badDuration, at, fmt.Sprintf("%q is no duration", short(text, 40)))
	}
}

// lifetime checks what is given in seconds.
func (l *linter) lifetime(o *object) {
	ttl := o.spec.TTLStrategy
	if ttl == nil {
		return
	}
	for _, f := range []struct {
		name    string
		seconds *int32
	}{
		{"secondsAfterCompletion", ttl.SecondsAfterCompletion},
		{"secondsAfterSuccess", ttl.SecondsAfterSuccess},
		{"secondsAfterFailure", ttl.SecondsAfterFailure},
	} {
		if f.seconds != nil && *f.seconds < 0 {
			l.report(o, badDuration, o.specAt.keys("ttlStrategy", f.name), fmt.Sprintf("%d seconds are no lifetime", *f.seconds))
		}
	}
}

var memoizable = regexp.MustCompile(`^[a-zA-Z0-9][-a-zA-Z0-9]*$`)

func (l *linter) memoize(t *tmpl) {
	at, m := t.at.key("memoize"), t.Memoize
	l.duration(t.obj, at.key("maxAge"), m.MaxAge)
	if key := replaceTags(m.Key, func(tag) string { return "x" }); !memoizable.MatchString(key) {
		l.report(t.obj, memoizeKey, at.key("key"), fmt.Sprintf("%q has other letters than Argo takes", short(m.Key, 40)))
	}
	if m.Cache == nil || m.Cache.ConfigMap == nil || m.Cache.ConfigMap.Name == "" {
		l.report(t.obj, memoizeKey, at.key("cache"), "the cache names no ConfigMap")
	}
}
