package lint

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/golden"
)

// twoFindings are what the outputs are shown with.
func twoFindings(t *testing.T) []Finding {
	t.Helper()
	text := strings.Replace(readBase(t), onNumber, `"--number={{input.parameters.number}}"`, 1)
	return check(strings.Replace(text, "duration: 10s", "duration: tensecs", 1))
}

func TestOutputs(t *testing.T) {
	t.Parallel()
	findings := twoFindings(t)
	var text, js bytes.Buffer
	if err := WriteText(&text, findings); err != nil {
		t.Fatal(err)
	}
	if err := WriteJSON(&js, findings); err != nil {
		t.Fatal(err)
	}
	golden.Equal(t, text.Bytes(), "testdata/findings.txt")
	golden.Equal(t, js.Bytes(), "testdata/findings.json")
}

func TestNoFindingsIsAnEmptyArray(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := WriteJSON(&b, check(readBase(t))); err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(b.String()); got != "[]" {
		t.Errorf("got %s, want []", got)
	}
}

// TestSARIF reads the log as code scanning does.
func TestSARIF(t *testing.T) {
	t.Parallel()
	findings := twoFindings(t)
	findings[0].File = "a folder/x.yaml"
	var b bytes.Buffer
	if err := WriteSARIF(&b, findings); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Version string
		Schema  string `json:"$schema"`
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name  string
					Rules []struct {
						ID               string
						ShortDescription struct{ Text string }
					}
				}
			}
			Results []struct {
				RuleID    string
				RuleIndex int
				Level     string
				Message   struct{ Text string }
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine, StartColumn int }
					}
				}
			}
		}
	}
	dec := json.NewDecoder(&b)
	if err := dec.Decode(&log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || !strings.Contains(log.Schema, "sarif-2.1.0") || len(log.Runs) != 1 {
		t.Fatalf("version %q, schema %q, %d runs", log.Version, log.Schema, len(log.Runs))
	}
	run := log.Runs[0]
	if run.Tool.Driver.Name == "" || len(run.Tool.Driver.Rules) != len(Rules()) || len(run.Results) != len(findings) {
		t.Fatalf("driver %q with %d rules, %d results", run.Tool.Driver.Name, len(run.Tool.Driver.Rules), len(run.Results))
	}
	for i, r := range run.Results {
		rule := run.Tool.Driver.Rules[r.RuleIndex]
		where := r.Locations[0].PhysicalLocation
		if rule.ID != r.RuleID || rule.ShortDescription.Text == "" || r.Message.Text == "" || r.Level != "error" || where.Region.StartLine != findings[i].Line || where.Region.StartColumn < 1 {
			t.Errorf("result %d: %+v of rule %+v", i, r, rule)
		}
	}
	if got := run.Results[0].Locations[0].PhysicalLocation.ArtifactLocation.URI; got != "a%20folder/x.yaml" {
		t.Errorf("file is written as %q", got)
	}
}
