package prompts_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/llm/prompts"
	"github.com/trackscribe/trackscribe/internal/testenv"
	"github.com/trackscribe/trackscribe/steps"
)

func load(t *testing.T, folder string) prompts.Set {
	t.Helper()
	set, err := prompts.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestBuiltIn(t *testing.T) {
	t.Parallel()
	for name, p := range load(t, "") {
		if p.System == "" || p.User == "" {
			t.Errorf("%s has an empty part", name)
		}
		system, user := p.Fill(map[string]string{"language": "en", "lines": "a {{people}} b", "count": "3", "people": "Ana"})
		if strings.Contains(system, "{{") || strings.Contains(strings.ReplaceAll(user, "a {{people}} b", ""), "{{") {
			t.Errorf("%s: a placeholder is left", name)
		}
		if strings.Contains(user, "{{lines}}") || strings.Contains(p.User, "{{lines}}") && !strings.Contains(user, "a {{people}} b") {
			t.Errorf("%s: a value was filled in twice: %q", name, user)
		}
	}
}

// The page for people lists every file with what it may hold.
func TestDocs(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(filepath.Join(testenv.Root(t), "docs", "language-model.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, line := range strings.Split(string(b), "\n") {
		if name, ok := strings.CutPrefix(line, "| `"); ok {
			name, rest, _ := strings.Cut(name, ".txt`")
			rows[name] = rest
		}
	}
	for name := range load(t, "") {
		if rows[name] == "" {
			t.Errorf("%s.txt is not in the table", name)
		}
		for _, p := range regexp.MustCompile("{{[a-z]+}}").FindAllString(rows[name], -1) {
			if _, err := prompts.Load(write(t, name+".txt", rows[name]+p)); err != nil {
				t.Errorf("%s.txt may not hold %s: %v", name, p, err)
			}
		}
	}
	if len(rows) != len(load(t, "")) {
		t.Errorf("%d rows", len(rows))
	}
}

func TestFolderReplacesFileByFile(t *testing.T) {
	t.Parallel()
	own := load(t, write(t, "topics.txt", "Find topics.\r\n---\r\nHere: {{lines}}\r\n"))
	if p := own["topics"]; p.System != "Find topics." || p.User != "Here: {{lines}}" {
		t.Errorf("%+v", p)
	}
	if p := load(t, write(t, "topics.txt", "{{lines}}"))["topics"]; p.System != "" || p.User != "{{lines}}" {
		t.Errorf("without a divider: %+v", p)
	}
	builtIn := load(t, "")
	if own["title"] != builtIn["title"] || own.Digest("title") != builtIn.Digest("title") {
		t.Error("a prompt that the folder does not have has changed")
	}
	if own.Digest("topics") == builtIn.Digest("topics") || own.Digest("topics", "title") == own.Digest("title", "topics") {
		t.Error("other prompts have the same digest")
	}
}

func TestUnusable(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "no")
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "recap.txt"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ folder, says string }{
		"no such folder":      {missing, "does not exist"},
		"a file":              {filepath.Join(write(t, "x", ""), "x"), "is a file"},
		"a folder as prompt":  {folder, `prompt "recap.txt" cannot be read`},
		"unknown placeholder": {write(t, "title.txt", "{{topics}} {{transcript}}"), "there is no {{transcript}}, only {{topics}}"},
		"misspelt":            {write(t, "title.txt", "{{topics}} {{ people }}"), "there is no {{ people }}"},
		"knows nothing":       {write(t, "title.txt", "{{topics}}\n---\n{{people}}"), "lacks {{topics}}"},
		"empty":               {write(t, "actions.txt", ""), "lacks {{lines}}"},
		"huge":                {write(t, "actions.txt", strings.Repeat("x", 1<<17)), "more than"},
	} {
		_, err := prompts.Load(c.folder)
		if err == nil || steps.Classify(err) != steps.Misuse || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") ||
			!strings.Contains(steps.Hint(err), "TRACKSCRIBE_PROMPTS") {
			t.Errorf("%s: error %v, hint %q", name, err, steps.Hint(err))
		}
	}
}
