// Package arch holds the rules of who may import whom, as a test: prose is
// forgotten, a failing test is not.
package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/testenv"
)

const module = "github.com/trackscribe/trackscribe/"

type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
	Dir        string
	GoFiles    []string
}

func load(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Deps,Dir,GoFiles", "./...")
	cmd.Dir = testenv.Root(t)
	cmd.Stderr = os.Stderr
	b, err := cmd.Output()
	if err != nil {
		t.Fatalf("list packages: %v", err)
	}
	var list []pkg
	for dec := json.NewDecoder(bytes.NewReader(b)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		p.ImportPath = strings.TrimPrefix(p.ImportPath, module)
		list = append(list, p)
	}
}

// A rule says what packages that match from may not reach.
type rule struct {
	why    string
	from   string // pattern of the importing package
	except string // pattern of packages the rule is not for
	never  string // pattern of what they may not import
	direct bool   // only their own imports count, not what those import
}

var rules = []rule{
	{
		why:   "steps know no engine, store, command line, cluster or network",
		from:  `^steps(/|$)`,
		never: `/internal/(engine|store|runner|run|operate|world|cli|source)|^github\.com/(aws|spf13)|^k8s\.io|argoproj|^net/http$`,
	},
	{
		why:    "steps do not know each other; only the catalog lists them",
		from:   `^steps/`,
		except: `^steps/(catalog|artifact)$`,
		never:  module + `steps/(cleanup|detect|finalize|generate|get|merge|mixdown|pad|post|send|transcribe|catalog)`,
		direct: true,
	},
	{
		why:   "the graph model knows no particular step",
		from:  `^templates/graph$`,
		never: module + `(steps/|internal/)|^k8s\.io|argoproj|yaml`,
	},
	{
		why:    "the AWS SDK stands behind one store",
		from:   `.`,
		except: `^internal/store/s3$`,
		never:  `^github\.com/aws/`,
		direct: true,
	},
	{
		why:    "cobra stands behind the command",
		from:   `.`,
		except: `^internal/(cli|docs)$`,
		never:  `^github\.com/spf13/`,
		direct: true,
	},
	{
		why:   "the step binary stays small: no Kubernetes, no Argo, no command line",
		from:  `^cmd/step$`,
		never: `^k8s\.io|argoproj|^github\.com/(spf13|vbauerster)`,
	},
	{
		why:    "Argo stands behind what renders it and what drives it",
		from:   `.`,
		except: `^(templates/argo|internal/engine/argo)(/|$)`,
		never:  `argoproj`,
		direct: true,
	},
	{
		why:   "running on a laptop needs no cluster's libraries",
		from:  `^(steps|templates/(graph|pipeline)|internal/(audio|asr|text|store|runner|run|operate|world|report|engine/local|stepcmd))(/|$)`,
		never: `^k8s\.io|argoproj`,
	},
	{
		why:    "the codec stands behind one package",
		from:   `.`,
		except: `^internal/(audio/(opus|audiotest)|tools/mkexample)$`,
		never:  `thesyncim/gopus`,
		direct: true,
	},
}

func TestImports(t *testing.T) {
	t.Parallel()
	list := load(t)
	for _, r := range rules {
		from, never := regexp.MustCompile(r.from), regexp.MustCompile(r.never)
		for _, p := range list {
			if !from.MatchString(p.ImportPath) || r.except != "" && regexp.MustCompile(r.except).MatchString(p.ImportPath) {
				continue
			}
			imports := p.Deps
			if r.direct {
				imports = p.Imports
			}
			for _, i := range imports {
				if strings.TrimPrefix(i, module) != p.ImportPath && never.MatchString(i) {
					t.Errorf("%s imports %s: %s", p.ImportPath, i, r.why)
				}
			}
		}
	}
}

// TestEnvironment keeps the environment, the clock and the exit at the edge.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	forbidden := map[*regexp.Regexp]string{
		regexp.MustCompile(`\bos\.(Getenv|LookupEnv|Environ)\b`): `^(cmd/|internal/(testenv|golden|tools/.*|e2e/.+)$)`,
		regexp.MustCompile(`\bos\.Exit\(`):                       `^(cmd/|internal/(tools|bench|e2e/.+))`,
		regexp.MustCompile(`\btime\.Now\b`):                      `^(cmd/|internal/tools/|internal/(cli|stepcmd|engine|store/folder|bench|remote|webhook))`,
	}
	for _, p := range load(t) {
		for _, name := range p.GoFiles {
			b, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			for pattern, allowed := range forbidden {
				if m := pattern.Find(b); m != nil && !regexp.MustCompile(allowed).MatchString(p.ImportPath) {
					t.Errorf("%s/%s uses %s: only where a program starts", p.ImportPath, name, m)
				}
			}
		}
	}
}

// TestFileLength keeps files short enough to read in one sitting.
func TestFileLength(t *testing.T) {
	t.Parallel()
	const most = 500
	for _, p := range load(t) {
		for _, name := range p.GoFiles {
			b, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(b, []byte("\n")); n > most {
				t.Errorf("%s/%s has %d lines, want at most %d", p.ImportPath, name, n, most)
			}
		}
	}
}
