package storetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/store"
)

func roundTrip(t *testing.T, s store.Store) {
	for key, content := range map[string]string{
		"one":                          "x",
		"empty":                        "",
		"a/deep/er/key":                "in a folder",
		"receipts/pad-track.0.json":    "{}\n",
		".hidden/..almost/...":         "dots",
		"white space/plus+percent%20&": "what URLs escape",
		"ünïcödé/日本/🎙":                 "beyond ASCII",
		"semi;colon=?#[brackets]'\"*:": "punctuation",
	} {
		wantSize, wantSum := sum(t, strings.NewReader(content))
		info := put(t, s, key, content)
		if info.Key != key || info.Size != wantSize || info.SHA256 != wantSum {
			t.Errorf("Put(%q) = %+v, want size %d and sha256 %s", key, info, wantSize, wantSum)
		}
		wantContent(t, s, key, content)

		rc, got, err := s.Get(t.Context(), key)
		if err != nil {
			t.Fatalf("Get(%q): %v", key, err)
		}
		rc.Close()
		stat, err := s.Stat(t.Context(), key)
		if err != nil {
			t.Fatalf("Stat(%q): %v", key, err)
		}
		info.SHA256 = ""
		for from, i := range map[string]store.Info{"Get": got, "Stat": stat} {
			if diff := cmp.Diff(info, i); diff != "" {
				t.Errorf("%s(%q) differs from Put (-Put +%s):\n%s", from, key, from, diff)
			}
		}
	}
}

func largeStream(t *testing.T, s store.Store) {
	const size = 20<<20 + 12345
	_, want := sum(t, sample(size, 1))
	info, err := s.Put(t.Context(), "large", sample(size, 1), store.PutOptions{ContentType: "application/octet-stream"})
	if err != nil {
		t.Fatalf("Put: %v", err)
	}
	if info.Size != size || info.SHA256 != want {
		t.Errorf("Put = %+v, want size %d and sha256 %s", info, size, want)
	}
	rc, got, err := s.Get(t.Context(), "large")
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	defer rc.Close()
	if got.Size != size || got.ETag != info.ETag {
		t.Errorf("Get's Info = %+v, want size %d and ETag %q", got, size, info.ETag)
	}
	if n, h := sum(t, store.Verify(rc, want, size)); n != size || h != want {
		t.Errorf("read %d bytes with sha256 %s, want %d with %s", n, h, size, want)
	}
}

func overwrite(t *testing.T, s store.Store) {
	first := put(t, s, "dir/key", "a longer first version")
	second := put(t, s, "dir/key", "second")
	wantContent(t, s, "dir/key", "second")
	if first.ETag != "" && first.ETag == second.ETag {
		t.Errorf("both versions have ETag %q", first.ETag)
	}
	if diff := cmp.Diff([]string{"dir/key"}, keys(t, s, "")); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func ranges(t *testing.T, s store.Store) {
	put(t, s, "key", "0123456789")
	put(t, s, "empty", "")
	for _, test := range []struct {
		key            string
		offset, length int64
		want           string
	}{
		{"key", 0, 10, "0123456789"},
		{"key", 0, -1, "0123456789"},
		{"key", 3, 4, "3456"},
		{"key", 9, 1, "9"},
		{"key", 7, -1, "789"},
		{"key", 7, 100, "789"},
		{"key", 1, 1<<63 - 1, "123456789"},
		{"key", 5, 0, ""},
		{"key", 10, 1, ""},
		{"key", 99, -1, ""},
		{"empty", 0, -1, ""},
		{"empty", 0, 5, ""},
	} {
		name := fmt.Sprintf("GetRange(%q, %d, %d)", test.key, test.offset, test.length)
		rc, err := s.GetRange(t.Context(), test.key, test.offset, test.length)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		data, err := io.ReadAll(rc)
		rc.Close()
		if err != nil || string(data) != test.want {
			t.Errorf("%s = %q, %v, want %q", name, data, err, test.want)
		}
	}
	if _, err := s.GetRange(t.Context(), "key", -1, 1); err == nil || store.IsTransient(err) {
		t.Errorf("GetRange from -1: error is %v, want a permanent one", err)
	}
	for _, length := range []int64{0, 1, -1} {
		_, err := s.GetRange(t.Context(), "missing", 0, length)
		wantError(t, fmt.Sprintf("GetRange of a missing object, length %d", length), err, store.ErrNotFound)
	}
}

func jsonHelpers(t *testing.T, s store.Store) {
	type receipt struct {
		Step  string         `json:"step"`
		Index int            `json:"index"`
		Sizes map[string]int `json:"sizes"`
	}
	want := receipt{Step: "pad-track", Index: 3, Sizes: map[string]int{"b": 2, "a": 1}}
	wrote, err := store.PutJSON(t.Context(), s, "receipt.json", want, store.PutOptions{IfAbsent: true})
	if err != nil {
		t.Fatalf("PutJSON: %v", err)
	}
	var got receipt
	read, err := store.GetJSON(t.Context(), s, "receipt.json", &got)
	if err != nil {
		t.Fatalf("GetJSON: %v", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("value (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wrote, read); diff != "" {
		t.Errorf("Info (-PutJSON +GetJSON):\n%s", diff)
	}
	_, err = store.PutJSON(t.Context(), s, "receipt.json", want, store.PutOptions{IfAbsent: true})
	wantError(t, "PutJSON of an existing key", err, store.ErrExists)
	_, err = store.GetJSON(t.Context(), s, "missing", &got)
	wantError(t, "GetJSON of a missing key", err, store.ErrNotFound)

	put(t, s, "broken.json", `{"step": "pad-`)
	_, err = store.GetJSON(t.Context(), s, "broken.json", &got)
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) || store.IsTransient(err) {
		t.Errorf("GetJSON of half a value: error is %v, want a permanent syntax error", err)
	}
}

func verify(t *testing.T, s store.Store) {
	info := put(t, s, "key", "the content")
	_, other := sum(t, strings.NewReader("another content"))
	for _, test := range []struct {
		name string
		hash string
		size int64
		want error
	}{
		{"right", info.SHA256, info.Size, nil},
		{"upper-case hash", strings.ToUpper(info.SHA256), info.Size, nil},
		{"nothing to check", "", -1, nil},
		{"wrong hash", other, info.Size, store.ErrMismatch},
		{"shorter than written", info.SHA256, info.Size + 1, store.ErrMismatch},
		{"longer than written", info.SHA256, info.Size - 1, store.ErrMismatch},
	} {
		rc, _, err := s.Get(t.Context(), "key")
		if err != nil {
			t.Fatalf("Get: %v", err)
		}
		v := store.Verify(rc, test.hash, test.size)
		var got bytes.Buffer
		_, err = io.Copy(&got, v)
		wantError(t, test.name, err, test.want)
		if store.IsTransient(err) {
			t.Errorf("%s: error %v is transient", test.name, err)
		}
		if _, again := v.Read(make([]byte, 1)); test.want != nil && !errors.Is(again, test.want) {
			t.Errorf("%s: second error is %v, want %v again", test.name, again, test.want)
		}
		if err := v.Close(); err != nil {
			t.Errorf("%s: Close: %v", test.name, err)
		}
	}
}
