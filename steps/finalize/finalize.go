// Package finalize is the step that puts the result together and publishes it:
// the files that people and other systems read, result.json last, as their
// index. Whatever optional part is missing is named there, with the reason.
package finalize

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/trackscribe/trackscribe/internal/report"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// A Publisher keeps the recording's latest result.
type Publisher interface {
	// Publish puts a file of the result in its place, whole or not at all.
	Publish(ctx context.Context, name, mediaType string, r io.Reader) error
	// Retract removes a file that the result no longer has.
	Retract(ctx context.Context, name string) error
}

// A Ledger knows what the run used up.
type Ledger interface {
	// Usage sums up the steps that have ended.
	Usage(ctx context.Context) (artifact.Usage, error)
}

// In is what the step reads.
type In struct {
	Recording  artifact.Recording `in:"recording" doc:"what was recorded"`
	Transcript steps.Input        `in:"transcript" doc:"who said what"`
	VTT        steps.Input        `in:"vtt" doc:"the transcript as WebVTT"`
	Text       steps.Input        `in:"text" doc:"the transcript as text"`
	Topics     *steps.Input       `in:"topics" doc:"what it was about"`
	Title      *artifact.Title    `in:"title" doc:"the meeting's title"`
	Summary    *artifact.Summary  `in:"summary" doc:"highlights, action items, decisions"`
	Audio      *steps.Input       `in:"audio" doc:"the mixed audio"`
	Peaks      *artifact.Peaks    `in:"peaks" doc:"loudness of the mix"`
	Waveform   *steps.Input       `in:"waveform" doc:"waveform values"`
	Picture    *steps.Input       `in:"picture" doc:"waveform picture"`
}

// Out is what the step writes, beside what it publishes.
type Out struct {
	Result  artifact.Result `out:"result" file:"result.json" doc:"index of the result"`
	Report  steps.Output    `out:"report" file:"report.html" media:"text/html; charset=utf-8" show:"true" doc:"the page for people"`
	Summary steps.Output    `out:"summary" file:"summary.md" media:"text/markdown; charset=utf-8" show:"true" doc:"the summary as Markdown"`
	// Silent takes the page's place when the audio is deleted.
	Silent steps.Output `out:"silent" file:"silent.html" media:"text/html; charset=utf-8" doc:"the page for people without a player, if there is audio"`
}

// Spec declares the step.
var Spec = steps.Declare[In, Out](steps.Spec{
	Name:     "finalize",
	Version:  "2",
	Summary:  "put the result together and publish it",
	Volatile: true, // what is published must be this run's
	Needs:    []steps.Need{{Name: "store", Doc: "to publish the result"}},
})

// optional names the parts whose absence is told, by input port.
var optional = []struct{ port, step string }{
	{"topics", "detect-topics"},
	{"title", "generate-title"},
	{"summary", "generate-summary"},
	{"audio", "mixdown-tracks"},
	{"waveform", "generate-waveform"},
}

// New returns the step. idle lists the side effects that have nothing to do
// because they are not configured.
func New(pub Publisher, ledger Ledger, idle []artifact.Skipped) steps.Step {
	return steps.New(Spec, func(ctx context.Context, job *steps.Job, in In) (Out, error) {
		f := &finalizer{pub: pub, ledger: ledger, job: job, files: map[string]artifact.ResultFile{}}
		return f.run(ctx, in, idle)
	})
}

// names lists every file that a result may have, in the order of its index.
var names = []string{
	"report.html", "transcript.json", "transcript.vtt", "transcript.txt", "topics.json", "summary.md",
	"waveform.json", "waveform.png", "audio.webm",
}

type finalizer struct {
	pub    Publisher
	ledger Ledger
	job    *steps.Job
	files  map[string]artifact.ResultFile
}

func (f *finalizer) run(ctx context.Context, in In, idle []artifact.Skipped) (Out, error) {
	var transcript artifact.Transcript
	if err := in.Transcript.Decode(ctx, &transcript); err != nil {
		return Out{}, err
	}
	var topics *artifact.Topics
	if in.Topics != nil {
		topics = &artifact.Topics{}
		if err := in.Topics.Decode(ctx, topics); err != nil {
			return Out{}, err
		}
	}
	skipped := f.skipped(idle)
	page := report.Input{
		Recording: in.Recording, Transcript: transcript, Topics: topics, Title: in.Title, Summary: in.Summary, Peaks: in.Peaks, Skipped: skipped,
	}
	if in.Audio != nil {
		page.AudioFile = "audio.webm"
	}
	out := Out{Report: steps.Output{Path: f.job.Path("report.html")}, Summary: steps.Output{Path: f.job.Path("summary.md")}}
	if err := f.render(ctx, out.Report.Path, "report.html", "text/html; charset=utf-8", func(w io.Writer) error { return report.HTML(w, page) }); err != nil {
		return Out{}, err
	}
	if page.AudioFile != "" {
		silent := page
		silent.AudioFile, silent.AudioGone = "", true
		out.Silent.Path = f.job.Path("silent.html")
		var b bytes.Buffer
		if err := report.HTML(&b, silent); err != nil {
			return Out{}, fmt.Errorf("render the page without a player: %w", err)
		}
		if err := os.WriteFile(out.Silent.Path, b.Bytes(), 0o600); err != nil {
			return Out{}, err
		}
	}
	if err := f.render(ctx, out.Summary.Path, "summary.md", "text/markdown; charset=utf-8", func(w io.Writer) error { return report.Markdown(w, page) }); err != nil {
		return Out{}, err
	}
	copies := []struct {
		name string
		in   *steps.Input
	}{
		{"transcript.json", &in.Transcript},
		{"transcript.vtt", &in.VTT},
		{"transcript.txt", &in.Text},
		{"topics.json", in.Topics},
		{"waveform.json", in.Waveform},
		{"waveform.png", in.Picture},
		{"audio.webm", in.Audio},
	}
	for _, c := range copies {
		if c.in == nil {
			continue
		}
		if err := f.copy(ctx, c.name, *c.in); err != nil {
			return Out{}, err
		}
	}
	out.Result = index(in, transcript, topics, skipped)
	var err error
	if out.Result.Usage, err = f.ledger.Usage(ctx); err != nil {
		return Out{}, err
	}
	for _, name := range names {
		file, ok := f.files[name]
		if !ok {
			if err := f.pub.Retract(ctx, name); err != nil {
				return Out{}, fmt.Errorf("remove the old %s: %w", name, err)
			}
			continue
		}
		out.Result.Files = append(out.Result.Files, file)
	}
	b, err := json.MarshalIndent(out.Result, "", " ")
	if err != nil {
		return Out{}, err
	}
	// Last: whoever sees the index may count on what it lists.
	return out, f.publish(ctx, "result.json", "application/json", bytes.NewReader(append(b, '\n')))
}

// skipped lists what the result lacks, and why.
func (f *finalizer) skipped(idle []artifact.Skipped) []artifact.Skipped {
	list := []artifact.Skipped{}
	for _, o := range optional {
		if why, ok := f.job.Missing[o.port]; ok {
			list = append(list, artifact.Skipped{Step: o.step, Reason: why})
		}
	}
	return append(list, idle...)
}

// render writes a file into the scratch folder and publishes it.
func (f *finalizer) render(ctx context.Context, path, name, media string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		return err
	}
	return f.publish(ctx, name, media, &b)
}

func (f *finalizer) copy(ctx context.Context, name string, in steps.Input) error {
	r, err := in.Open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	return f.publish(ctx, name, in.MediaType, r)
}

// publish puts a file in its place and notes its size and digest.
func (f *finalizer) publish(ctx context.Context, name, media string, r io.Reader) error {
	h := sha256.New()
	n := &counter{}
	if err := f.pub.Publish(ctx, name, media, io.TeeReader(r, io.MultiWriter(h, n))); err != nil {
		return fmt.Errorf("publish %s: %w", name, err)
	}
	f.files[name] = artifact.ResultFile{Name: name, MediaType: media, Size: n.bytes, SHA256: hex.EncodeToString(h.Sum(nil))}
	return nil
}

type counter struct{ bytes int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.bytes += int64(len(p))
	return len(p), nil
}
