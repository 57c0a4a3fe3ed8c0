package acceptance

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/trackscribe/trackscribe/internal/daily/dailytest"
	"github.com/trackscribe/trackscribe/internal/remote/faulttest"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/internal/store/open"
	"github.com/trackscribe/trackscribe/internal/testenv"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// account is Daily with a recording: its API, and the bucket with its tracks.
type account struct {
	*dailytest.Server
	gate      *faulttest.Gate
	env       map[string]string
	recording map[string]any
	bucket    store.Store
}

const bucketKey, bucketSecret = "AKIDAILY", "daily-bucket-secret"

func newAccount(t *testing.T, folder string) account {
	t.Helper()
	a := account{Server: dailytest.New(), recording: map[string]any{}}
	readJSON(t, filepath.Join(folder, "recording.json"), &a.recording)
	var people struct{ Data []map[string]any }
	readJSON(t, filepath.Join(folder, "participants.json"), &people)
	a.gate = &faulttest.Gate{Service: a.Server}
	api := httptest.NewServer(a.gate)
	t.Cleanup(api.Close)
	backend := s3mem.New()
	srv := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(srv.Close)
	where := a.recording["s3"].(map[string]any)
	name := where["bucket_name"].(string)
	if err := backend.CreateBucket(name); err != nil {
		t.Fatal(err)
	}
	var err error
	a.bucket, err = open.Open(t.Context(), "s3://"+name, open.Options{Endpoint: srv.URL, Region: "us-east-1", PathStyle: true, AccessKeyID: bucketKey, SecretAccessKey: bucketSecret})
	if err != nil {
		t.Fatal(err)
	}
	room := path.Dir(where["key"].(string))
	files, err := filepath.Glob(filepath.Join(folder, "tracks", "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		in, err := os.Open(f)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.bucket.Put(t.Context(), room+"/"+filepath.Base(f), in, store.PutOptions{}); err != nil {
			t.Fatal(err)
		}
		in.Close()
	}
	a.Add(a.recording)
	a.Meet(a.recording["mtgSessionId"].(string), people.Data)
	a.env = map[string]string{
		"DAILY_API_URL": api.URL, "DAILY_API_KEY": dailytest.Key, "DAILYCO_STORAGE_AWS_ENDPOINT_URL": srv.URL,
		"DAILYCO_STORAGE_AWS_ACCESS_KEY_ID": bucketKey, "DAILYCO_STORAGE_AWS_SECRET_ACCESS_KEY": bucketSecret,
	}
	return a
}

// with adds a recording that is like the account's, but for some fields; nil
// removes one.
func (a account) with(id string, change map[string]any) string {
	r := maps.Clone(a.recording)
	r["id"] = id
	for k, v := range change {
		if v == nil {
			delete(r, k)
		} else {
			r[k] = v
		}
	}
	a.Add(r)
	return id
}

// null is a field that is there and null.
type null struct{}

func (null) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// TestFromDaily runs a recording out of Daily's hands, and wants what comes out
// of the folder with the same files.
func TestFromDaily(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(testenv.SharedData(t), "meeting4")
	a := newAccount(t, folder)
	id := a.recording["id"].(string)
	from, local := t.TempDir(), t.TempDir()
	o := trackscribeWith(t, a.env, "run", "daily:"+id, "--out", from, "-q")
	if o.code != 0 {
		t.Fatalf("exit code %d\n%s", o.code, o.stderr)
	}
	succeed(t, "run", folder, "--out", local, "-q")
	got, want := transcript(t, from), transcript(t, local)
	b1, _ := json.Marshal(got)
	b2, _ := json.Marshal(want)
	if string(b1) != string(b2) {
		t.Errorf("the transcript is another one: %.300s, want %.300s", b1, b2)
	}
	for path, b := range tree(t, from, func(string) bool { return true }) {
		for _, secret := range []string{dailytest.Key, bucketSecret} {
			if strings.Contains(string(b), secret) {
				t.Errorf("%s holds a secret", path)
			}
		}
	}
	calls := a.Requests()
	if n := len(calls); n > 12 {
		t.Errorf("%d calls of Daily's API: %v", n, calls)
	}

	t.Run("without much", func(t *testing.T) {
		t.Parallel()
		out := t.TempDir()
		id := a.with("no-meeting", map[string]any{"mtgSessionId": nil, "duration": null{}, "type": nil, "tracks": null{}})
		if o := trackscribeWith(t, a.env, "run", "daily:"+id, "--out", out, "-q"); o.code != 0 {
			t.Fatalf("exit code %d\n%s", o.code, o.stderr)
		}
		var r artifact.Result
		readJSON(t, filepath.Join(result(t, out), "result.json"), &r)
		if len(r.Participants) != 4 || r.Participants[0].Name != "Speaker 1" || !strings.Contains(strings.Join(r.Warnings, " "), "names") {
			t.Errorf("participants %+v, warnings %q", r.Participants, r.Warnings)
		}
	})
	for _, c := range []struct {
		name string
		id   string
		env  map[string]string
		code int
		say  string
	}{
		{"unknown", "no-such-recording", nil, 1, "Daily has no recording"},
		{"going on", a.with("going-on", map[string]any{"status": "in-progress"}), nil, 1, "is still going on"},
		{"canceled", a.with("canceled", map[string]any{"status": "canceled"}), nil, 1, "was canceled"},
		{"mixed", a.with("mixed", map[string]any{"type": "cloud"}), nil, 1, "is one mixed file"},
		{"no key", id, map[string]string{"DAILY_API_KEY": ""}, 1, "there is no key for Daily"},
		{"wrong key", id, map[string]string{"DAILY_API_KEY": "planted-wrong"}, 1, "401"},
		{"no id", "../x", nil, 1, "is no id"},
		{"wrong bucket", id, map[string]string{"DAILYCO_STORAGE_AWS_BUCKET_NAME": "elsewhere"}, 3, "bucket"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			env := maps.Clone(a.env)
			maps.Copy(env, c.env)
			o := trackscribeWith(t, env, "run", "daily:"+c.id, "--out", t.TempDir(), "-q")
			if o.code != c.code || !strings.Contains(o.stderr, c.say) || !strings.Contains(o.stderr, "hint: ") || strings.Contains(o.stderr, "planted-wrong") {
				t.Errorf("exit code %d, want %d with %q and a hint\n%s", o.code, c.code, c.say, o.stderr)
			}
		})
	}
}

func TestListRecordings(t *testing.T) {
	t.Parallel()
	a := account{Server: dailytest.New()}
	api := httptest.NewServer(a.Server)
	defer api.Close()
	for i := range 250 {
		a.Add(map[string]any{
			"id": fmt.Sprintf("rec-%03d", i), "room_name": "room", "start_ts": 1763980200 + i, "duration": null{}, "status": "finished",
			"tracks": []any{map[string]any{"type": "audio", "s3Key": "d/room/x"}, map[string]any{"type": "video", "s3Key": "d/room/y"}},
		})
	}
	a.Add(map[string]any{"id": "cloud", "room_name": "room", "s3key": "d/room/1.mp4", "status": "finished"})
	env := map[string]string{"DAILY_API_URL": api.URL, "DAILY_API_KEY": dailytest.Key}
	o := trackscribeWith(t, env, "list", "recordings", "--source", "daily", "-o", "json")
	var list []struct {
		Location, Name, State string
		Tracks                int
	}
	if err := json.Unmarshal([]byte(o.stdout), &list); err != nil || o.code != 0 {
		t.Fatalf("exit code %d: %v\n%s", o.code, err, o.stderr)
	}
	if len(list) != 250 || list[0].Location != "daily:rec-249" || list[249].Location != "daily:rec-000" || list[0].Tracks != 1 {
		t.Errorf("%d recordings, from %+v to %+v", len(list), list[0], list[len(list)-1])
	}
	if n := len(a.Requests()); n != 3 {
		t.Errorf("%d requests for 251 recordings, want 3", n)
	}
	if o := trackscribeWith(t, env, "list", "recordings", "--source", "daily", "--limit", "2", "-o", "name"); o.stdout != "daily:rec-249\ndaily:rec-248\n" {
		t.Errorf("limited to two: %q", o.stdout)
	}
	if o := trackscribeWith(t, nil, "list", "recordings", "--source", filepath.Join(testenv.Root(t), "examples")); !strings.Contains(o.stdout, "standup") {
		t.Errorf("of a folder: %q %s", o.stdout, o.stderr)
	}
	if o := trackscribeWith(t, nil, "list", "recordings", "--source", "daily"); o.code != 2 || !strings.Contains(o.stderr, "DAILY_API_KEY") {
		t.Errorf("without a key: exit code %d, %s", o.code, o.stderr)
	}
}
