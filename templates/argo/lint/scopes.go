package lint

// scopes says which names exist below which fields.
func (l *linter) scopes(o *object) map[path]*symbols {
	global := l.globals(o)
	m := map[path]*symbols{o.specAt: global}
	// The controller replaces these once more when a pod is made.
	inPods := global.with()
	inPods.open = []string{"inputs.", "outputs.", "steps.", "tasks.", "pod."}
	for _, field := range []string{"volumes", "podSpecPatch", "podMetadata"} {
		m[o.specAt.key(field)] = inPods
	}
	for _, h := range o.calls {
		m[h.at] = global.with("workflow.failures")
	}
	m[o.specAt.key("metrics")] = global.with("status", "duration", "exitCode", "workflow.failures")
	for _, t := range o.templates {
		outer := global
		if t.within != nil {
			outer = m[t.within.at]
		}
		l.templateScopes(t, outer, m)
	}
	return m
}

func (l *linter) templateScopes(t *tmpl, outer *symbols, m map[path]*symbols) {
	s := l.inTemplate(t, outer)
	m[t.at] = s
	m[t.at.key("metrics")] = s.with(metricNames(t)...)
	for _, c := range t.calls {
		before := inCall(c, s)
		m[c.at] = before.withItem(t, c)
		for _, field := range []string{"withItems", "withParam", "withSequence"} {
			m[c.at.key(field)] = before
		}
		for _, h := range c.hooks {
			m[h.at] = m[c.at].afterCall(c)
		}
	}
}

// globals are the names that exist everywhere in an object.
func (l *linter) globals(o *object) *symbols {
	s := newSymbols(
		"workflow.name", "workflow.namespace", "workflow.mainEntrypoint", "workflow.serviceAccountName", "workflow.uid",
		"workflow.status", "workflow.duration", "workflow.priority", "workflow.scheduledTime", "workflow.creationTimestamp",
		"workflow.parameters", "workflow.parameters.json", "workflow.labels", "workflow.labels.json",
		"workflow.annotations", "workflow.annotations.json", "node.name", "tasks.name", "steps.name",
	)
	// Whoever submits may add labels and annotations.
	s.open = []string{"workflow.labels.", "workflow.annotations.", "workflow.creationTimestamp."}
	for name := range o.params {
		s.add("workflow.parameters." + name)
	}
	if o.freeParams {
		s.open = append(s.open, "workflow.parameters.")
	}
	l.globalOutputs(o, s)
	return s
}

// globalOutputs adds what templates publish by globalName. A template of
// another object may do so too.
func (l *linter) globalOutputs(o *object, s *symbols) {
	if o.isLibrary() || o.spec.WorkflowTemplateRef != nil {
		s.open = append(s.open, "workflow.outputs.")
	}
	for _, c := range o.everyCall() {
		if c.ref != nil {
			s.open = append(s.open, "workflow.outputs.")
		}
	}
	for _, t := range o.templates {
		for _, p := range t.Outputs.Parameters {
			s.addGlobalOutput("workflow.outputs.parameters.", p.GlobalName)
		}
		for _, a := range t.Outputs.Artifacts {
			s.addGlobalOutput("workflow.outputs.artifacts.", a.GlobalName)
		}
	}
}

func (s *symbols) addGlobalOutput(prefix, name string) {
	switch {
	case name == "":
	case hasTag(name):
		s.open = append(s.open, prefix)
	default:
		s.add(prefix + name)
	}
}

// inTemplate are the names inside a template, on top of those outside it.
func (l *linter) inTemplate(t *tmpl, outer *symbols) *symbols {
	s := outer.with()
	if t.defaults {
		// Merged into every template: any of their names may be meant.
		s.open = []string{"inputs.", "outputs.", "steps.", "tasks.", "pod.", "item", "retries", "lastRetry"}
		return s
	}
	for _, p := range t.Inputs.Parameters {
		s.add("inputs.parameters", "inputs.parameters."+p.Name)
	}
	for _, a := range t.Inputs.Artifacts {
		s.add("inputs.artifacts."+a.Name, "inputs.artifacts."+a.Name+".path")
	}
	for _, a := range t.Outputs.Artifacts {
		s.add("outputs.artifacts." + a.Name + ".path")
	}
	for _, p := range t.Outputs.Parameters {
		s.add("outputs.parameters." + p.Name + ".path")
	}
	if t.IsPodType() {
		s.add("pod.name")
	}
	if t.retry() != nil {
		s.add(retryNames...)
	}
	if l.afterRun(t) {
		s.add("workflow.failures")
	}
	s.left = map[string]*leftover{}
	for _, c := range t.calls {
		s.left[c.prefix()] = l.leftoverOf(c)
	}
	return s
}

var retryNames = []string{"retries", "lastRetry.exitCode", "lastRetry.status", "lastRetry.duration", "lastRetry.message"}

// metricNames are the names that exist in the metrics of a template.
func metricNames(t *tmpl) []string {
	names := []string{"status", "duration", "exitCode", "retries", "resourcesDuration.cpu", "resourcesDuration.memory", "outputs.result"}
	for _, p := range t.Outputs.Parameters {
		names = append(names, "outputs.parameters."+p.Name)
	}
	return names
}

// inCall are the names at a task or step: outputs only of what is over.
func inCall(c *call, s *symbols) *symbols {
	in := s.with()
	in.at = c
	return in
}

// withItem adds what a fan-out hands to each of its runs.
func (s *symbols) withItem(t *tmpl, c *call) *symbols {
	if !c.fansOut() {
		return s
	}
	in := s.with("item")
	in.items = itemsOf(t, c)
	for k := range in.items.keys {
		in.add("item." + k)
	}
	if !in.items.known {
		in.open = []string{"item."}
	}
	return in
}

// afterCall are the names in a hook of a task or step: its own outputs too.
func (s *symbols) afterCall(c *call) *symbols {
	in := s.with()
	in.at, in.after = c, true
	return in
}

func (c *call) prefix() string {
	if c.kind == "step" {
		return "steps." + c.name + "."
	}
	return "tasks." + c.name + "."
}

// leftoverOf lists the names that a task or step leaves behind.
func (l *linter) leftoverOf(c *call) *leftover {
	left := &leftover{call: c, names: map[string]bool{}}
	for _, n := range []string{"id", "ip", "status", "exitCode", "startedAt", "finishedAt", "hostNodeName", "outputs.parameters"} {
		left.names[n] = true
	}
	t, _ := l.target(c)
	if t == nil {
		left.open = true
		return left
	}
	if t.HasOutput() {
		left.names["outputs.result"] = true
	}
	for _, p := range t.Outputs.Parameters {
		left.names["outputs.parameters."+p.Name] = true
	}
	for _, a := range t.Outputs.Artifacts {
		left.names["outputs.artifacts."+a.Name] = true
	}
	return left
}
