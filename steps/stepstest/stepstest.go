// Package stepstest holds what tests of steps share.
package stepstest

import (
	"context"
	"encoding/json"
	"sync"
)

// Documents keeps documents in memory, as bytes, so that nothing is shared by
// mistake. It implements [github.com/trackscribe/trackscribe/steps.Documents];
// its zero value is empty.
type Documents struct {
	mu   sync.Mutex
	docs map[string][]byte
}

// Load implements steps.Documents.
func (d *Documents) Load(_ context.Context, name string, v any) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	b, ok := d.docs[name]
	if !ok {
		return false, nil
	}
	return true, json.Unmarshal(b, v)
}

// Save implements steps.Documents.
func (d *Documents) Save(_ context.Context, name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.docs == nil {
		d.docs = map[string][]byte{}
	}
	d.docs[name] = b
	return nil
}

// Names returns the names of the documents, in no order.
func (d *Documents) Names() (names []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name := range d.docs {
		names = append(names, name)
	}
	return names
}
