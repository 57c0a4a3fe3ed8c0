package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/asr"
	"github.com/trackscribe/trackscribe/internal/asr/server"
	"github.com/trackscribe/trackscribe/internal/asr/server/servertest"
	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/audio/pad"
	"github.com/trackscribe/trackscribe/internal/audio/wav"
	"github.com/trackscribe/trackscribe/internal/remote/faulttest"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/stepstest"
)

func options(url string) server.Options {
	return server.Options{
		URL: url, Key: servertest.Key, Model: "m", Format: "webm", MaxSeconds: 600, MaxBytes: 24e6, Concurrency: 2,
	}
}

// speaking returns a padded track in which somebody speaks as audiotest has it,
// muted where mutes say.
func speaking(t *testing.T, seconds float64, mutes ...audiotest.Mute) []byte {
	t.Helper()
	var raw bytes.Buffer
	if err := audiotest.Raw(&raw, audiotest.Spec{Seed: 7, Seconds: seconds, Mutes: mutes}); err != nil {
		t.Fatal(err)
	}
	var out audiotest.Buffer
	if _, err := pad.Pad(t.Context(), &raw, &out, pad.Options{}); err != nil {
		t.Fatal(err)
	}
	return out.B
}

func input(b []byte) steps.Input {
	return steps.Input{Name: "padded.webm", Size: int64(len(b)), Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(b)), nil
	}}
}

func job(t *testing.T, parts steps.Documents) *steps.Job {
	return &steps.Job{Recording: "rec", Run: "r1", Track: 2, Scratch: t.TempDir(), Parts: parts, Progress: func(float64) {}}
}

func TestShapes(t *testing.T) {
	t.Parallel()
	track := speaking(t, 4)
	for _, s := range servertest.Shapes() {
		t.Run(s.Server, func(t *testing.T) {
			t.Parallel()
			fake := servertest.New(http.StatusOK, s.Body)
			if s.Refuses != "" {
				answer := fake.Answer
				fake.Answer = func(w http.ResponseWriter, r servertest.Request, n int) {
					if fmt.Sprint(r.Form["response_format"]) == "[verbose_json]" {
						w.WriteHeader(http.StatusBadRequest)
						fmt.Fprintf(w, `{"error":{"message":%q,"type":"invalid_request_error","param":"response_format"}}`, s.Refuses)
						return
					}
					answer(w, r, n)
				}
			}
			srv := httptest.NewServer(fake)
			defer srv.Close()
			opt := options(srv.URL)
			opt.Timeout = 10 * time.Second
			heard, used, err := server.New(opt).Transcribe(t.Context(), job(t, &stepstest.Documents{}), input(track), "en")
			if err != nil {
				t.Fatal(err)
			}
			var text []string
			for _, w := range heard.Words {
				text = append(text, w.Text)
			}
			if got := strings.Join(text, " "); got != "Hello there, world." {
				t.Errorf("heard %q", got)
			}
			if heard.Estimated != s.Estimated {
				t.Errorf("estimated: %v, want %v", heard.Estimated, s.Estimated)
			}
			calls := 1
			if s.Refuses != "" {
				calls = 2
			}
			if used.Calls != calls || used.Bytes <= 0 || used.AudioSeconds <= 0 {
				t.Errorf("usage %+v, want %d calls", used, calls)
			}
			first := fake.Requests()[0]
			if first.Name != "audio.webm" || fmt.Sprint(first.Form["timestamp_granularities[]"]) != "[word segment]" || fmt.Sprint(first.Form["language"]) != "[en]" || fmt.Sprint(first.Form["model"]) != "[m]" {
				t.Errorf("asked for %q with %v", first.Name, first.Form)
			}
			if s.Bare || len(heard.Words) != 3 {
				return
			}
			// The track speaks from the start, so nothing is moved.
			want := []float64{1, 1.4, 2}
			for i, w := range heard.Words {
				tolerance := 0.001
				if s.Estimated {
					tolerance = 0.5
				}
				if math.Abs(w.Start-want[i]) > tolerance || w.End < w.Start || w.End > 2.5+0.001 {
					t.Errorf("word %d from %.3f to %.3f, want it to start at %.1f", i, w.Start, w.End, want[i])
				}
			}
		})
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	track := speaking(t, 4)
	for _, f := range faulttest.All() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			url, gate := faulttest.Start(t, f)
			opt := options(url)
			opt.Timeout = f.Patience()
			_, _, err := server.New(opt).Transcribe(t.Context(), job(t, &stepstest.Documents{}), input(track), "en")
			f.Check(t, gate, err)
			if !strings.Contains(err.Error(), "chunk 1 of 1 (0:00 to 0:0") {
				t.Errorf("error %v does not name the chunk", err)
			}
		})
	}
}

func TestWrongKeyIsNotRepeated(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(servertest.New(http.StatusOK, "{}"))
	defer srv.Close()
	opt := options(srv.URL)
	opt.Key = "planted-wrong-key"
	_, _, err := server.New(opt).Transcribe(t.Context(), job(t, &stepstest.Documents{}), input(speaking(t, 4)), "en")
	if err == nil || steps.Classify(err) != steps.Misuse || strings.Contains(err.Error(), opt.Key) || !strings.Contains(steps.Hint(err), "TRANSCRIPT_API_KEY") {
		t.Errorf("error %v, hint %q", err, steps.Hint(err))
	}
}

// TestMutedIsNotSent is about a track that is muted for 55 % of its time.
func TestMutedIsNotSent(t *testing.T) {
	t.Parallel()
	const length = 120.0
	var mutes []audiotest.Mute
	muted := 0.0
	for at := 4.0; at+11 < length; at += 20 {
		mutes = append(mutes, audiotest.Mute{Start: at, Length: 11})
		muted += 11
	}
	audible := length - muted
	if share := muted / length; share < 0.54 || share > 0.56 {
		t.Fatalf("%.0f %% are muted", 100*share)
	}
	fake := servertest.New(http.StatusOK, `{"text":"","words":[],"segments":[]}`)
	srv := httptest.NewServer(fake)
	defer srv.Close()
	opt := options(srv.URL)
	opt.Timeout = 10 * time.Second
	heard, used, err := server.New(opt).Transcribe(t.Context(), job(t, &stepstest.Documents{}), input(speaking(t, length, mutes...)), "en")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.1f of %.1f s are audible, %.1f s were sent", audible, heard.Duration, used.AudioSeconds)
	if used.AudioSeconds > audible*1.05 || used.AudioSeconds < audible*0.9 {
		t.Errorf("%.1f s were sent of %.1f s that are audible", used.AudioSeconds, audible)
	}
	if len(heard.Words) != 0 {
		t.Errorf("%d words of nothing", len(heard.Words))
	}
}

func TestSilenceIsNotSent(t *testing.T) {
	t.Parallel()
	fake := servertest.New(http.StatusInternalServerError, "")
	srv := httptest.NewServer(fake)
	defer srv.Close()
	_, used, err := server.New(options(srv.URL)).Transcribe(t.Context(), job(t, &stepstest.Documents{}), input(speaking(t, 8, audiotest.Mute{Start: 0.02, Length: 8})), "en")
	if err != nil || used != (steps.Usage{}) || len(fake.Requests()) != 0 {
		t.Errorf("usage %+v, error %v", used, err)
	}
}

func TestFinishedChunksAreNotSentAgain(t *testing.T) {
	t.Parallel()
	track := speaking(t, 60)
	fail := true
	fake := servertest.New(http.StatusOK, `{"words":[{"word":"yes","start":1,"end":1.5}]}`)
	answer := fake.Answer
	fake.Answer = func(w http.ResponseWriter, r servertest.Request, n int) {
		if fail && n == 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		answer(w, r, n)
	}
	srv := httptest.NewServer(fake)
	defer srv.Close()
	opt := options(srv.URL)
	opt.MaxSeconds, opt.Concurrency, opt.Timeout = 12, 1, 10*time.Second
	parts := &stepstest.Documents{}
	_, _, err := server.New(opt).Transcribe(t.Context(), job(t, parts), input(track), "en")
	if err == nil || !strings.Contains(err.Error(), "chunk 3 of ") || steps.Classify(err) != steps.Transient {
		t.Fatalf("error %v", err)
	}
	before := len(fake.Requests())
	fail = false
	heard, used, err := server.New(opt).Transcribe(t.Context(), job(t, parts), input(track), "en")
	if err != nil {
		t.Fatal(err)
	}
	chunks := len(heard.Segments)
	if sent := len(fake.Requests()) - before; before != 3 || sent != chunks-2 || chunks < 5 || used.Calls != chunks {
		t.Errorf("%d requests, then %d for %d chunks (%d calls counted), want the first two not again", before, sent, chunks, used.Calls)
	}
	for i := 1; i < len(heard.Words); i++ {
		if heard.Words[i].Start <= heard.Words[i-1].Start {
			t.Errorf("word %d at %.2f after one at %.2f", i, heard.Words[i].Start, heard.Words[i-1].Start)
		}
	}
}

func TestWAV(t *testing.T) {
	t.Parallel()
	fake := servertest.New(http.StatusOK, `{"text":"yes","words":[{"word":"yes","start":1,"end":1.5}]}`)
	srv := httptest.NewServer(fake)
	defer srv.Close()
	opt := options(srv.URL)
	opt.Format, opt.Timeout = "wav", 10*time.Second
	if _, _, err := server.New(opt).Transcribe(t.Context(), job(t, &stepstest.Documents{}), input(speaking(t, 4)), "en"); err != nil {
		t.Fatal(err)
	}
	r := fake.Requests()[0]
	in, err := wav.NewReader(bytes.NewReader(r.Audio))
	if err != nil {
		t.Fatal(err)
	}
	n, err := in.Read(make([]float32, 10*asr.SampleRate))
	if f := in.Format(); err != nil && err != io.EOF || r.Name != "audio.wav" || n < 1000 || f.SampleRate != asr.SampleRate || f.Channels != 1 {
		t.Errorf("%q with %d samples, %+v, error %v", r.Name, n, f, err)
	}
}

func TestFromURL(t *testing.T) {
	t.Parallel()
	fake := servertest.New(http.StatusOK, `{"text":"yes","words":[{"word":"yes","start":1,"end":1.5}]}`)
	srv := httptest.NewServer(fake)
	defer srv.Close()
	opt := options(srv.URL)
	opt.FromURL, opt.Timeout = true, 10*time.Second
	lent, ended := 0, 0
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "audio") }))
	defer files.Close()
	opt.Lend = func(_ context.Context, _ *steps.Job, name string, data []byte) (string, func(), error) {
		lent++
		if !strings.HasSuffix(name, ".webm") || len(data) == 0 {
			t.Errorf("lent %q with %d bytes", name, len(data))
		}
		return files.URL + "/x?signature=planted", func() { ended++ }, nil
	}
	heard, _, err := server.New(opt).Transcribe(t.Context(), job(t, &stepstest.Documents{}), input(speaking(t, 4)), "en")
	if err != nil || len(heard.Words) != 1 || lent != 1 || ended != 1 || string(fake.Requests()[0].Audio) != "audio" {
		t.Errorf("%d words, lent %d, taken back %d, error %v", len(heard.Words), lent, ended, err)
	}
	srv.Close()
	if _, _, err := server.New(opt).Transcribe(t.Context(), job(t, &stepstest.Documents{}), input(speaking(t, 4)), "en"); err == nil || strings.Contains(err.Error(), "planted") {
		t.Errorf("error %v", err)
	}
}

func TestTooManyBytes(t *testing.T) {
	t.Parallel()
	opt := options("http://127.0.0.1:1")
	opt.MaxBytes = 1000
	_, _, err := server.New(opt).Transcribe(t.Context(), job(t, &stepstest.Documents{}), input(speaking(t, 4)), "en")
	if err == nil || steps.Classify(err) != steps.Misuse || !strings.Contains(steps.Hint(err), "TRANSCRIPT_MAX") {
		t.Errorf("error %v, hint %q", err, steps.Hint(err))
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range servertest.Shapes() {
		f.Add([]byte(s.Body))
	}
	f.Add([]byte("plain text"))
	f.Fuzz(func(t *testing.T, body []byte) {
		h, err := server.Parse(body, 10)
		if err != nil {
			return
		}
		last := 0.0
		for _, w := range h.Words {
			if w.Text == "" || !(w.Start >= last) || !(w.End >= w.Start) || w.End > 10 || !(w.Probability >= 0 && w.Probability <= 1) {
				t.Fatalf("%+v after %g", w, last)
			}
			last = w.Start
		}
	})
}
