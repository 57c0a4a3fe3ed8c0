package consent_test

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/trackscribe/trackscribe/internal/consent"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/source"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/s3"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/steps/cleanupconsent"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// The buckets of the world in these tests: the store's, and the raw tracks'.
const (
	storeBucket = "the-store"
	rawBucket   = "raw-tracks"
	recording   = "weekly"
	thisRun     = "run-1"
)

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// A world is a server with two versioned buckets, and in them one recording
// with everything that ever becomes of one, beside others.
type world struct {
	server http.Handler // without the interruptions
	line   *line
	store  store.Store
	source *source.Source
}

// line is the way to the server. It can be cut at the n-th request.
type line struct {
	server http.Handler

	mu       sync.Mutex
	requests int
	cutAt    int  // 0: never
	late     bool // the server does what the cut request asks for
	cut      context.CancelFunc
}

// ServeHTTP passes requests on until the line is cut. Whoever sent the request
// at which it is cut is gone: they get no answer, and their context is done.
func (l *line) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests++
	switch {
	case l.cutAt == 0 || l.requests < l.cutAt:
		l.server.ServeHTTP(w, r)
		return
	case l.requests == l.cutAt && l.late:
		l.server.ServeHTTP(httptest.NewRecorder(), r)
	}
	l.cut()
	panic(http.ErrAbortHandler)
}

// cutOff cuts the line at the n-th request from now on, and ends ctx then.
func (l *line) cutOff(n int, late bool, cut context.CancelFunc) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests, l.cutAt, l.late, l.cut = 0, n, late, cut
}

func newWorld(t *testing.T) *world {
	t.Helper()
	backend := s3mem.New(s3mem.WithTimeSource(gofakes3.FixedTimeSource(noon)), s3mem.WithVersionSeed(1))
	for _, b := range []string{storeBucket, rawBucket} {
		if err := backend.CreateBucket(b); err != nil {
			t.Fatal(err)
		}
		if err := backend.SetVersioningConfiguration(b, gofakes3.VersioningConfiguration{Status: gofakes3.VersioningEnabled}); err != nil {
			t.Fatal(err)
		}
	}
	w := &world{server: gofakes3.New(backend).Server()}
	w.line = &line{server: w.server}
	server := httptest.NewServer(w.line)
	t.Cleanup(server.Close)
	open := func(bucket, prefix string) store.Store {
		s, err := s3.New(t.Context(), s3.Options{
			Bucket: bucket, Prefix: prefix, Region: "us-east-1", Endpoint: server.URL, PathStyle: true, AccessKeyID: "AKIDTEST", SecretAccessKey: "the-secret",
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	w.store, w.source = open(storeBucket, "team"), source.New(open(rawBucket, "daily/weekly"), "s3://raw-tracks/daily/weekly", false)
	w.furnish(t)
	return w
}

const (
	heard   = "this can be heard"
	trackID = "1763000000000-11111111-2222-3333-4444-555555555555-"
)

// furnish fills the buckets. Everything audible has this in it, and everything
// else has not.
func (w *world) furnish(t *testing.T) {
	t.Helper()
	in := "team/recordings/" + recording + "/"
	put := func(key, content string) { w.do(t, http.MethodPut, "/"+key, content) }
	for take := range 3 { // overwritten twice
		sound := fmt.Sprintf("%s, take %d", heard, take)
		put(storeBucket+"/"+in+"artifacts/pad-track/k1/audio.webm", sound)
		put(storeBucket+"/"+in+"artifacts/mixdown-tracks/k2/audio.webm", sound)
		put(storeBucket+"/"+in+"artifacts/transcribe-track/k3/parts/chunk-1.webm", sound)
		put(storeBucket+"/"+in+"result/audio.webm", sound)
		put(storeBucket+"/"+in+"source/1234/weekly/tracks/"+trackID+"cam-audio-1763000000000", sound)
		put(storeBucket+"/"+in+"result/old.ogg", sound)
		put(rawBucket+"/daily/weekly/tracks/"+trackID+"cam-audio-1763000000000.webm", sound)
		put(rawBucket+"/daily/weekly/tracks/"+trackID+"screen-video-1763000000000.webm", sound)
	}
	w.do(t, http.MethodDelete, "/"+storeBucket+"/"+in+"result/old.ogg", "")
	w.do(t, http.MethodPost, "/"+storeBucket+"/"+in+"result/audio.webm?uploads", "")
	w.do(t, http.MethodPost, "/"+storeBucket+"/"+in+"artifacts/pad-track/k9/audio.webm?uploads", "")

	put(storeBucket+"/"+in+"artifacts/pad-track/k1/timeline.json", "{}")
	put(storeBucket+"/"+in+"artifacts/merge-transcripts/k4/transcript.json", "{}")
	put(storeBucket+"/"+in+"artifacts/finalize/k5/silent.html", "the page without a player")
	put(storeBucket+"/"+in+"result/transcript.txt", "what Ann said")
	put(storeBucket+"/"+in+"result/report.html", "the page with a player")
	put(storeBucket+"/"+in+"result/waveform.png", "a picture")
	put(storeBucket+"/"+in+"result/effects/post-zulip.json", "{}")
	put(storeBucket+"/"+in+"runs/run-1/receipts/finalize.json", "{}")
	put(rawBucket+"/daily/weekly/recording.json", "{}")
	put(rawBucket+"/daily/weekly/tracks/"+trackID+"cam-audio-1763000000000.event.json", "{}")
	put(rawBucket+"/daily/weekly/notes.pdf", "the agenda")
	// Others' recordings, beginning with the same letters.
	put(storeBucket+"/team/recordings/weekly2/result/audio.webm", "somebody else's")
	put(rawBucket+"/daily/weekly2/tracks/a.webm", "somebody else's")

	ctx := t.Context()
	for id, at := range map[string]string{thisRun: "s3://raw-tracks/daily/weekly", "run-0": w.store.URL() + "/recordings/weekly/source/1234/weekly"} {
		w.asked(t, id, at, noon.Add(-time.Hour))
	}
	if _, err := store.PutJSON(ctx, w.store, run.EndKey(recording, "run-0"), run.End{Run: "run-0", State: run.Failed, Finished: noon}, store.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, title := range []string{"Old plans", "Plans"} {
		doc := artifact.Result{
			Recording: recording, Title: title, Participants: []artifact.ResultSpeaker{{ID: "a", Name: "Ann", Tracks: []int{0}}}, Engines: map[string]string{},
			Files:    []artifact.ResultFile{{Name: "report.html", MediaType: "text/html", Size: 22}, {Name: "audio.webm", MediaType: "audio/webm", Size: 25}},
			Skipped:  []artifact.Skipped{},
			Warnings: []string{},
		}
		if _, err := store.PutJSON(ctx, w.store, run.ResultKey(recording, "result.json"), doc, store.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

// asked writes a run.json.
func (w *world) asked(t *testing.T, id, at string, when time.Time) {
	t.Helper()
	g := pipeline.New()
	r := run.Run{ID: id, Recording: recording, Source: at, Graph: run.GraphRef{Name: g.Name, Version: g.Version, Digest: g.Digest()}, Steps: map[string]string{}, Created: when}
	for _, n := range g.Nodes {
		r.Steps[n.Name()] = n.Step.Version
	}
	if _, err := store.PutJSON(t.Context(), w.store, run.RunKey(recording, id), r, store.PutOptions{}); err != nil {
		t.Fatal(err)
	}
}

// decide writes consent.json.
func (w *world) decide(t *testing.T, doc string) {
	t.Helper()
	if _, err := w.store.Put(t.Context(), run.ConsentKey(recording), strings.NewReader(doc), store.PutOptions{}); err != nil {
		t.Fatal(err)
	}
}

// do asks the server, past the line.
func (w *world) do(t *testing.T, method, target, body string) string {
	t.Helper()
	path, query, _ := strings.Cut(target, "?")
	r := httptest.NewRequest(method, (&url.URL{Path: path, RawQuery: query}).String(), strings.NewReader(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, r)
	if rec.Code >= 300 {
		t.Fatalf("%s %s: %d %s", method, target, rec.Code, rec.Body)
	}
	return rec.Body.String()
}

// A kept is one version of an object.
type kept struct {
	bucket, key, version, content string
	latest, marker                bool
}

// copies asks the server for everything that there is, at every version.
func (w *world) copies(t *testing.T) (all []kept) {
	t.Helper()
	for _, bucket := range []string{storeBucket, rawBucket} {
		var list struct {
			Version, DeleteMarker []struct {
				Key, VersionId string //nolint:revive // as S3 calls it
				IsLatest       bool
			}
		}
		if err := xml.Unmarshal([]byte(w.do(t, http.MethodGet, "/"+bucket+"?versions", "")), &list); err != nil {
			t.Fatal(err)
		}
		for _, v := range list.Version {
			content := w.do(t, http.MethodGet, "/"+bucket+"/"+v.Key+"?versionId="+url.QueryEscape(v.VersionId), "")
			all = append(all, kept{bucket, v.Key, v.VersionId, content, v.IsLatest, false})
		}
		for _, v := range list.DeleteMarker {
			all = append(all, kept{bucket, v.Key, v.VersionId, "", v.IsLatest, true})
		}
	}
	slices.SortFunc(all, func(a, b kept) int {
		return strings.Compare(a.bucket+" "+a.key+" "+a.version, b.bucket+" "+b.key+" "+b.version)
	})
	return all
}

// latest is what a reader of the buckets sees, and which keys are there at any
// version.
func (w *world) latest(t *testing.T) map[string]string {
	t.Helper()
	seen := map[string]string{}
	for _, c := range w.copies(t) {
		name := c.bucket + "/" + c.key
		switch {
		case c.latest && !c.marker:
			seen[name] = c.content
		case seen[name] == "":
			seen[name] = "" // something, somewhere below
		}
	}
	return seen
}

// audible lists what can be heard of the recording, at whatever version, and
// which uploads are not finished.
func (w *world) audible(t *testing.T) (list []string) {
	t.Helper()
	for _, c := range w.copies(t) {
		if strings.Contains(c.content, heard) || c.marker {
			list = append(list, fmt.Sprintf("%s/%s at %s: %q", c.bucket, c.key, c.version, c.content))
		}
	}
	if uploads := w.do(t, http.MethodGet, "/"+storeBucket+"?uploads", ""); strings.Contains(uploads, "<UploadId>") {
		list = append(list, uploads)
	}
	return list
}

// effects keeps what the step did, as the program does.
type effects struct{ store store.Store }

func (e effects) Load(ctx context.Context, name string, v any) (bool, error) {
	_, err := store.GetJSON(ctx, e.store, run.EffectKey(recording, name), v)
	if storeError(err) {
		return false, nil
	}
	return err == nil, err
}

func (e effects) Save(ctx context.Context, name string, v any) error {
	_, err := store.PutJSON(ctx, e.store, run.EffectKey(recording, name), v, store.PutOptions{})
	return err
}

// step is the real step on the world.
func (w *world) step(registers ...cleanupconsent.Register) steps.Step {
	if registers == nil {
		registers = []cleanupconsent.Register{consent.File{Store: w.store, Recording: recording}}
	}
	now := func() time.Time { return noon }
	return cleanupconsent.New(cleanupconsent.Outside{
		Registers: registers,
		Audio:     []cleanupconsent.Place{consent.Audio(w.store, recording), w.source},
		Text:      consent.Text(w.store, recording),
		Result:    consent.Result{Store: w.store, Recording: recording},
		Runs:      consent.Runs{Graph: pipeline.New(), Store: w.store, Recording: recording, Now: now},
		Effects:   effects{w.store},
		Now:       now,
	})
}

// work runs the step as the runner does.
func (w *world) work(ctx context.Context, t *testing.T, step steps.Step, params map[string]string) error {
	t.Helper()
	file := func(name string) steps.Input {
		return steps.Input{Name: name, Size: 25, SHA256: "of the silent page", Open: func(ctx context.Context) (io.ReadCloser, error) {
			rc, _, err := w.store.Get(ctx, run.ArtifactKey(recording, "finalize", "k5", name))
			return rc, err
		}}
	}
	all := map[string]string{"consent-missing": "keep", "consent-transcript": "keep"}
	for k, v := range params {
		all[k] = v
	}
	_, _, err := step.Run(ctx, &steps.Job{Recording: recording, Run: thisRun, Track: -1, Scratch: t.TempDir()}, steps.Given{
		Inputs: map[string][]steps.Input{"result": {file("result.json")}, "page": {file("silent.html")}}, Params: all,
	})
	return err
}
