package s3_test

import (
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/s3"
	"github.com/trackscribe/trackscribe/internal/store/storetest"
)

// TestConformance gives the suite a prefix in a bucket that others use too:
// their objects must never show.
func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) store.Store {
		server := fake(t)
		others := open(t, server)
		for _, key := range []string{"a", "teams/on", "teams/one", "teams/one more/x", "teams/one.txt", "teams/two/old", "z"} {
			if _, err := others.Put(t.Context(), key, strings.NewReader("not yours"), store.PutOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		return open(t, server, func(o *s3.Options) { o.Prefix = "teams/one" })
	})
}
