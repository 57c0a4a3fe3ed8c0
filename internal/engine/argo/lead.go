package argo

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/trackscribe/trackscribe/templates/argo"
)

// How a Lease is held: with Kubernetes' own times. A holder that could not renew
// stops well before others may take over.
var usualTerm = term{lasts: 15 * time.Second, stop: 10 * time.Second, tick: 2 * time.Second}

// A term says for how long a Lease is held.
type term struct {
	lasts time.Duration // after its last renewal
	stop  time.Duration // after which a holder that could not renew stops working
	tick  time.Duration // between two attempts
}

// Lead runs work while this process holds the Lease of that name, and stands
// again whenever it lost it, until ctx is done or work returns by itself; then it
// gives the Lease up and returns nil. Processes that share a Lease have different
// identities.
//
// Of all of them one works at a time, provided that work returns within seconds
// of its context's end: after a loss others do not wait for it. A cluster that
// does not answer is asked again; one that does not allow Leases is an error.
//
// It does what client-go's leader election does, which would make the program
// 770 kB larger.
func (k *Kube) Lead(ctx context.Context, name, identity string, work func(context.Context)) error {
	c := &contender{leases: kubeLease{k, name}, identity: identity, term: usualTerm, now: time.Now}
	return c.lead(ctx, work)
}

// leases is the one Lease, wherever it lies. Its errors are those of a cluster.
type leases interface {
	get(ctx context.Context) (*coordinationv1.Lease, error)
	create(ctx context.Context, spec leaseSpec) (*coordinationv1.Lease, error)
	// update is an ErrConflict when the Lease is no longer of that version.
	update(ctx context.Context, version string, spec leaseSpec) (*coordinationv1.Lease, error)
}

// leaseSpec is what is written of a Lease; a holder of nil is none.
type leaseSpec map[string]any

// A contender stands for a Lease.
type contender struct {
	leases   leases
	identity string
	term     term
	now      func() time.Time

	// The Lease as it was seen last, and since when: that counts, because other
	// machines' clocks may be wrong.
	lease *coordinationv1.Lease
	since time.Time
}

func (c *contender) lead(ctx context.Context, work func(context.Context)) error {
	tick := time.NewTicker(c.term.tick)
	defer tick.Stop()
	for ctx.Err() == nil {
		begun := c.now()
		held, err := c.try(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case hopeless(err):
			return err
		case err == nil && held:
			if done, err := c.hold(ctx, begun, tick.C, work); done || err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	return nil
}

// hopeless reports whether an error will not pass by itself.
func hopeless(err error) bool {
	return errors.Is(err, ErrForbidden) || errors.Is(err, ErrInvalid) || errors.Is(err, ErrNotFound)
}

// hold works and renews, from a first success on. done says that there is no more
// to do; else the Lease was lost, and the work has ended.
func (c *contender) hold(ctx context.Context, renewed time.Time, tick <-chan time.Time, work func(context.Context)) (done bool, err error) {
	working, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		work(working)
	}()
	// While the work is ending the Lease is still needed.
	ctx = context.WithoutCancel(ctx)
	for {
		select {
		case <-ended:
			c.release(ctx)
			return true, nil
		case <-tick:
		}
		begun := c.now()
		held, err := c.renew(ctx, renewed.Add(c.term.stop))
		switch {
		case err == nil && held:
			renewed = begun
			continue
		case err != nil && !hopeless(err) && c.now().Before(renewed.Add(c.term.stop)):
			continue
		}
		stop()
		<-ended
		if hopeless(err) {
			return false, err
		}
		return false, nil
	}
}

// renew waits for an answer no longer than the Lease is safe.
func (c *contender) renew(ctx context.Context, until time.Time) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, max(until.Sub(c.now()), time.Millisecond))
	defer cancel()
	return c.try(ctx)
}

// errGone is what the next attempt makes good.
var errGone = errors.New("the Lease was deleted in between")

// try takes the Lease or renews it, and reports whether it is held now. That
// somebody else holds it is no error; that somebody was faster is one, after which
// the next attempt tells who.
func (c *contender) try(ctx context.Context) (bool, error) {
	lease, err := c.leases.get(ctx)
	if errors.Is(err, ErrNotFound) {
		now := c.now().UTC()
		return c.wrote(c.leases.create(ctx, leaseSpec{
			"holderIdentity": c.identity, "leaseDurationSeconds": c.seconds(), "acquireTime": micro(now), "renewTime": micro(now),
		}))
	}
	if err != nil {
		return false, err
	}
	now := c.now()
	if c.lease == nil || c.lease.ResourceVersion != lease.ResourceVersion {
		c.lease, c.since = lease, now
	}
	holder := holderOf(lease)
	if holder != "" && holder != c.identity && now.Before(c.since.Add(c.lasts(lease))) {
		return false, nil
	}
	spec := leaseSpec{"holderIdentity": c.identity, "leaseDurationSeconds": c.seconds(), "renewTime": micro(now.UTC())}
	if holder != c.identity {
		spec["acquireTime"], spec["leaseTransitions"] = spec["renewTime"], transitions(lease)+1
	}
	lease, err = c.leases.update(ctx, lease.ResourceVersion, spec)
	if errors.Is(err, ErrNotFound) {
		return false, errGone
	}
	return c.wrote(lease, err)
}

// wrote takes note of what came of writing.
func (c *contender) wrote(lease *coordinationv1.Lease, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	c.lease, c.since = lease, c.now()
	return true, nil
}

// release gives the Lease up, so that others need not wait. When that does not
// work they wait.
func (c *contender) release(ctx context.Context) {
	if holderOf(c.lease) != c.identity {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, c.term.lasts-c.term.stop)
	defer cancel()
	_, _ = c.leases.update(ctx, c.lease.ResourceVersion, leaseSpec{"holderIdentity": nil, "renewTime": micro(c.now().UTC())})
}

// seconds is how long the Lease is held, in the unit that it can tell.
func (c *contender) seconds() int32 { return int32(max(c.term.lasts/time.Second, 1)) }

// lasts is for how long others hold it: as they said.
func (c *contender) lasts(lease *coordinationv1.Lease) time.Duration {
	if s := lease.Spec.LeaseDurationSeconds; s != nil {
		return time.Duration(*s) * time.Second
	}
	return c.term.lasts
}

func holderOf(lease *coordinationv1.Lease) string {
	if lease == nil || lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}

func transitions(lease *coordinationv1.Lease) int32 {
	if n := lease.Spec.LeaseTransitions; n != nil {
		return *n
	}
	return 0
}

// micro is a time as a Lease has it.
func micro(t time.Time) string { return t.Format("2006-01-02T15:04:05.000000Z07:00") }

// kubeLease is a Lease in a cluster.
type kubeLease struct {
	kube *Kube
	name string
}

const leaseAPI = "coordination.k8s.io"

func (l kubeLease) call(verb, name string) call {
	c := l.kube.call(verb, "/apis/"+leaseAPI+"/v1/namespaces/%/leases", name)
	c.resource, c.name = "leases."+leaseAPI, l.name
	return c
}

func (l kubeLease) get(ctx context.Context) (*coordinationv1.Lease, error) {
	return l.do(ctx, l.call("get", l.name))
}

func (l kubeLease) create(ctx context.Context, spec leaseSpec) (*coordinationv1.Lease, error) {
	c := l.call("create", "")
	c.method, c.body = http.MethodPost, map[string]any{
		"apiVersion": leaseAPI + "/v1", "kind": "Lease", "metadata": map[string]any{"name": l.name}, "spec": spec,
	}
	c.query.Set("fieldManager", argo.FieldManager)
	return l.do(ctx, c)
}

func (l kubeLease) update(ctx context.Context, version string, spec leaseSpec) (*coordinationv1.Lease, error) {
	c := l.call("patch", l.name)
	c.method, c.media = http.MethodPatch, "application/merge-patch+json"
	c.body = map[string]any{"metadata": map[string]any{"resourceVersion": version}, "spec": spec}
	c.query.Set("fieldManager", argo.FieldManager)
	return l.do(ctx, c)
}

func (l kubeLease) do(ctx context.Context, c call) (*coordinationv1.Lease, error) {
	var lease coordinationv1.Lease
	if err := l.kube.api.do(ctx, c, &lease); err != nil {
		return nil, err
	}
	if lease.ResourceVersion == "" || strings.TrimSpace(lease.Name) == "" {
		return nil, &Error{Op: c.verb, What: c.what, Name: c.name, Kind: ErrUnreachable, Err: errors.New("what was answered is no Lease")}
	}
	return &lease, nil
}
