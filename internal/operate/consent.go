package operate

import (
	"context"
	"errors"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/runner"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/steps/cleanupconsent"
)

// Silenced tells why a recording cannot be worked on any more, in half a
// sentence: its audio was deleted for want of consent, or is to be. Why is empty
// when it can be. Unfinished names the run whose deletion did not come to its
// end.
func Silenced(ctx context.Context, st store.Store, recording string) (why, unfinished string, err error) {
	var doc artifact.Cleanup
	_, err = store.GetJSON(ctx, st, run.EffectKey(recording, cleanupconsent.Spec.Name), &doc)
	if errors.Is(err, store.ErrNotFound) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	why = "its audio was deleted: "
	if !doc.AudioGone {
		why, unfinished = "its audio is to be deleted: ", doc.Run
	}
	if doc.Reason == cleanupconsent.Denied {
		return why + "somebody did not consent", unfinished, nil
	}
	return why + "nobody consented", unfinished, nil
}

// CheckConsent refuses to make a run of a recording whose audio was deleted or
// is to be. A run that was made before may be asked for again.
func CheckConsent(ctx context.Context, st store.Store, recording, id string) error {
	why, unfinished, err := Silenced(ctx, st, recording)
	if err != nil || why == "" {
		return err
	}
	if id != "" {
		if _, err := st.Stat(ctx, run.RunKey(recording, id)); err == nil || !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	hint := "what is left of its result is in the store; if this is another recording, give it another id with --recording"
	if unfinished != "" {
		hint = "trackscribe run, with the same store and no run id, goes on with the deletion"
	}
	return steps.Wrong(hint, "recording %q cannot be run: %s", recording, why)
}

// deleting finds the run whose deletion of the recording's audio was cut short.
func deleting(ctx context.Context, st store.Store, recording string) (run.Run, bool, error) {
	_, unfinished, err := Silenced(ctx, st, recording)
	if err != nil || unfinished == "" {
		return run.Run{}, false, err
	}
	r, err := runner.LoadRun(ctx, st, recording, unfinished)
	return r, err == nil, err
}
