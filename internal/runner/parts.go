package runner

import (
	"context"
	"sync"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/store"
)

// parts keeps pieces of a task's work beside its artifacts, until the task is
// done. It implements [steps.Documents].
type parts struct {
	store  store.Store
	prefix string

	mu    sync.Mutex
	names map[string]bool // seen in this attempt
}

// newParts returns the parts of work with a cache key. Work that is done again
// although the cache has it goes on only from its own run's parts.
func newParts(s store.Store, t run.Task, key string, fresh bool) *parts {
	if fresh {
		key += "-" + t.Run
	}
	return &parts{store: s, prefix: run.PartsPrefix(t.Recording, t.Step, key), names: map[string]bool{}}
}

func (p *parts) key(name string) string { return p.prefix + name + ".json" }

func (p *parts) saw(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.names[name] = true
}

// Load implements [steps.Documents]. A part that cannot be read counts as none: it
// is made again.
func (p *parts) Load(ctx context.Context, name string, v any) (bool, error) {
	_, err := store.GetJSON(ctx, p.store, p.key(name), v)
	switch {
	case err == nil:
		p.saw(name)
		return true, nil
	case ctx.Err() != nil || store.IsTransient(err):
		return false, err
	default:
		return false, nil
	}
}

// Save implements [steps.Documents].
func (p *parts) Save(ctx context.Context, name string, v any) error {
	p.saw(name)
	_, err := store.PutJSON(ctx, p.store, p.key(name), v, store.PutOptions{})
	return err
}

// drop removes what is no longer needed. What stays behind costs space, no
// more.
func (p *parts) drop(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name := range p.names {
		_ = p.store.Delete(ctx, p.key(name))
	}
}
