package runner

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"

	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/graph"
)

// given is one input port with the files found for it.
type given struct {
	port  steps.Port
	files []run.Output
	track []int
}

// inputs finds what the node reads, by the receipts of those who wrote it.
// missing tells why an optional input is not there.
func (r *Runner) inputs(ctx context.Context, node graph.Node, t run.Task) (list []given, missing map[string]string, err error) {
	missing = map[string]string{}
	for _, p := range node.Step.Inputs {
		g := given{port: p}
		ref, ok := node.From[p.Name]
		if !ok {
			missing[p.Name] = "not part of this pipeline"
			list = append(list, g)
			continue
		}
		why, err := r.collect(ctx, node, t, ref, &g)
		if err != nil {
			return nil, nil, fmt.Errorf("input %q of step %q: %w", p.Name, t.Step, err)
		}
		if why != "" {
			if !p.Optional {
				return nil, nil, steps.Bad("", "input %q of step %q: %s", p.Name, t.Step, why)
			}
			missing[p.Name] = why
		}
		list = append(list, g)
	}
	return list, missing, nil
}

// collect fills g with the files behind ref. why says that there are none and
// never will be.
func (r *Runner) collect(ctx context.Context, node graph.Node, t run.Task, ref graph.Ref, g *given) (why string, err error) {
	name, port := ref.Split()
	src, _ := r.Graph.Node(name)
	tracks := []int{-1}
	switch {
	case src.Each != "" && g.port.Each:
		if tracks, err = Tracks(ctx, r.Store, t.Recording, t.Run, src.Each); err != nil {
			return "", err
		}
	case src.Each != "":
		tracks = []int{t.Track}
	}
	for _, track := range tracks {
		rec, why, err := r.producer(ctx, run.Task{Recording: t.Recording, Run: t.Run, Step: name, Track: track}, g.port.Optional)
		if err != nil || why != "" {
			return why, err
		}
		for _, o := range rec.Outputs {
			if o.Port != port || o.Index != nil && !g.port.Each && *o.Index != t.Track {
				continue
			}
			at := track
			if o.Index != nil {
				at = *o.Index
			}
			g.files, g.track = append(g.files, o), append(g.track, at)
		}
		switch out, _ := src.Step.Output(port); {
		case len(g.files) > 0 || g.port.Each:
		case out.Each:
			return fmt.Sprintf("there is no track %d", t.Track), nil
		default:
			return fmt.Sprintf("%s made no %s", rec.Step, port), nil
		}
	}
	return "", nil
}

// producer returns the receipt of the task that wrote an input, or why there
// is none and will be none.
func (r *Runner) producer(ctx context.Context, t run.Task, optional bool) (rec run.Receipt, why string, err error) {
	rec, ok, err := Receipt(ctx, r.Store, t)
	switch {
	case err != nil:
		return rec, "", err
	case !ok:
		f, err := readFailure(ctx, r.Store, t)
		if errors.Is(err, store.ErrNotFound) {
			if blamed, ok := r.blame(ctx, t); ok {
				return rec, blamed, nil
			}
			if optional {
				// Engines start a task when those before it have ended, so this
				// one ended without a word: killed, out of memory, out of time.
				return rec, fmt.Sprintf("%s did not finish", t), nil
			}
			return rec, "", fmt.Errorf("%s: %w", t, ErrNotReady)
		}
		if err != nil {
			return rec, "", err
		}
		return rec, fmt.Sprintf("%s failed: %s", t, f.Message), nil
	case rec.Skipped != "":
		return rec, fmt.Sprintf("%s was skipped: %s", t, rec.Skipped), nil
	}
	return rec, "", nil
}

// blame finds the failure that kept a task from ever starting.
func (r *Runner) blame(ctx context.Context, t run.Task) (string, bool) {
	node, _ := r.Graph.Node(t.Step)
	for _, parent := range r.Graph.Parents(node) {
		if !r.Graph.Requires(node, parent) {
			continue
		}
		pt := run.Task{Recording: t.Recording, Run: t.Run, Step: parent, Track: -1}
		if p, _ := r.Graph.Node(parent); p.Each != "" {
			continue // a track that fails ends the run
		}
		if f, err := readFailure(ctx, r.Store, pt); err == nil {
			if _, done, _ := Receipt(ctx, r.Store, pt); !done {
				return fmt.Sprintf("%s failed: %s", pt, f.Message), true
			}
		}
		if why, ok := r.blame(ctx, pt); ok {
			return why, true
		}
	}
	return "", false
}

// open gives the step its inputs as streams that check their sha256.
func (r *Runner) open(list []given) map[string][]steps.Input {
	in := map[string][]steps.Input{}
	for _, g := range list {
		for i, o := range g.files {
			in[g.port.Name] = append(in[g.port.Name], steps.Input{
				Name: o.Name, Track: g.track[i], Size: o.Size, SHA256: o.SHA256, MediaType: o.MediaType,
				Open: func(ctx context.Context) (io.ReadCloser, error) {
					rc, _, err := r.Store.Get(ctx, o.Key)
					if err != nil {
						return nil, err
					}
					return store.Verify(rc, o.SHA256, o.Size), nil
				},
			})
		}
	}
	return in
}

// parameters picks those that the step declares, with their defaults.
func parameters(spec steps.Spec, asked map[string]string) map[string]string {
	if len(spec.Params) == 0 {
		return nil
	}
	m := map[string]string{}
	for _, p := range spec.Params {
		m[p.Name] = p.Default
		if v, ok := asked[p.Name]; ok {
			m[p.Name] = v
		}
	}
	return m
}

// cacheKey digests everything that a step's outputs depend on.
func cacheKey(spec steps.Spec, track int, params map[string]string, basis string, inputs []given) string {
	h := sha256.New()
	line := func(parts ...string) {
		for _, p := range parts {
			fmt.Fprintf(h, "%d:%s,", len(p), p)
		}
		io.WriteString(h, "\n")
	}
	line("step", spec.Name, spec.Version, fmt.Sprint(track))
	names := make([]string, 0, len(params))
	for n := range params {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		line("param", n, params[n])
	}
	if basis != "" {
		line("basis", basis)
	}
	sorted := slices.SortedFunc(slices.Values(inputs), func(a, b given) int { return cmp.Compare(a.port.Name, b.port.Name) })
	for _, g := range sorted {
		line("input", g.port.Name, fmt.Sprint(len(g.files)))
		for i, o := range g.files {
			line(fmt.Sprint(g.track[i]), o.SHA256)
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:32]
}

// LoadRun reads a run.json.
func LoadRun(ctx context.Context, s store.Store, recording, id string) (run.Run, error) {
	b, err := read(ctx, s, run.RunKey(recording, id))
	if err != nil {
		return run.Run{}, err
	}
	return run.ParseRun(b)
}

// Receipt reads a task's receipt. ok is false when there is none, or none that
// is valid.
func Receipt(ctx context.Context, s store.Store, t run.Task) (rec run.Receipt, ok bool, err error) {
	return readReceipt(ctx, s, t.ReceiptKey())
}

func readReceipt(ctx context.Context, s store.Store, key string) (rec run.Receipt, ok bool, err error) {
	b, err := read(ctx, s, key)
	if errors.Is(err, store.ErrNotFound) {
		return rec, false, nil
	}
	if err != nil {
		return rec, false, err
	}
	if rec, err = run.ParseReceipt(b); err != nil {
		return run.Receipt{}, false, nil
	}
	return rec, true, nil
}

func readFailure(ctx context.Context, s store.Store, t run.Task) (run.Failure, error) {
	b, err := read(ctx, s, t.FailureKey())
	if err != nil {
		return run.Failure{}, err
	}
	return run.ParseFailure(b)
}

func read(ctx context.Context, s store.Store, key string) ([]byte, error) {
	rc, _, err := s.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	return io.ReadAll(io.LimitReader(rc, store.MaxJSON))
}

// Tracks returns the track indexes that an output lists, in order. They are
// what an engine fans out over.
func Tracks(ctx context.Context, s store.Store, recording, id string, each graph.Ref) ([]int, error) {
	node, port := each.Split()
	rec, ok, err := Receipt(ctx, s, run.Task{Recording: recording, Run: id, Step: node, Track: -1})
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("%s: %w", node, ErrNotReady)
	}
	tracks := []int{}
	for _, o := range rec.Outputs {
		if o.Port == port && o.Index != nil {
			tracks = append(tracks, *o.Index)
		}
	}
	slices.Sort(tracks)
	return tracks, nil
}

// Tracks is [Tracks] on the runner's own store.
func (r *Runner) Tracks(ctx context.Context, recording, id string, each graph.Ref) ([]int, error) {
	return Tracks(ctx, r.Store, recording, id, each)
}

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || err != nil && strings.Contains(err.Error(), "no space left on device")
}
