// Package getrecording is the step that finds out what there is to transcribe.
// It is the one place where tracks get their index: sorted, filtered, and
// carried as data from then on.
package getrecording

import (
	"context"

	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// MaxTracks is the largest number of audio tracks that one recording may have.
const MaxTracks = 64

// A Source is where a recording lies.
type Source interface {
	// Name is what people call the place: a folder's name.
	Name() string
	// Document returns one of the source's JSON documents ("recording.json"),
	// or nil when it has none of that name.
	Document(ctx context.Context, name string) ([]byte, error)
	// Objects lists the files of the recording.
	Objects(ctx context.Context) ([]Object, error)
}

// An Object is one file at the source.
type Object struct {
	Key      string // relative to the source's root
	Size     int64
	Identity string // changes when the content does
	Link     bool   // it only points to a file elsewhere, which is not followed
}

// CheckSize reports a track whose file has another size than when it was
// listed.
func CheckSize(t artifact.Track, size int64) error {
	if size == t.Size {
		return nil
	}
	return steps.Bad("the file changed while it was being read: run again", "track %d has %d bytes, was %d when the recording was listed", t.Index, size, t.Size)
}

// In is what the step reads: nothing but the source.
type In struct{}

// Out is what the step writes.
type Out struct {
	Recording artifact.Recording `out:"recording" file:"recording.json" doc:"the recording and its tracks, each with its index"`
	Tracks    []artifact.Track   `out:"tracks,each" file:"track.json" doc:"one track"`
}

// Spec declares the step.
var Spec = steps.Declare[In, Out](steps.Spec{
	Name:     "get-recording",
	Version:  "1",
	Summary:  "find the recording's audio tracks and give each its index",
	Volatile: true,
	Needs:    []steps.Need{{Name: "source", Doc: "the recording's folder or bucket, to list and read"}, {Name: "daily", Doc: "the account at Daily, for its recordings"}},
})

// New returns the step, reading from source.
func New(source Source) steps.Step {
	return steps.New(Spec, func(ctx context.Context, job *steps.Job, _ In) (Out, error) {
		doc, err := source.Document(ctx, "recording.json")
		if err != nil {
			return Out{}, err
		}
		objects, err := source.Objects(ctx)
		if err != nil {
			return Out{}, err
		}
		rec, err := Read(doc, objects)
		if err != nil {
			return Out{}, err
		}
		log, err := eventFile(objects)
		if err != nil {
			return Out{}, err
		}
		if log != "" {
			b, err := source.Document(ctx, log)
			if err != nil {
				return Out{}, err
			}
			if err := place(&rec, b); err != nil {
				return Out{}, err
			}
		}
		rec.ID = job.Recording
		if rec.Name == "" {
			rec.Name = source.Name()
		}
		return Out{Recording: rec, Tracks: rec.Tracks}, nil
	})
}
