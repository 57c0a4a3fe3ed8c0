package lint

import (
	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
)

var (
	emptyLock = &Rule{
		ID: "empty-lock", Class: Mistake,
		What: "A semaphore or mutex does not say what it locks; the run ends with an error or never starts.",
		Fix:  "give a mutex a name, and a semaphore configMapKeyRef (name and key) or database (key)",
	}
	lockRules = []*Rule{emptyLock}
)

func (l *linter) checkLocks(o *object) {
	l.locks(o, o.specAt.key("synchronization"), o.spec.Synchronization)
	for _, t := range o.templates {
		l.locks(o, t.at.key("synchronization"), t.Synchronization)
	}
}

func (l *linter) locks(o *object, at path, s *wfv1.Synchronization) {
	if s == nil {
		return
	}
	if s.Semaphore == nil && s.Mutex == nil && len(s.Semaphores) == 0 && len(s.Mutexes) == 0 {
		l.report(o, emptyLock, at, "synchronization has neither semaphores nor mutexes")
	}
	if s.Semaphore != nil {
		l.semaphore(o, at.key("semaphore"), s.Semaphore)
	}
	for i, m := range s.Semaphores {
		l.semaphore(o, at.key("semaphores").index(i), m)
	}
	if s.Mutex != nil {
		l.mutex(o, at.key("mutex"), s.Mutex)
	}
	for i, m := range s.Mutexes {
		l.mutex(o, at.key("mutexes").index(i), m)
	}
}

func (l *linter) semaphore(o *object, at path, s *wfv1.SemaphoreRef) {
	switch {
	case s == nil || s.ConfigMapKeyRef == nil && s.Database == nil:
		l.report(o, emptyLock, at, "the semaphore has neither configMapKeyRef nor database")
	case s.ConfigMapKeyRef != nil && s.Database != nil:
		l.report(o, emptyLock, at, "the semaphore has both configMapKeyRef and database")
	case s.ConfigMapKeyRef != nil && (s.ConfigMapKeyRef.Name == "" || s.ConfigMapKeyRef.Key == ""):
		l.report(o, emptyLock, at.key("configMapKeyRef"), "the semaphore's configMapKeyRef lacks its name or key")
	case s.Database != nil && s.Database.Key == "":
		l.report(o, emptyLock, at.key("database"), "the semaphore's database lacks its key")
	}
}

func (l *linter) mutex(o *object, at path, m *wfv1.Mutex) {
	if m == nil || m.Name == "" {
		l.report(o, emptyLock, at, "the mutex has no name")
	}
}
