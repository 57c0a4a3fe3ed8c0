package serve_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trackscribe/trackscribe/internal/asr"
	"github.com/trackscribe/trackscribe/internal/asr/moonshine"
	"github.com/trackscribe/trackscribe/internal/asr/serve"
	"github.com/trackscribe/trackscribe/internal/asr/server"
	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/audio/pad"
	"github.com/trackscribe/trackscribe/internal/testenv"
	"github.com/trackscribe/trackscribe/internal/text/wer"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/stepstest"
	"github.com/trackscribe/trackscribe/steps/transcribetrack"
)

const key = "key-for-tests"

// scripted is a recogniser that hears the same in everything.
type scripted struct{}

func (scripted) Name() string { return "scripted" }

func (scripted) Transcribe(_ context.Context, pcm asr.PCM) (asr.Result, error) {
	n := 0
	for b := make([]float32, 4096); ; {
		k, err := pcm.Read(b)
		n += k
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return asr.Result{}, err
		}
	}
	return asr.Result{
		Words:    []asr.Word{{Text: "Hello", Start: 0.1, End: 0.4, Probability: 0.9}, {Text: "there.", Start: 0.5, End: 0.9, Probability: 0.8}},
		Segments: []asr.Segment{{Start: 0.1, End: 0.9, Words: 2}}, Duration: float64(n) / asr.SampleRate,
	}, nil
}

func start(t *testing.T, r asr.Recognizer) string {
	t.Helper()
	srv := httptest.NewServer(serve.New(serve.Options{Recognizer: r, Key: key, MaxBytes: 4 << 20, Workers: 2, Scratch: t.TempDir()}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func wavFile(t *testing.T, rate int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := audiotest.WAV(&b, make([]float32, rate), audiotest.WAVFormat{Rate: rate}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func webmFile(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := audiotest.Raw(&b, audiotest.Spec{Seconds: 2}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// post sends a form; file nil sends none.
func post(t *testing.T, url, token string, file []byte, fields ...string) (int, []byte) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for i := 0; i+1 < len(fields); i += 2 {
		if err := form.WriteField(fields[i], fields[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if file != nil {
		w, err := form.CreateFormFile("file", "audio.webm")
		if err != nil {
			t.Fatal(err)
		}
		w.Write(file)
	}
	form.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/audio/transcriptions", &b)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, body
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	url := start(t, scripted{})
	for _, c := range []struct {
		name   string
		token  string
		file   []byte
		fields []string
		status int
		says   string
	}{
		{"json by default", key, webmFile(t), nil, 200, `{"text":"Hello there."}`},
		{"text", key, webmFile(t), []string{"response_format", "text"}, 200, "Hello there.\n"},
		{"words", key, webmFile(t), []string{"response_format", "verbose_json", "timestamp_granularities[]", "word"}, 200, `"words":[{"word":"Hello","start":0.1,"end":0.4,"probability":0.9}`},
		{"segments", key, webmFile(t), []string{"response_format", "verbose_json"}, 200, `"segments":[{"id":0,"start":0.1,"end":0.9,"text":"Hello there."}]`},
		{"wav at its own rate", key, wavFile(t, 16000), []string{"response_format", "verbose_json"}, 200, `"duration":1,`},
		{"wav at another rate", key, wavFile(t, 44100), []string{"response_format", "verbose_json"}, 200, `"duration":1`},
		{"language", key, webmFile(t), []string{"language", "de"}, 400, "only knows the language en"},
		{"format", key, webmFile(t), []string{"response_format", "srt"}, 400, "response_format"},
		{"key", "wrong", webmFile(t), nil, 401, "key"},
		{"no file", key, nil, []string{"language", "en"}, 422, "file"},
		{"not audio", key, []byte("<html>an error page</html>"), nil, 415, "audio"},
		{"empty", key, []byte{}, nil, 400, "empty"},
		{"too large", key, make([]byte, 5<<20), nil, 413, "too large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			status, body := post(t, url, c.token, c.file, c.fields...)
			if status != c.status || !strings.Contains(string(body), c.says) {
				t.Errorf("%d %s, want %d with %q", status, body, c.status, c.says)
			}
			var v struct {
				Error struct{ Message, Type string }
			}
			if c.status != 200 && (json.Unmarshal(body, &v) != nil || v.Error.Message == "" || v.Error.Type == "") {
				t.Errorf("error in another shape: %s", body)
			}
		})
	}
}

func TestModels(t *testing.T) {
	t.Parallel()
	if err := server.New(server.Options{URL: start(t, scripted{}), Key: key, Timeout: 10 * time.Second}).Check(t.Context()); err != nil {
		t.Error(err)
	}
	if err := server.New(server.Options{URL: start(t, scripted{}), Key: "wrong", Timeout: 10 * time.Second}).Check(t.Context()); steps.Classify(err) != steps.Misuse {
		t.Errorf("wrong key: error %v", err)
	}
}

// TestSameAsInTheProcess sends real speech to a server of ours and wants what
// the recogniser hears in the process: within 0.5 % of the words and 50 ms.
// Both are transcribers of the step, so this is their conformance suite too.
func TestSameAsInTheProcess(t *testing.T) {
	t.Parallel()
	model, err := moonshine.Open(testenv.Model(t), moonshine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(testenv.SharedData(t), "meeting4", "tracks", "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	remote := server.New(server.Options{
		URL: start(t, model), Key: key, Format: "webm", Timeout: 5 * time.Minute, MaxSeconds: 60, MaxBytes: 24e6, Concurrency: 1,
	})
	var words, wrong int
	var latest float64
	for i, name := range files {
		track := padTrack(t, name)
		var heard [2]asr.Result
		for k, tr := range []transcribetrack.Transcriber{transcribetrack.Embedded{Recognizer: model}, remote} {
			var used steps.Usage
			job := &steps.Job{Track: i, Scratch: t.TempDir(), Parts: &stepstest.Documents{}, Progress: func(float64) {}}
			if heard[k], used, err = tr.Transcribe(t.Context(), job, track, "en"); err != nil {
				t.Fatalf("%s: %v", tr.Name(), err)
			}
			if tr.Name() == "" || used.AudioSeconds <= 0 || heard[k].Estimated || len(heard[k].Levels) == 0 {
				t.Errorf("%s: usage %+v, estimated %v, %d levels", tr.Name(), used, heard[k].Estimated, len(heard[k].Levels))
			}
			job.Parts = &stepstest.Documents{} // as another language has others
			if _, _, err := tr.Transcribe(t.Context(), job, track, "de"); err == nil || steps.Classify(err) == steps.Transient {
				t.Errorf("%s: another language: error %v", tr.Name(), err)
			}
		}
		if d := heard[0].Duration - heard[1].Duration; math.Abs(d) > 0.001 {
			t.Errorf("track %d: durations differ by %.3f s", i, d)
		}
		a, b := texts(heard[0].Words), texts(heard[1].Words)
		words += len(a)
		wrong += wer.Measure(a, b).Errors()
		for k := range min(len(heard[0].Words), len(heard[1].Words)) {
			if a[k] == b[k] {
				latest = max(latest, math.Abs(heard[0].Words[k].Start-heard[1].Words[k].Start))
			}
		}
	}
	rate := float64(wrong) / float64(words)
	t.Logf("%d words, %.2f %% differ, starts by %.0f ms at most", words, 100*rate, 1000*latest)
	if words < 500 || rate > 0.005 || latest > 0.05 {
		t.Errorf("%d words, %.2f %% differ, starts by %.0f ms at most; want at most 0.5 %% and 50 ms", words, 100*rate, 1000*latest)
	}
}

func texts(words []asr.Word) (list []string) {
	for _, w := range words {
		list = append(list, w.Text)
	}
	return list
}

func padTrack(t *testing.T, name string) steps.Input {
	t.Helper()
	raw, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	var out audiotest.Buffer
	if _, err := pad.Pad(t.Context(), raw, &out, pad.Options{NewEncoder: pad.OpusEncoder}); err != nil {
		t.Fatal(err)
	}
	return steps.Input{Name: "padded.webm", Size: int64(len(out.B)), Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(out.B)), nil
	}}
}
