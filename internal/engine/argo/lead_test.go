package argo

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine/argo/argotest"
)

func TestLeadHandsOver(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		_, endA := o.stand("a", 0)
		if got := o.after(time.Second); got != "a" {
			t.Fatalf("%q works", got)
		}
		_, endB := o.stand("b", 0)
		for range 100 {
			if got := o.after(time.Second); got != "a" {
				t.Fatalf("%q works although a renews", got)
			}
		}
		endA()
		if got := o.after(usualTerm.tick); got != "b" {
			t.Errorf("%q works after a gave up", got)
		}
		endB()
		if got := o.desk.holder(); got != "" || o.who() != "" {
			t.Errorf("held by %q, worked on by %q at the end", got, o.who())
		}
		if got := transitions(o.desk.lease); got != 1 || o.terms != 2 {
			t.Errorf("%d transitions, %d terms", got, o.terms)
		}
	})
}

// TestLeadKeepsUntilDone has work that takes longer to end than a Lease lasts.
func TestLeadKeepsUntilDone(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		_, endA := o.stand("a", 3*usualTerm.lasts)
		o.after(time.Second)
		_, endB := o.stand("b", 0)
		gone := make(chan struct{})
		go func() { defer close(gone); endA() }()
		if got := o.after(3*usualTerm.lasts - time.Second); got != "a" {
			t.Errorf("%q works while a's work is ending", got)
		}
		<-gone
		if got := o.after(usualTerm.tick); got != "b" {
			t.Errorf("%q works after a's work has ended", got)
		}
		endB()
	})
}

// TestLeadLost cuts the leader off: it stops before another starts, and stands
// again.
func TestLeadLost(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		a, endA := o.stand("a", 0)
		o.after(time.Second)
		b, endB := o.stand("b", 0)
		a.down.Store(true)
		if got := o.after(usualTerm.stop - 2*usualTerm.tick); got != "a" {
			t.Errorf("%q works while the Lease may still be renewed", got)
		}
		if got := o.after(3 * usualTerm.tick); got != "" {
			t.Errorf("%q works although a could not renew", got)
		}
		if got := o.after(usualTerm.lasts); got != "b" {
			t.Errorf("%q works after the Lease has run out", got)
		}
		a.down.Store(false)
		if got := o.after(usualTerm.lasts); got != "b" {
			t.Errorf("%q works after a is back", got)
		}
		b.down.Store(true)
		if got := o.after(2 * usualTerm.lasts); got != "a" {
			t.Errorf("%q works after b was cut off", got)
		}
		endB()
		endA()
	})
}

// TestLeadHiccup fails for less than the leader may go without renewing.
func TestLeadHiccup(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		a, endA := o.stand("a", 0)
		o.after(time.Second)
		_, endB := o.stand("b", 0)
		for range 20 {
			a.down.Store(true)
			o.after(usualTerm.stop - 2*usualTerm.tick)
			a.down.Store(false)
			o.after(2 * usualTerm.tick)
		}
		if o.begun() != 1 || o.who() != "a" {
			t.Errorf("%d terms, %q works", o.begun(), o.who())
		}
		endA()
		endB()
	})
}

// TestLeadLingers has work that goes on after a loss: it is waited for.
func TestLeadLingers(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		a, end := o.stand("a", 4*usualTerm.lasts)
		o.after(time.Second)
		a.down.Store(true)
		o.after(usualTerm.lasts)
		a.down.Store(false)
		if o.after(2 * usualTerm.lasts); o.begun() != 1 {
			t.Errorf("%d terms before the work of the first has ended", o.begun())
		}
		if o.after(2 * usualTerm.lasts); o.begun() != 2 {
			t.Errorf("%d terms after it", o.begun())
		}
		end()
	})
}

// TestLeadDeleted takes the Lease away: the leader makes it again.
func TestLeadDeleted(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		a, end := o.stand("a", 0)
		o.after(time.Second)
		a.slip.Store(true)
		if o.after(3 * usualTerm.tick); a.slip.Load() || o.begun() != 1 || o.desk.holder() != "a" {
			t.Errorf("%d terms; %q holds", o.begun(), o.desk.holder())
		}
		end()
	})
}

// TestLeadRace has many start at once; some come and go.
func TestLeadRace(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		var ends []func()
		for i := range 20 {
			_, end := o.stand(strconv.Itoa(i), 0)
			ends = append(ends, end)
		}
		for _, end := range ends {
			if o.after(2*usualTerm.tick) == "" {
				t.Error("nobody works")
			}
			end()
		}
	})
}

// TestLeadAtCluster speaks with an API as the real one does.
func TestLeadAtCluster(t *testing.T) {
	t.Parallel()
	api := argotest.New(t)
	path := "/apis/coordination.k8s.io/v1/namespaces/" + testNamespace + "/leases/trackscribe-serve"
	begun := make(chan string)
	stand := func(id string) (end func() error) {
		ctx, cancel := context.WithCancel(t.Context())
		c := &contender{
			leases: kubeLease{kubeOf(t, api), "trackscribe-serve"}, identity: id, now: time.Now,
			term: term{lasts: time.Minute, stop: 30 * time.Second, tick: 5 * time.Millisecond},
		}
		done := make(chan error, 1)
		go func() {
			done <- c.lead(ctx, func(ctx context.Context) {
				begun <- id
				<-ctx.Done()
			})
		}()
		return func() error { cancel(); return <-done }
	}
	holder := func() any { return api.Get(path)["spec"].(argotest.Object)["holderIdentity"] }
	endA := stand("a")
	if got := <-begun; got != "a" || holder() != "a" {
		t.Fatalf("%q works, %v holds", got, holder())
	}
	endB := stand("b")
	if err := endA(); err != nil {
		t.Error(err)
	}
	if got := <-begun; got != "b" || holder() != "b" {
		t.Fatalf("%q works, %v holds", got, holder())
	}
	if err := endB(); err != nil || holder() != nil {
		t.Errorf("error %v; %v holds", err, holder())
	}
}

// TestLeaseConflict lets one of two that saw the same Lease have it.
func TestLeaseConflict(t *testing.T) {
	t.Parallel()
	l := kubeLease{kubeOf(t, argotest.New(t)), "x"}
	made, err := l.create(t.Context(), leaseSpec{"holderIdentity": "a"})
	if err != nil || holderOf(made) != "a" {
		t.Fatalf("made %v, error %v", made, err)
	}
	if _, err := l.create(t.Context(), leaseSpec{"holderIdentity": "b"}); !errors.Is(err, ErrExists) {
		t.Errorf("made twice: error %v", err)
	}
	if _, err := l.update(t.Context(), made.ResourceVersion, leaseSpec{"holderIdentity": "b"}); err != nil {
		t.Error(err)
	}
	if _, err := l.update(t.Context(), made.ResourceVersion, leaseSpec{"holderIdentity": "c"}); !errors.Is(err, ErrConflict) {
		t.Errorf("of an old version: error %v", err)
	}
	if got, err := l.get(t.Context()); err != nil || holderOf(got) != "b" {
		t.Errorf("%q holds, error %v", holderOf(got), err)
	}
}

// TestLeadOnce gives the Lease up when the work is done, through the API.
func TestLeadOnce(t *testing.T) {
	t.Parallel()
	api := argotest.New(t)
	worked := 0
	if err := kubeOf(t, api).Lead(t.Context(), "once", "me", func(context.Context) { worked++ }); err != nil || worked != 1 {
		t.Errorf("error %v; worked %d times", err, worked)
	}
	lease := api.Get("/apis/coordination.k8s.io/v1/namespaces/" + testNamespace + "/leases/once")
	if spec, _ := lease["spec"].(argotest.Object); spec == nil || spec["holderIdentity"] != nil {
		t.Errorf("lease %v", lease)
	}
}

func TestLeadNotAllowed(t *testing.T) {
	t.Parallel()
	api := argotest.New(t)
	api.Refuse(func(*http.Request) (int, string) { return http.StatusForbidden, "leases is forbidden" })
	err := kubeOf(t, api).Lead(t.Context(), "x", "me", func(context.Context) { t.Error("works without a Lease") })
	if !errors.Is(err, ErrForbidden) {
		t.Errorf("error %v", err)
	}
}
