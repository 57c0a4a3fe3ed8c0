package consent

import (
	"context"
	"strings"
	"time"

	"github.com/trackscribe/trackscribe/internal/operate"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// Dead is how long a run gives no sign of life (none of its tasks ends or
// fails) until it counts as dead. The longest task takes six hours with all its
// attempts.
const Dead = 24 * time.Hour

// Runs knows a recording's runs. It implements
// [github.com/trackscribe/trackscribe/steps/cleanupconsent.Runs].
type Runs struct {
	Graph     graph.Graph
	Store     store.Store
	Recording string
	Now       func() time.Time
}

// Reading returns another run that nobody has told the end of, whose result is
// not published, and that is not dead.
func (r Runs) Reading(ctx context.Context, except string) (string, error) {
	past, err := operate.History(ctx, r.Graph, r.Store, r.Recording)
	if err != nil {
		return "", err
	}
	for _, p := range past {
		if p.Run.ID == except || p.State != "" {
			continue
		}
		sign, err := p.LastSign(ctx, r.Store)
		if err != nil {
			return "", err
		}
		if r.Now().Sub(sign) < Dead {
			return p.Run.ID, nil
		}
	}
	return "", nil
}

// Elsewhere counts the sources of other runs that are neither the given run's
// nor in the recording's part of the store.
func (r Runs) Elsewhere(ctx context.Context, of string) (int, error) {
	past, err := operate.History(ctx, r.Graph, r.Store, r.Recording)
	if err != nil {
		return 0, err
	}
	own := ""
	for _, p := range past {
		if p.Run.ID == of {
			own = p.Run.Source
		}
	}
	inStore := strings.TrimSuffix(r.Store.URL(), "/") + "/" + run.Root(r.Recording)
	other := map[string]bool{}
	for _, p := range past {
		if s := p.Run.Source; s != own && !strings.HasPrefix(s, inStore) {
			other[s] = true
		}
	}
	return len(other), nil
}
