package run_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/run"
)

func TestMakeID(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"standup":             "standup",
		"Weekly Sync (final)": "weekly-sync-final",
		"../../etc":           "etc",
		"日本":                  "recording",
		"":                    "recording",
		"7f6d9c1a-5b0e":       "7f6d9c1a-5b0e",
	} {
		if got := run.MakeID(in); got != want {
			t.Errorf("MakeID(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCheckID(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "..", "a/b", "A", "a..b", "-a", strings.Repeat("a", 121), "a b"} {
		if run.CheckID("run", bad) == nil {
			t.Errorf("id %q is accepted", bad)
		}
	}
}

func FuzzMakeID(f *testing.F) {
	f.Add("Weekly Sync")
	f.Add("..//..")
	f.Fuzz(func(t *testing.T, name string) {
		if err := run.CheckID("recording", run.MakeID(name)); err != nil {
			t.Errorf("MakeID(%q): %v", name, err)
		}
	})
}

func FuzzParseRun(f *testing.F) {
	b, _ := json.Marshal(run.Run{ID: "r", Recording: "x", Source: "/s", Graph: run.GraphRef{Digest: "d"}})
	f.Add(b)
	f.Add([]byte(`{"run":"..","recording":"a/b","source":"s","graph":{"digest":"d"}}`))
	f.Add([]byte(`{"run":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := run.ParseRun(b)
		if err == nil && (run.CheckID("run", r.ID) != nil || run.CheckID("recording", r.Recording) != nil || r.Source == "") {
			t.Errorf("accepted %+v", r)
		}
	})
}

func FuzzParseReceipt(f *testing.F) {
	b, _ := json.Marshal(run.Receipt{Step: "s", CacheKey: "k", Outputs: []run.Output{{Port: "p", Key: "k", SHA256: strings.Repeat("0", 64)}}})
	f.Add(b)
	f.Add(b[:len(b)/2])
	f.Add([]byte(`{"step":"s","cacheKey":"k","outputs":[{"port":"p","index":-3}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := run.ParseReceipt(b)
		if err != nil {
			return
		}
		for _, o := range r.Outputs {
			if o.Key == "" || len(o.SHA256) != 64 || o.Size < 0 || o.Index != nil && *o.Index < 0 {
				t.Errorf("accepted %+v", o)
			}
		}
	})
}
