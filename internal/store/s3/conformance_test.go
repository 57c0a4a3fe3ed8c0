package s3_test

import (
	"testing"

	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/s3"
	"github.com/trackscribe/trackscribe/internal/store/storetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	t.Run("bucket", func(t *testing.T) {
		t.Parallel()
		storetest.Run(t, func(t *testing.T) store.Store { return open(t, fake(t)) })
	})
	t.Run("prefix", func(t *testing.T) {
		t.Parallel()
		storetest.Run(t, func(t *testing.T) store.Store {
			return open(t, fake(t), func(o *s3.Options) { o.Prefix = "teams/one" })
		})
	})
}
