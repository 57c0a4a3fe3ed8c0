package acceptance

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/asr/server/servertest"
	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/testenv"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// put writes a file below dir.
func put(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// wav returns a mono 16-bit WAV file of silence.
func wav(seconds float64, codec uint16) []byte {
	const rate = 16000
	data := make([]byte, int(seconds*rate)*2)
	var b bytes.Buffer
	w := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) }
	b.WriteString("RIFF")
	w(uint32(36 + len(data)))
	b.WriteString("WAVEfmt ")
	w(uint32(16))
	w(codec)
	w(uint16(1))
	w(uint32(rate))
	w(uint32(rate * 2))
	w(uint16(2))
	w(uint16(16))
	b.WriteString("data")
	w(uint32(len(data)))
	b.Write(data)
	return b.Bytes()
}

// realTrack returns one track of the example.
func realTrack(t *testing.T) []byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(example(t, "standup"), "tracks", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("tracks of the example: %v, %v", files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	type input struct {
		name  string
		setup func(t *testing.T, dir string) // fills the recording's folder
		args  []string                       // instead of the folder
		env   map[string]string
		code  int
		say   string // part of the error line
	}
	file := func(name string, content []byte) func(*testing.T, string) {
		return func(t *testing.T, dir string) { put(t, dir, name, content) }
	}
	speech := httptest.NewServer(servertest.New(200, `{"text":"hello"}`))
	t.Cleanup(speech.Close)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>welcome</html>") }))
	t.Cleanup(page.Close)
	spoken := func(t *testing.T, dir string) { put(t, dir, "anna.webm", realTrack(t)) }
	cases := []input{
		{name: "wrong key", setup: spoken, env: map[string]string{"TRANSCRIPT_URL": speech.URL, "TRANSCRIPT_API_KEY": "planted-wrong-key"}, code: 3, say: "transcribe: 401 Unauthorized"},
		{name: "a page instead of the service", setup: spoken, env: map[string]string{"TRANSCRIPT_URL": page.URL}, code: 3, say: "it answers with a web page"},
		{name: "nobody there", setup: spoken, env: map[string]string{"TRANSCRIPT_URL": "http://127.0.0.1:1"}, code: 3, say: "connection refused"},
		{name: "no address", setup: spoken, env: map[string]string{"TRANSCRIPT_URL": "speech.example.com"}, code: 3, say: "its address is no http"},
		{name: "no speech server, and one is wanted", args: []string{"run", example(t, "bare"), "-p", "transcript-backend=openai"}, code: 3, say: "the run wants a speech server"},
		{name: "speech server without address", env: map[string]string{"TRANSCRIPT_BACKEND": "openai"}, code: 2, say: "TRANSCRIPT_URL is not set"},
		{name: "unknown backend", env: map[string]string{"TRANSCRIPT_BACKEND": "ears"}, code: 2, say: "want one of embedded"},
		{name: "no model for the language server", env: map[string]string{"LLM_URL": page.URL}, code: 2, say: "LLM_MODEL"},
		{name: "a price that is none", env: map[string]string{"PRICE_AUDIO_MINUTE": "free"}, code: 2, say: "PRICE_AUDIO_MINUTE"},
		{name: "settings file absent", args: []string{"run", example(t, "bare"), "--config", "/no/such/file"}, code: 2, say: "read the settings file"},
		{name: "no such folder", args: []string{"run", "/no/such/folder"}, code: 1, say: "no such folder"},
		{name: "a file", args: []string{"run", filepath.Join(testenv.Root(t), "go.mod")}, code: 1, say: "is a file, not a folder"},
		{name: "no argument", args: []string{"run"}, code: 2, say: "wants RECORDING"},
		{name: "unknown flag", args: []string{"run", ".", "--wat"}, code: 2, say: "unknown flag"},
		{name: "unknown engine", args: []string{"run", ".", "--engine", "hatchet"}, code: 2, say: "must be one of none"},
		{name: "engine from the environment", env: map[string]string{"DURABLE_WORKFLOW_PROVIDER": "conductor"}, code: 2, say: `engine "conductor" does not run in this process`},
		{name: "unknown parameter", args: []string{"run", example(t, "bare"), "-p", "nope=1"}, code: 2, say: `there is no parameter "nope"`},
		{name: "unknown step to refresh", args: []string{"run", example(t, "bare"), "--refresh", "nope"}, code: 2, say: `no step "nope"`},
		{name: "language unknown", args: []string{"run", example(t, "bare"), "-p", "language=de"}, code: 2, say: `does not know language "de"`},
		{name: "no language at all", args: []string{"run", example(t, "bare"), "-p", "language=deutsch"}, code: 2, say: `language "deutsch" is not known`},
		{name: "empty folder", code: 3, say: "no audio tracks"},
		{name: "only other files", setup: file("song.mp3", []byte("ID3")), code: 3, say: "no audio tracks"},
		{name: "empty track", setup: file("a.webm", nil), code: 3, say: "pad-track[0]: track 0: the file is empty"},
		{name: "not WebM", setup: file("a.webm", []byte("hello, this is no audio at all, only some text")), code: 3, say: "pad-track[0]"},
		{name: "video", setup: func(t *testing.T, dir string) { put(t, dir, "a.webm", videoOnly(t)) }, code: 3, say: "no audio track"},
		{name: "unknown codec in WAV", setup: file("a.wav", wav(1, 0x55)), code: 3, say: "is not supported"},
		{name: "absurd time stamps", setup: func(t *testing.T, dir string) { put(t, dir, "a.webm", absurdTimes(t)) }, code: 3, say: "time stamps"},
		{name: "two tracks of one name", setup: func(t *testing.T, dir string) {
			put(t, dir, "anna.webm", realTrack(t))
			put(t, dir, "tracks/anna.ogg", realTrack(t))
		}, code: 3, say: "two tracks have one name"},
		{name: "a link", setup: func(t *testing.T, dir string) {
			put(t, dir, "a.wav", wav(1, 1))
			if err := os.Symlink(filepath.Join(testenv.Root(t), "examples", "bare", "ben.wav"), filepath.Join(dir, "ben.wav")); err != nil {
				t.Fatal(err)
			}
		}, code: 3, say: `track "ben.wav" is a link`},
		{name: "65 tracks", setup: func(t *testing.T, dir string) {
			for i := range 65 {
				put(t, dir, fmt.Sprintf("p%02d.wav", i), wav(0.1, 1))
			}
		}, code: 3, say: "65 audio tracks"},
		{name: "unreadable recording.json", setup: file("recording.json", []byte("{")), code: 1, say: "read recording.json"},
		{name: "unreadable participants.json", setup: func(t *testing.T, dir string) {
			put(t, dir, "a.wav", wav(1, 1))
			put(t, dir, "participants.json", []byte("nonsense"))
		}, code: 3, say: "read participants.json"},
		{name: "model absent", env: map[string]string{"TRACKSCRIBE_MODEL_DIR": "/no/such/model"}, code: 1, say: "speech model"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir, out := t.TempDir(), t.TempDir()
			if c.setup != nil {
				c.setup(t, dir)
			}
			args := c.args
			if args == nil {
				args = []string{"run", dir}
			}
			o := trackscribeWith(t, c.env, append(args, "--out", out, "-q")...)
			wantFailure(t, o, c.code, c.say)
			if files := tree(t, out, func(p string) bool { return strings.Contains(p, "/result/") }); len(files) > 0 {
				t.Errorf("a result was left: %d files", len(files))
			}
		})
	}
}

// wantFailure wants one error line, one hint, the exit code and no answer.
func wantFailure(t *testing.T, o outcome, code int, say string) {
	t.Helper()
	if o.code != code {
		t.Errorf("exit code %d, want %d\n%s", o.code, code, o.stderr)
	}
	lines := strings.Split(strings.TrimSpace(o.stderr), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "error: ") || !strings.Contains(lines[0], say) || !strings.HasPrefix(lines[1], "hint: ") {
		t.Errorf("told\n%s\nwant one error line with %q and one hint", o.stderr, say)
	}
	if o.stdout != "" {
		t.Errorf("answered %q", o.stdout)
	}
}

// videoOnly is a WebM file with a video track and nothing else.
func videoOnly(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := audiotest.WriteLive(&b, nil, audiotest.Live{VideoOnly: true}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// absurdTimes is a track that claims to begin days after the recording.
func absurdTimes(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := audiotest.Raw(&b, audiotest.Spec{Seconds: 1, Offset: 3 * 24 * 3600}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCorruptModel(t *testing.T) {
	t.Parallel()
	model := t.TempDir()
	for _, name := range []string{"encoder_model.onnx", "decoder_model_merged.onnx"} {
		b, err := os.ReadFile(filepath.Join(testenv.Model(t), name))
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 1
		put(t, model, name, b)
	}
	o := trackscribeWith(t, map[string]string{"TRACKSCRIBE_MODEL_DIR": model}, "run", example(t, "bare"), "--out", t.TempDir(), "-q")
	wantFailure(t, o, 1, "not the pinned file")
}

func TestStoreDenied(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>no</Message></Error>`)
	}))
	defer srv.Close()
	o := trackscribeWith(t, map[string]string{"TRACKSCRIBE_S3_ENDPOINT": srv.URL}, "run", example(t, "bare"), "--out", "s3://bucket/prefix", "-q")
	wantFailure(t, o, 4, "access denied")
}

func TestSilenceIsASuccess(t *testing.T) {
	t.Parallel()
	dir, out := t.TempDir(), t.TempDir()
	put(t, dir, "quiet.wav", wav(5, 1))
	succeed(t, "run", dir, "--out", out, "-q")
	tr := transcript(t, out)
	if len(tr.Words) != 0 || tr.Words == nil || len(tr.Participants) != 1 || tr.Duration < 4.9 {
		t.Errorf("transcript %+v, want no words of one participant in 5 s", tr)
	}
}

func TestZeroTracksIsASuccess(t *testing.T) {
	t.Parallel()
	dir, out := t.TempDir(), t.TempDir()
	put(t, dir, "recording.json", []byte(`{"id":"nobody","tracks":[]}`))
	succeed(t, "run", dir, "--out", out, "-q")
	tr := transcript(t, out)
	if len(tr.Words) != 0 || len(tr.Participants) != 0 {
		t.Errorf("transcript %+v, want nothing", tr)
	}
	var r artifact.Result
	readJSON(t, filepath.Join(result(t, out), "result.json"), &r)
	if r.Recording != "nobody" || len(r.Files) == 0 {
		t.Errorf("result %+v", r)
	}
}

func TestTruncatedTrackIsUsed(t *testing.T) {
	t.Parallel()
	dir, out := t.TempDir(), t.TempDir()
	b := realTrack(t)
	put(t, dir, "cut.webm", b[:len(b)/2])
	succeed(t, "run", dir, "--out", out, "-q")
	if tr := transcript(t, out); len(tr.Words) == 0 {
		t.Error("the half that is there has no words")
	}
}

// TestSixtyFourTracks runs as many tracks as a recording may have.
func TestSixtyFourTracks(t *testing.T) {
	t.Parallel()
	dir, out := t.TempDir(), t.TempDir()
	for i := range 64 {
		put(t, dir, fmt.Sprintf("p%02d.wav", i), wav(0.5, 1))
	}
	succeed(t, "run", dir, "--out", out)
	if tr := transcript(t, out); len(tr.Participants) != 64 || len(tr.Words) > 0 {
		t.Errorf("%d participants and %d words, want 64 and none", len(tr.Participants), len(tr.Words))
	}
}
