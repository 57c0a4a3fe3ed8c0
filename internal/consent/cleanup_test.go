package consent_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trackscribe/trackscribe/internal/consent"
	"github.com/trackscribe/trackscribe/internal/consent/consenttest"
	"github.com/trackscribe/trackscribe/internal/remote/faulttest"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/steps/cleanupconsent"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

func storeError(err error) bool { return errors.Is(err, store.ErrNotFound) }

const denial = `{"decisions": [{"userId": "a", "consent": true}, {"userId": "b", "consent": false}]}`

func TestDenialDeletesEverythingAudible(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.decide(t, denial)
	before := w.latest(t)
	if len(w.audible(t)) < 8*3 {
		t.Fatalf("before, only %q can be heard", w.audible(t))
	}
	if err := w.work(t.Context(), t, w.step(), nil); err != nil {
		t.Fatal(err)
	}
	if left := w.audible(t); len(left) > 0 {
		t.Errorf("can still be heard:\n%s", strings.Join(left, "\n"))
	}
	after := w.latest(t)
	for name, content := range before {
		audio := strings.Contains(content, heard) || strings.HasSuffix(name, "old.ogg")
		_, there := after[name]
		changed := strings.HasSuffix(name, "/result.json") || strings.HasSuffix(name, "/report.html")
		if audio == there || !audio && !changed && after[name] != content {
			t.Errorf("%s: audible %t, there afterwards %t", name, audio, there)
		}
	}
	var doc artifact.Cleanup
	if ok, err := (effects{w.store}).Load(t.Context(), "cleanup-consent", &doc); err != nil || !ok || !doc.AudioGone || doc.Decisions != 2 || doc.Denials != 1 || doc.AudioFiles != 9 || doc.Elsewhere != 0 {
		t.Errorf("effect %+v, %v", doc, err)
	}
	index, ok, err := consent.Result{Store: w.store, Recording: recording}.Index(t.Context())
	if err != nil || !ok || !index.AudioDeleted || len(index.Files) != 1 || index.Title != "Plans" {
		t.Errorf("index %+v, %t, %v", index, ok, err)
	}
	if page := after[storeBucket+"/team/recordings/weekly/result/report.html"]; page != "the page without a player" {
		t.Errorf("report.html is %q", page)
	}
}

// Cut short at every request, before the server does it and after, and started
// again, the step comes to the same end as in one go.
func TestInterruptedAnywhere(t *testing.T) {
	t.Parallel()
	for _, transcript := range []string{"keep", "delete"} {
		params := map[string]string{"consent-transcript": transcript}
		whole := newWorld(t)
		whole.decide(t, denial)
		whole.line.cutOff(0, false, nil)
		if err := whole.work(t.Context(), t, whole.step(), params); err != nil {
			t.Fatal(err)
		}
		want, requests := whole.latest(t), whole.line.requests
		if requests < 60 {
			t.Fatalf("only %d requests: that cannot be all", requests)
		}
		t.Logf("transcript %s: %d requests", transcript, requests)
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, late %t", transcript, late), func(t *testing.T) {
				t.Parallel()
				for n := 1; n <= requests; n++ {
					w := newWorld(t)
					w.decide(t, denial)
					ctx, cancel := context.WithCancel(t.Context())
					w.line.cutOff(n, late, cancel)
					err := w.work(ctx, t, w.step(), params)
					if !errors.Is(err, context.Canceled) {
						t.Fatalf("cut at request %d: %v", n, err)
					}
					var doc artifact.Cleanup
					w.line.cutOff(0, false, nil)
					if ok, err := (effects{w.store}).Load(t.Context(), "cleanup-consent", &doc); err != nil || ok && doc.AudioGone != (late && n == requests) {
						t.Fatalf("cut at request %d: the effect is %+v, %v", n, doc, err)
					} else if doc.AudioGone && len(w.audible(t)) > 0 {
						t.Fatalf("cut at request %d: counts as deleted, and is not", n)
					}
					if err := w.work(t.Context(), t, w.step(), params); err != nil {
						t.Fatalf("cut at request %d, and gone on: %v", n, err)
					}
					if left := w.audible(t); len(left) > 0 {
						t.Errorf("cut at request %d: can still be heard:\n%s", n, strings.Join(left, "\n"))
					}
					if diff := cmp.Diff(want, w.latest(t)); diff != "" {
						t.Fatalf("cut at request %d: the end differs (-want +got):\n%s", n, diff)
					}
				}
			})
		}
	}
}

func TestTranscriptGoesToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.decide(t, denial)
	if err := w.work(t.Context(), t, w.step(), map[string]string{"consent-transcript": "delete"}); err != nil {
		t.Fatal(err)
	}
	in := storeBucket + "/team/recordings/weekly/"
	want := []string{
		in + "consent.json", in + "result/effects/cleanup-consent.json", in + "result/effects/post-zulip.json", in + "result/result.json",
		in + "runs/run-0/end.json", in + "runs/run-0/run.json", in + "runs/run-1/receipts/finalize.json", in + "runs/run-1/run.json",
		storeBucket + "/team/recordings/weekly2/result/audio.webm",
		rawBucket + "/daily/weekly/notes.pdf", rawBucket + "/daily/weekly/recording.json",
		rawBucket + "/daily/weekly/tracks/" + trackID + "cam-audio-1763000000000.event.json", rawBucket + "/daily/weekly2/tracks/a.webm",
	}
	var got []string
	for name := range w.latest(t) {
		got = append(got, name)
	}
	if diff := cmp.Diff(want, got, cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Errorf("what is left (-want +got):\n%s", diff)
	}
	for _, c := range w.copies(t) {
		if strings.Contains(c.content, "Ann") || strings.Contains(strings.ToLower(c.content), "plans") {
			t.Errorf("%s at %s still says %q", c.key, c.version, c.content)
		}
	}
}

// sameCopies wants every object to be there at every version as before.
func sameCopies(t *testing.T, what string, before, after []kept) {
	t.Helper()
	if diff := cmp.Diff(before, after, cmp.AllowUnexported(kept{})); diff != "" {
		t.Errorf("%s: the buckets changed (-before +after):\n%s", what, diff)
	}
}

func TestWithoutDenialNothingChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// In this order: the first is a recording nobody ever decided on.
	for _, c := range []struct{ doc, reason string }{
		{"", cleanupconsent.Undecided},
		{`{"decisions": []}`, cleanupconsent.Undecided},
		{`{"decisions": [{"userId": "a", "consent": true}, {"userId": "b", "consent_given": true}]}`, cleanupconsent.Agreed},
	} {
		if c.doc != "" {
			w.decide(t, c.doc)
		}
		before := w.copies(t)
		err := w.work(t.Context(), t, w.step(), nil)
		if got, ok := steps.SkipReason(err); !ok || got != c.reason {
			t.Errorf("%q: %v, want it skipped: %s", c.doc, err, c.reason)
		}
		sameCopies(t, c.doc, before, w.copies(t))
	}
}

func TestMalformedDeletesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, doc := range []string{"", "consent: false", `{"decisions": [{"userId": "b", "consent": "false"}]}`, `{"decisions": [{"userId": "b"}]}`, `[]`} {
		w.decide(t, doc)
		before := w.copies(t)
		err := w.work(t.Context(), t, w.step(), map[string]string{"consent-missing": "delete", "consent-transcript": "delete"})
		if steps.Classify(err) != steps.Permanent || !strings.Contains(err.Error(), "consent.json in the store cannot be understood") {
			t.Errorf("%q: %v", doc, err)
		}
		sameCopies(t, doc, before, w.copies(t))
	}
}

func endpoint(t *testing.T, gate *faulttest.Gate, token string, timeout time.Duration) *consent.Endpoint {
	t.Helper()
	server := httptest.NewServer(gate)
	t.Cleanup(server.Close)
	return consent.NewEndpoint(consent.EndpointOptions{URL: server.URL + "/consent/", Token: token, Recording: recording, Timeout: timeout})
}

func TestEndpointFaultsDeleteNothing(t *testing.T) {
	t.Parallel()
	for _, f := range faulttest.All() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.decide(t, denial) // what the store says must wait for the endpoint
			known := consenttest.New()
			known.Set(recording, denial)
			gate := &faulttest.Gate{Service: known}
			asked := endpoint(t, gate, consenttest.Token, f.Patience())
			step := w.step(asked, consent.File{Store: w.store, Recording: recording})
			before := w.copies(t)
			gate.Shut(f, -1)
			if f.Name == "404" { // says that nobody decided
				step = w.step(asked)
				if reason, ok := steps.SkipReason(w.work(t.Context(), t, step, nil)); !ok || reason != cleanupconsent.Undecided {
					t.Errorf("404 is not taken for no decisions")
				}
				sameCopies(t, f.Name, before, w.copies(t))
				return
			}
			err := w.work(t.Context(), t, step, map[string]string{"consent-missing": "delete"})
			if err == nil || steps.Classify(err) != f.Class || !strings.Contains(err.Error(), f.Says) || !strings.Contains(err.Error(), "consent endpoint") {
				t.Errorf("%v (%s), want %s and %q", err, steps.Classify(err), f.Class, f.Says)
			}
			f.CheckWait(t, gate, err)
			if n := gate.Requests(); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
			sameCopies(t, f.Name, before, w.copies(t))
			gate.Open()
			if err := w.work(t.Context(), t, step, nil); err != nil || len(w.audible(t)) > 0 {
				t.Errorf("when it answers: %v", err)
			}
		})
	}
}

// Either place's denial counts, whatever the other says.
func TestBothRegistersCount(t *testing.T) {
	t.Parallel()
	const consented = `{"decisions": [{"userId": "b", "consent": true, "at": "2026-01-31T11:00:00Z"}]}`
	for _, test := range []struct {
		file, endpoint string
		deleted        bool
	}{
		{denial, consented, true}, {consented, denial, true}, {"", denial, true}, {denial, "", true}, {consented, "", false}, {"", consented, false},
	} {
		w := newWorld(t)
		known := consenttest.New()
		if test.file != "" {
			w.decide(t, test.file)
		}
		if test.endpoint != "" {
			known.Set(recording, test.endpoint)
		}
		err := w.work(t.Context(), t, w.step(consent.File{Store: w.store, Recording: recording}, endpoint(t, &faulttest.Gate{Service: known}, consenttest.Token, 0)), nil)
		if _, skipped := steps.SkipReason(err); err != nil && !skipped || skipped == test.deleted || (len(w.audible(t)) == 0) != test.deleted {
			t.Errorf("file %q, endpoint %q: %v", test.file, test.endpoint, err)
		}
	}
}

func TestWrongToken(t *testing.T) {
	t.Parallel()
	const secret = "not-the-token"
	_, err := endpoint(t, &faulttest.Gate{Service: consenttest.New()}, secret, 0).Decisions(t.Context())
	if steps.Classify(err) != steps.Misuse || !strings.Contains(steps.Hint(err), "CONSENT_TOKEN") || strings.Contains(err.Error(), secret) {
		t.Errorf("%v (hint %q)", err, steps.Hint(err))
	}
}

func TestAnotherRunStillReads(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		age    time.Duration
		end    string
		result bool // is published
		waits  bool
	}{
		"running":           {age: time.Hour, waits: true},
		"dead":              {age: consent.Dead + time.Minute},
		"failed":            {age: time.Hour, end: run.Failed},
		"canceled":          {age: time.Hour, end: run.Canceled},
		"only effects left": {age: time.Hour, result: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.decide(t, denial)
			w.asked(t, "run-2", "s3://raw-tracks/daily/weekly", noon.Add(-test.age))
			if test.end != "" {
				if _, err := store.PutJSON(t.Context(), w.store, run.EndKey(recording, "run-2"), run.End{Run: "run-2", State: test.end}, store.PutOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			if test.result {
				for _, step := range []string{"get-recording", "get-participants", "merge-transcripts", "finalize"} {
					task := run.Task{Recording: recording, Run: "run-2", Step: step, Track: -1}
					if _, err := store.PutJSON(t.Context(), w.store, task.ReceiptKey(), run.Receipt{Step: step, CacheKey: "k", Finished: noon.Add(-test.age)}, store.PutOptions{}); err != nil {
						t.Fatal(err)
					}
				}
			}
			heardBefore := len(w.audible(t))
			err := w.work(t.Context(), t, w.step(), nil)
			if !test.waits {
				if err != nil || len(w.audible(t)) > 0 {
					t.Errorf("%v", err)
				}
				return
			}
			if steps.Classify(err) != steps.Transient || !strings.Contains(err.Error(), `run "run-2" still reads`) || len(w.audible(t)) != heardBefore {
				t.Errorf("%v, %d of %d audible", err, len(w.audible(t)), heardBefore)
			}
		})
	}
}

// A run that read the tracks from somewhere else left them there: that is said.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.asked(t, "run-3", "/home/ann/weekly", noon.Add(-48*time.Hour))
	n, err := consent.Runs{Graph: pipeline.New(), Store: w.store, Recording: recording, Now: func() time.Time { return noon }}.Elsewhere(t.Context(), thisRun)
	if n != 1 || err != nil {
		t.Errorf("%d other places, %v; want 1", n, err)
	}
}

// A store that cannot forget must not let the step believe that it did.
func TestStoreThatCannotForget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	plain := struct{ store.Store }{w.store}
	place := consent.Audio(plain, recording)
	if _, err := place.Left(t.Context()); steps.Classify(err) != steps.Permanent {
		t.Errorf("Left: %v", err)
	}
	if err := place.Erase(t.Context(), "k"); steps.Classify(err) != steps.Permanent {
		t.Errorf("Erase: %v", err)
	}
}
