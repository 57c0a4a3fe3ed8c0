package argo

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
)

// desk is where a Lease lies in memory.
type desk struct {
	mu      sync.Mutex
	lease   *coordinationv1.Lease
	version int
}

func (d *desk) write(spec leaseSpec) *coordinationv1.Lease {
	d.version++
	if d.lease == nil {
		d.lease = &coordinationv1.Lease{}
	}
	b, err := json.Marshal(map[string]any{"spec": spec})
	if err != nil {
		panic(err)
	}
	next := d.lease.DeepCopy()
	if err := json.Unmarshal(b, next); err != nil {
		panic(err)
	}
	if holder, ok := spec["holderIdentity"]; ok && holder == nil {
		next.Spec.HolderIdentity = nil
	}
	next.ResourceVersion = strconv.Itoa(d.version)
	d.lease = next
	return next.DeepCopy()
}

func (d *desk) holder() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return holderOf(d.lease)
}

// seat is the desk as one contender reaches it.
type seat struct {
	*desk
	down atomic.Bool
	slip atomic.Bool // the Lease is deleted right after it was read, once
}

var errDown = &Error{Op: "get", What: "lease", Kind: ErrUnreachable}

func (s *seat) get(context.Context) (*coordinationv1.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.down.Load():
		return nil, errDown
	case s.lease == nil:
		return nil, &Error{Kind: ErrNotFound}
	}
	lease := s.lease.DeepCopy()
	if s.slip.CompareAndSwap(true, false) {
		s.lease = nil
	}
	return lease, nil
}

func (s *seat) create(_ context.Context, spec leaseSpec) (*coordinationv1.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.down.Load():
		return nil, errDown
	case s.lease != nil:
		return nil, &Error{Kind: ErrExists}
	}
	return s.write(spec), nil
}

func (s *seat) update(_ context.Context, version string, spec leaseSpec) (*coordinationv1.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.down.Load():
		return nil, errDown
	case s.lease == nil:
		return nil, &Error{Kind: ErrNotFound}
	case s.lease.ResourceVersion != version:
		return nil, &Error{Kind: ErrConflict}
	}
	return s.write(spec), nil
}

// office has contenders for one Lease and sees who works.
type office struct {
	t       *testing.T
	desk    desk
	mu      sync.Mutex
	working map[string]bool
	terms   int
	most    int
}

// stand makes a contender and has it stand until end is called, which waits.
func (o *office) stand(id string, lingers time.Duration) (s *seat, end func()) {
	s = &seat{desk: &o.desk}
	ctx, cancel := context.WithCancel(o.t.Context())
	c := &contender{leases: s, identity: id, term: usualTerm, now: time.Now}
	done := make(chan struct{})
	go func() {
		defer close(done)
		err := c.lead(ctx, func(ctx context.Context) {
			o.set(id, true)
			<-ctx.Done()
			time.Sleep(lingers)
			o.set(id, false)
		})
		if err != nil {
			o.t.Errorf("%s: %v", id, err)
		}
	}()
	return s, func() { cancel(); <-done }
}

func (o *office) set(id string, works bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if works {
		if o.working[id] {
			o.t.Errorf("%s works twice", id)
		}
		o.working[id] = true
		o.terms++
	} else {
		delete(o.working, id)
	}
	o.most = max(o.most, len(o.working))
}

func (o *office) who() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.most > 1 {
		o.t.Error("two work at the same time")
	}
	for id := range o.working {
		return id
	}
	return ""
}

// begun is how often somebody began to work.
func (o *office) begun() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.terms
}

// inOffice runs a test in a bubble, where time passes only as the test waits.
func inOffice(t *testing.T, test func(t *testing.T, o *office)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		test(t, &office{t: t, working: map[string]bool{}})
	})
}

// after lets time pass and returns who works then.
func (o *office) after(d time.Duration) string {
	time.Sleep(d)
	synctest.Wait()
	return o.who()
}
