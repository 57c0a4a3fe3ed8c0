package doctor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/open"
	"github.com/trackscribe/trackscribe/steps"
)

// large is more than goes into one request: 5 MiB and a part.
const large = 6 << 20

// Store returns the check of the store at a location: each permission that
// steps need, one after the other, with objects that are removed again. name
// keeps two doctors apart.
func Store(location string, s3 open.Options, name string) Check {
	return Check{"store", func(ctx context.Context) Finding {
		if location == "" {
			return skipped("TRACKSCRIBE_STORE is not set; run --out says where results go")
		}
		st, err := open.Open(ctx, location, s3)
		if err != nil {
			return failed(steps.Wrong("TRACKSCRIBE_STORE is a folder or s3://bucket/prefix", "%w", err))
		}
		return tidily(ctx, st, "doctor-"+name+"-")
	}}
}

// tidily examines a store and removes what that wrote, however it ends.
func tidily(ctx context.Context, st store.Store, prefix string) Finding {
	work := ctx
	if end, limited := ctx.Deadline(); limited {
		// The rest of the time is for removing what was written.
		var cancel context.CancelFunc
		work, cancel = context.WithDeadline(ctx, end.Add(-time.Until(end)/5))
		defer cancel()
	}
	small, big := prefix+"small", prefix+"large"
	f := examine(work, st, small, big)
	if f.State != OK {
		if err := errors.Join(remove(ctx, st, small), remove(ctx, st, big)); err != nil {
			f.Found += fmt.Sprintf("; %s and %s may be left behind", small, big)
		}
	}
	return f
}

// remove removes an object, for good if that is allowed. One that was never
// written is no error, even to those who may remove nothing.
func remove(ctx context.Context, st store.Store, key string) error {
	if p, ok := st.(store.Purger); ok && p.Purge(ctx, key) == nil {
		return nil
	}
	err := st.Delete(ctx, key)
	if _, there := st.Stat(ctx, key); errors.Is(there, store.ErrNotFound) {
		return nil
	}
	return err
}

func examine(ctx context.Context, st store.Store, small, big string) Finding {
	versions := false
	may := []struct {
		what string
		do   func() error
	}{
		{"list", func() error {
			for _, err := range st.List(ctx, small) {
				return err
			}
			return nil
		}},
		{"write", func() error {
			info, err := st.Put(ctx, small, strings.NewReader("trackscribe doctor\n"), store.PutOptions{ContentType: "text/plain"})
			versions = info.Version != "" && info.Version != "null"
			return err
		}},
		{"read", func() error {
			rc, _, err := st.Get(ctx, small)
			if err != nil {
				return err
			}
			defer rc.Close()
			_, err = io.Copy(io.Discard, rc)
			return err
		}},
		{"write only what is absent", func() error {
			_, err := st.Put(ctx, small, strings.NewReader("again"), store.PutOptions{IfAbsent: true})
			if errors.Is(err, store.ErrExists) {
				return nil
			}
			if err == nil {
				err = steps.Bad("use a server that knows If-None-Match: two workers may overwrite each other's receipts", "the server ignores If-None-Match")
			}
			return err
		}},
		{"write in parts", func() error {
			_, err := st.Put(ctx, big, bytes.NewReader(make([]byte, large)), store.PutOptions{})
			return err
		}},
		{"delete", func() error { return errors.Join(st.Delete(ctx, small), st.Delete(ctx, big)) }},
		{"delete for good", func() error {
			p, ok := st.(store.Purger)
			if !ok {
				return nil
			}
			return errors.Join(p.Purge(ctx, small), p.Purge(ctx, big))
		}},
	}
	var can []string
	for _, m := range may {
		if err := m.do(); err != nil {
			f := failed(fmt.Errorf("it cannot %s: %w", m.what, err))
			if len(can) > 0 {
				f.Found += "; it can " + strings.Join(can, ", ")
			}
			return f
		}
		can = append(can, m.what)
	}
	kept := "keeps no old versions"
	if versions {
		kept = "keeps old versions"
	}
	return ok("it can %s; it %s", strings.Join(can, ", "), kept)
}

// Scratch returns the check of the folder for temporary files.
func Scratch(dir string) Check {
	return Check{"scratch", func(context.Context) Finding {
		made, err := os.MkdirTemp(dir, "trackscribe-doctor-")
		if err != nil {
			return failed(steps.Wrong("set TRACKSCRIBE_SCRATCH to a folder that can be written", "temporary files cannot be written: %w", err))
		}
		defer os.RemoveAll(made)
		return settle(os.WriteFile(made+"/file", []byte("x"), 0o600), "temporary files can be written")
	}}
}
