package argo

// HintOf is what to do about the failure of an attempt, or "".
func (s Status) HintOf(a Attempt) string {
	if a.hint != "" {
		return a.hint
	}
	return advise(s.Namespace, a.Message)
}
