package scenario

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trackscribe/trackscribe/steps"
)

// Exit codes of failures that name none, as the step binary has them.
const (
	forGood   = int(steps.Permanent)
	transient = int(steps.Transient)
)

const failSyntax = "write STEP, STEP[TRACK], with xN for the first N attempts and =CODE for the exit code: transcribe-track[1]x2=75"

var (
	times  = regexp.MustCompile(`^(.+)x([1-9][0-9]{0,3})$`)
	number = regexp.MustCompile(`^(.+)\[([0-9]{1,6})\]$`)
)

// ParseFail reads STEP[TRACK]xN=CODE. Without xN the target fails for good,
// and without a code with one that suits.
func ParseFail(text string, names []string) (Fail, error) {
	rest, code, hasCode := strings.Cut(text, "=")
	f, err := parseTimes(rest, names)
	if err != nil {
		return f, err
	}
	f.Exit = forGood
	if f.Times > 0 {
		f.Exit = transient
	}
	if hasCode {
		f.Exit, err = strconv.Atoi(code)
		if err != nil || f.Exit < 1 || f.Exit > 255 {
			return f, steps.Wrong(failSyntax, "exit code %q of %q is not one of 1 to 255", code, text)
		}
	}
	return f, nil
}

// ParseLoss reads STEP[TRACK]xN. Without xN a pod is lost once.
func ParseLoss(text string, names []string) (Fail, error) {
	f, err := parseTimes(text, names)
	if f.Times == 0 {
		f.Times = 1
	}
	return f, err
}

// ParseDelay reads STEP[TRACK]=DURATION.
func ParseDelay(text string, names []string) (Delay, error) {
	target, value, ok := strings.Cut(text, "=")
	if !ok {
		return Delay{}, steps.Wrong("write STEP=DURATION: mixdown-tracks=200ms", "delay %q has no duration", text)
	}
	t, err := parseTarget(target, names)
	if err != nil {
		return Delay{}, err
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 {
		return Delay{}, steps.Wrong("write it as 200ms, 3s or 1m", "delay %q of %q is not a duration", value, target)
	}
	return Delay{Target: t, For: d}, nil
}

// ParseOutput reads TEMPLATE.PARAMETER=VALUE into the scenario.
func (s *Scenario) ParseOutput(text string) error {
	name, value, ok := strings.Cut(text, "=")
	template, param, dotted := strings.Cut(name, ".")
	if !ok || !dotted || template == "" || param == "" {
		return steps.Wrong("write TEMPLATE.PARAMETER=VALUE: get-recording.tracks=[0,1,2]", "output %q is not understood", text)
	}
	s.SetOutput(template, param, value)
	return nil
}

// SetOutput sets the value of an output parameter.
func (s *Scenario) SetOutput(template, param, value string) {
	if s.Outputs == nil {
		s.Outputs = map[string]map[string]string{}
	}
	if s.Outputs[template] == nil {
		s.Outputs[template] = map[string]string{}
	}
	s.Outputs[template][param] = value
}

func parseTimes(text string, names []string) (Fail, error) {
	f := Fail{}
	target := text
	// A name may itself end like a count.
	if m := times.FindStringSubmatch(text); m != nil && !slices.Contains(names, text) {
		target = m[1]
		f.Times, _ = strconv.Atoi(m[2]) // the pattern matches numbers only
	}
	var err error
	f.Target, err = parseTarget(target, names)
	return f, err
}

func parseTarget(text string, names []string) (Target, error) {
	t := Target{Step: text, Track: -1}
	if m := number.FindStringSubmatch(text); m != nil {
		t.Step = m[1]
		t.Track, _ = strconv.Atoi(m[2]) // the pattern matches numbers only
	}
	if !slices.Contains(names, t.Step) {
		return t, steps.Wrong(fmt.Sprintf("there are: %s", strings.Join(names, ", ")), "there is no step or template %q", t.Step)
	}
	return t, nil
}
