package cleanupconsent

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// Why audio is deleted.
const (
	Denied  = "denied"
	Missing = "missing" // nobody decided
)

// What of the result is about the audio.
const (
	audioFile = "audio.webm"
	pageFile  = "report.html"
	audioStep = "mixdown-tracks" // whose part of the result the audio is
	textStep  = "merge-transcripts"
)

// Why parts of the result are not there.
const (
	audioGone = "the audio was deleted for want of consent"
	textGone  = "the transcript was deleted for want of consent"
)

// A cleaner deletes one recording's audio. Every order of calls that it is cut
// short in leaves something that the next one goes on with: what is to be done
// is found by looking, and what was done is written last.
type cleaner struct {
	Outside
	job    *steps.Job
	in     In
	tally  tally
	reason string
	effect artifact.Cleanup
}

func (c *cleaner) run(ctx context.Context) error {
	left, err := c.left(ctx)
	if err != nil {
		return err
	}
	if err := c.begin(ctx, left); err != nil || c.effect.Finished != "" {
		return err
	}
	// After it was written down: a run that is asked for from now on is refused.
	if other, err := c.Runs.Reading(ctx, c.job.Run); err != nil {
		return err
	} else if other != "" {
		return later("when that run ends, its own consent step deletes the audio", "nothing was deleted: run %q still reads the audio", other)
	}
	if err := c.index(ctx, false); err != nil {
		return err
	}
	if err := c.erase(ctx, left); err != nil {
		return err
	}
	if left, err = c.left(ctx); err != nil {
		return err
	}
	if audio, text := count(left); audio+text > 0 {
		return later("is something still writing there, or does the bucket keep what is deleted?", "%d files were deleted and are still there", audio+text)
	}
	if err := c.index(ctx, true); err != nil {
		return err
	}
	c.effect.AudioGone, c.effect.TextGone = true, c.forget()
	c.effect.Finished = c.now()
	if n := c.effect.Elsewhere; n > 0 {
		c.job.Warn("earlier runs read this recording's tracks from %d other places: what lies there was not deleted", n)
	}
	return c.Effects.Save(ctx, Spec.Name, c.effect)
}

// later is a failure that time may heal.
func later(hint, format string, args ...any) error {
	return &steps.Error{Class: steps.Transient, Err: fmt.Errorf(format, args...), Tip: hint}
}

// forget reports whether the transcript goes too.
func (c *cleaner) forget() bool { return c.in.Transcript == remove }

func (c *cleaner) now() string { return c.Now().UTC().Format(time.RFC3339) }

// A batch is what there is to delete at one place.
type batch struct {
	place Place
	text  bool // to read, not to hear
	names []string
}

// left lists what there is to delete. The source's tracks come last.
func (c *cleaner) left(ctx context.Context) ([]batch, error) {
	var all []batch
	for _, p := range c.Audio {
		all = append(all, batch{place: p})
	}
	if c.forget() {
		all = slices.Insert(all, max(len(all)-1, 0), batch{place: c.Text, text: true})
	}
	for i := range all {
		var err error
		if all[i].names, err = all[i].place.Left(ctx); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// count returns how many files to hear and to read there are.
func count(all []batch) (audio, text int) {
	for _, b := range all {
		if b.text {
			text += len(b.names)
		} else {
			audio += len(b.names)
		}
	}
	return audio, text
}

func (c *cleaner) erase(ctx context.Context, all []batch) error {
	audio, text := count(all)
	done := 0
	for _, b := range all {
		for _, name := range b.names {
			if err := b.place.Erase(ctx, name); err != nil {
				return err
			}
			done++
			c.job.Progress(float64(done) / float64(audio+text))
		}
	}
	return nil
}

// begin writes down that the recording is to be deleted, or finds that it was.
func (c *cleaner) begin(ctx context.Context, left []batch) error {
	audio, text := count(left)
	var before artifact.Cleanup
	known, err := c.Effects.Load(ctx, Spec.Name, &before)
	if err != nil {
		return err
	}
	if known && before.AudioGone && (before.TextGone || !c.forget()) && audio+text == 0 {
		c.effect = before
		return nil
	}
	c.effect = artifact.Cleanup{
		Run: c.job.Run, Reason: c.reason, Decisions: c.tally.decisions, Denials: c.tally.denials,
		Missing: c.in.Missing, Transcript: c.in.Transcript, AudioFiles: audio, TextFiles: text, Started: c.now(),
	}
	if c.effect.Elsewhere, err = c.Runs.Elsewhere(ctx, c.job.Run); err != nil {
		return err
	}
	if known && before.Finished == "" {
		// Attempts before this one have found more.
		c.effect.Started = before.Started
		c.effect.AudioFiles = max(c.effect.AudioFiles, before.AudioFiles)
		c.effect.TextFiles = max(c.effect.TextFiles, before.TextFiles)
	}
	return c.Effects.Save(ctx, Spec.Name, c.effect)
}

// index keeps the result honest: before the deletion it takes the audio off the
// list, after it says that it is gone.
func (c *cleaner) index(ctx context.Context, gone bool) error {
	r, ok, err := c.Result.Index(ctx)
	if err != nil {
		return err
	}
	if c.forget() {
		r, ok = c.blank(), true
	}
	if !ok {
		return nil
	}
	r.AudioDeleted = gone
	r.Files = slices.DeleteFunc(r.Files, func(f artifact.ResultFile) bool { return f.Name == audioFile })
	r.Skipped = skip(r.Skipped, audioStep, audioGone)
	if !c.forget() {
		if err := c.page(ctx, &r); err != nil {
			return err
		}
	}
	return c.Result.SetIndex(ctx, r, c.forget())
}

// blank is all that is told of a recording whose transcript goes too.
func (c *cleaner) blank() artifact.Result {
	return artifact.Result{
		Recording: c.job.Recording, Participants: []artifact.ResultSpeaker{}, Engines: map[string]string{}, Files: []artifact.ResultFile{},
		Skipped: []artifact.Skipped{{Step: textStep, Reason: textGone}}, Warnings: []string{},
		Usage: artifact.Usage{Steps: map[string]artifact.StepUsage{}},
	}
}

// page replaces the page for people by the one without a player.
func (c *cleaner) page(ctx context.Context, r *artifact.Result) error {
	at := slices.IndexFunc(r.Files, func(f artifact.ResultFile) bool { return f.Name == pageFile })
	if c.in.Page == nil || at < 0 || r.Files[at].SHA256 == c.in.Page.SHA256 {
		return nil
	}
	rc, err := c.in.Page.Open(ctx)
	if err != nil {
		return err
	}
	defer rc.Close()
	if err := c.Result.Publish(ctx, pageFile, r.Files[at].MediaType, rc); err != nil {
		return fmt.Errorf("publish %s: %w", pageFile, err)
	}
	r.Files[at].Size, r.Files[at].SHA256 = c.in.Page.Size, c.in.Page.SHA256
	return nil
}

// skip says why a step's part is missing.
func skip(list []artifact.Skipped, step, reason string) []artifact.Skipped {
	list = slices.DeleteFunc(slices.Clone(list), func(s artifact.Skipped) bool { return s.Step == step })
	return append(list, artifact.Skipped{Step: step, Reason: reason})
}
