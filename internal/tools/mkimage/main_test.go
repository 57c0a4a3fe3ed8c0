package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/images"
)

func TestArguments(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, args, epoch string
		code              int
		say               string
	}{
		{"help", "-help", "", 0, "-arch"},
		{"nothing", "", "", 2, "unknown verb"},
		{"another verb", "load", "", 2, `"load"`},
		{"another flag", "archive -nope", "", 2, "-nope"},
		{"more words", "archive step", "", 2, `unexpected argument "step"`},
		{"another image", "archive -image steps", "", 2, `unknown "steps": one of step, cli`},
		{"another architecture", "archive -arch s390x", "", 2, "amd64, arm64"},
		{"no time", "archive", "yesterday", 2, `SOURCE_DATE_EPOCH "yesterday"`},
		{"latest", "archive -version latest", "", 2, "says nothing"},
		{"no tag", "archive -version v1+dirty", "", 2, "name image step"},
		{"push to nowhere", "push", "", 2, "IMAGE_REPO"},
		{"files of many images", "files", "", 2, "one -image"},
		{"no Go", "archive -image cli -go /no/such/go", "", 1, "compile"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), env{
				args: append(strings.Fields(tt.args), outTo(t, tt.args)...), epoch: tt.epoch, stdout: &stdout, stderr: &stderr,
			})
			if code != tt.code || !strings.Contains(stderr.String(), tt.say) {
				t.Errorf("exit code %d, said %q, want %d and %q", code, &stderr, tt.code, tt.say)
			}
			if stdout.Len() > 0 {
				t.Errorf("answered %q", &stdout)
			}
		})
	}
}

// outTo sends what a case might write to a folder of the test.
func outTo(t *testing.T, args string) []string {
	t.Helper()
	if strings.HasPrefix(args, "archive -") {
		return []string{"-out", t.TempDir()}
	}
	return nil
}

func TestReference(t *testing.T) {
	t.Parallel()
	for repo, want := range map[string]string{
		"trackscribe":              "docker.io/library/trackscribe-step:v1",
		"me/trackscribe":           "docker.io/me/trackscribe-step:v1",
		"localhost:5000/a/b":       "localhost:5000/a/b-step:v1",
		"registry.test/team/thing": "registry.test/team/thing-step:v1",
	} {
		o := options{repo: repo, version: "v1"}
		ref, err := o.reference(images.All()[0])
		if err != nil || full(ref) != want {
			t.Errorf("%s names the image %s (%v), want %s", repo, full(ref), err, want)
		}
	}
}
