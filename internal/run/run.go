// Package run defines what the store keeps of runs, beside the artifacts: what
// was asked (run.json), what was done (receipts) and what went wrong
// (failures), and under which keys. It reads and writes nothing itself.
package run

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/trackscribe/trackscribe/steps"
)

// A Run is one execution of the graph for one recording: run.json. It holds no
// secrets.
type Run struct {
	ID        string            `json:"run"`
	Recording string            `json:"recording"`
	Source    string            `json:"source"` // folder or s3:// prefix of the raw tracks
	Params    map[string]string `json:"params"`
	Refresh   []string          `json:"refresh,omitempty"` // steps to do again although the cache has them
	Graph     GraphRef          `json:"graph"`
	Steps     map[string]string `json:"steps"`   // step -> version
	Program   string            `json:"program"` // trackscribe's own version
	Created   time.Time         `json:"created"`
}

// A GraphRef names the graph that was run.
type GraphRef struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Digest  string `json:"digest"`
}

// A Receipt is what a step writes last; with it the step's work counts as
// done.
type Receipt struct {
	Step     string            `json:"step"`
	Version  string            `json:"version"`
	Run      string            `json:"run"`
	Track    *int              `json:"track,omitempty"`
	CacheKey string            `json:"cacheKey"`
	Params   map[string]string `json:"params,omitempty"`
	// Cached names the run that did the work, when it was not this one.
	Cached   string      `json:"cached,omitempty"`
	Outputs  []Output    `json:"outputs"`
	Skipped  string      `json:"skipped,omitempty"` // why the step had nothing to do
	Attempt  int         `json:"attempt"`
	Started  time.Time   `json:"started"`
	Finished time.Time   `json:"finished"`
	Engine   string      `json:"engine,omitempty"`
	Usage    steps.Usage `json:"usage"` // by the run that did the work
	Warnings []string    `json:"warnings,omitempty"`
}

// An Output is one file that a step wrote.
type Output struct {
	Port      string `json:"port"`
	Index     *int   `json:"index,omitempty"` // track, for one file per track
	Name      string `json:"name"`
	Key       string `json:"key"`
	MediaType string `json:"mediaType"`
	Size      int64  `json:"size"`
	SHA256    string `json:"sha256"`
}

// A Failure is what is known of an attempt that failed.
type Failure struct {
	Step     string    `json:"step"`
	Run      string    `json:"run"`
	Track    *int      `json:"track,omitempty"`
	Attempt  int       `json:"attempt"`
	Class    string    `json:"class"`
	Message  string    `json:"message"`
	Hint     string    `json:"hint,omitempty"`
	Finished time.Time `json:"finished"`
}

// How a run ended.
const (
	Succeeded = "succeeded"
	Failed    = "failed"
	Canceled  = "canceled"
)

// An End is what an engine writes when it knows that a run has ended: end.json.
// A run whose last required receipt is there has succeeded whatever its end
// says: it was tried again.
type End struct {
	Run      string    `json:"run"`
	State    string    `json:"state"` // succeeded, failed or canceled
	Message  string    `json:"message,omitempty"`
	Finished time.Time `json:"finished"`
}

// A Task is the whole payload that an engine carries: ids only.
type Task struct {
	Recording string
	Run       string
	Step      string
	Track     int // -1 when not in a fan-out
	Attempt   int // from 1; 0: one more than the last that failed
}

// String names the task for people: "transcribe-track[2]".
func (t Task) String() string { return TaskName(t.Step, t.Track) }

// TaskName names a step's task for people: "transcribe-track[2]".
func TaskName(step string, track int) string {
	if track < 0 {
		return step
	}
	return fmt.Sprintf("%s[%d]", step, track)
}

// Keys of a recording's objects in the store.
func Root(recording string) string            { return "recordings/" + recording + "/" }
func Runs(recording string) string            { return Root(recording) + "runs/" }
func RunKey(recording, run string) string     { return Runs(recording) + run + "/run.json" }
func ResultKey(recording, name string) string { return Root(recording) + "result/" + name }

// EffectKey is where a side effect keeps what it did.
func EffectKey(recording, step string) string {
	return ResultKey(recording, "effects/"+step+".json")
}

// ParseTask reads a task's step and track out of its name in keys, without the
// extension: "pad-track.3".
func ParseTask(recording, run, name string) (Task, error) {
	step, index, fans := strings.Cut(name, ".")
	t := Task{Recording: recording, Run: run, Step: step, Track: -1}
	if fans {
		i, err := strconv.Atoi(index)
		if err != nil || i < 0 {
			return t, steps.Bad("", "%q names no track", name)
		}
		t.Track = i
	}
	if step == "" {
		return t, steps.Bad("", "%q names no step", name)
	}
	return t, nil
}

// ConsentKey is where decisions on consent lie.
func ConsentKey(recording string) string { return Root(recording) + "consent.json" }

// EndKey is where the end of a run is told.
func EndKey(recording, run string) string { return Runs(recording) + run + "/end.json" }

// StagedPrefix is where the tracks of a local folder go when its run is to
// happen elsewhere.
func StagedPrefix(recording string) string { return Root(recording) + "source/" }

// ReceiptKey is where a task's receipt lies.
func (t Task) ReceiptKey() string { return t.key("receipts") }

// FailureKey is where a task's last failure lies.
func (t Task) FailureKey() string { return t.key("failures") }

func (t Task) key(kind string) string {
	name := t.Step
	if t.Track >= 0 {
		name = fmt.Sprintf("%s.%d", t.Step, t.Track)
	}
	return fmt.Sprintf("%s%s/%s/%s.json", Runs(t.Recording), t.Run, kind, name)
}

// ArtifactKey is where a file of a step's cached work lies.
func ArtifactKey(recording, step, cacheKey, name string) string {
	return fmt.Sprintf("%sartifacts/%s/%s/%s", Root(recording), step, cacheKey, name)
}

// PartsPrefix is where unfinished work of a step keeps what it has so far.
func PartsPrefix(recording, step, cacheKey string) string {
	return ArtifactKey(recording, step, cacheKey, "parts/")
}

// LentKey is where audio lies while a server fetches it.
func LentKey(recording, run, name string) string {
	return Runs(recording) + run + "/lent/" + name
}

// idPattern is what recording and run ids may look like: they are parts of
// object keys, of file names and of Kubernetes names.
var idPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,118}[a-z0-9])?$`)

// CheckID reports whether id may name a recording or a run.
func CheckID(kind, id string) error {
	if !idPattern.MatchString(id) || strings.Contains(id, "..") {
		return steps.Wrong("use lower-case letters, digits, dots and dashes, at most 120 of them", "%s id %q is not usable", kind, id)
	}
	return nil
}

// MakeID turns any name into an id, the same for the same name.
func MakeID(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '_':
			b.WriteRune(r)
		default:
			b.WriteByte('-')
		}
	}
	id := b.String()
	for strings.Contains(id, "--") || strings.Contains(id, "..") {
		id = strings.ReplaceAll(strings.ReplaceAll(id, "--", "-"), "..", ".")
	}
	if len(id) > 120 {
		id = id[:120]
	}
	id = strings.Trim(id, "-._")
	if id == "" {
		return "recording"
	}
	return id
}

// ParseRun reads a run.json.
func ParseRun(b []byte) (Run, error) {
	var r Run
	if err := decode(b, &r, "run.json"); err != nil {
		return r, err
	}
	if r.Source == "" || r.Graph.Digest == "" {
		return r, steps.Bad("", "read run.json: no source or no graph")
	}
	if err := CheckID("recording", r.Recording); err != nil {
		return r, fmt.Errorf("read run.json: %w", err)
	}
	return r, CheckID("run", r.ID)
}

// ParseReceipt reads a receipt and checks that it is complete: a receipt that
// is not is no receipt.
func ParseReceipt(b []byte) (Receipt, error) {
	var r Receipt
	if err := decode(b, &r, "receipt"); err != nil {
		return r, err
	}
	if r.Step == "" || r.CacheKey == "" {
		return r, steps.Bad("", "read receipt: no step or no cache key")
	}
	for _, o := range r.Outputs {
		if o.Port == "" || o.Key == "" || len(o.SHA256) != 64 || o.Size < 0 || o.Index != nil && *o.Index < 0 {
			return r, steps.Bad("", "read receipt of %q: output %q is not complete", r.Step, o.Port)
		}
	}
	return r, nil
}

// ParseFailure reads a failure record.
func ParseFailure(b []byte) (Failure, error) {
	var f Failure
	err := decode(b, &f, "failure")
	return f, err
}

func decode(b []byte, v any, what string) error {
	if err := json.Unmarshal(b, v); err != nil {
		return steps.Bad("", "read %s: %w", what, err)
	}
	return nil
}
