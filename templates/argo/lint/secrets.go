package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
)

var (
	plainSecret = &Rule{
		ID: "plain-secret", Class: Mistake,
		What: "A secret stands in the manifest. Parameters, and the environment of a pod, can be read by everybody who sees the run.",
		Fix:  "keep it in a Secret and give it as environment by secretKeyRef; revoke the one that stood here",
	}
	secretRules = []*Rule{plainSecret}
)

// checkSecrets looks for values that are secret by their name or their looks.
// No finding repeats the value.
func (l *linter) checkSecrets(o *object) {
	l.secretParameters(o, o.specAt.keys("arguments", "parameters"), o.spec.Arguments.Parameters)
	for _, t := range o.templates {
		l.secretParameters(o, t.at.keys("inputs", "parameters"), t.Inputs.Parameters)
		for _, c := range t.calls {
			l.secretParameters(o, c.argsAt.key("parameters"), c.args.Parameters)
		}
		for _, c := range t.containers() {
			for i, e := range c.Env {
				l.secretValue(o, c.at.key("env").index(i).key("value"), e.Name, e.Value)
			}
		}
	}
	eachField(o.lookup(o.specAt), o.specAt, func(at path, text string) {
		if where := looksSecret.FindStringIndex(text); where != nil {
			l.report(o, plainSecret, at, "the text holds what looks like a credential or a signed URL", onLine(o.doc.lineIn(at, text, where[0])))
		}
	})
}

func (l *linter) secretParameters(o *object, at path, list []wfv1.Parameter) {
	for i, p := range list {
		if p.Value != nil {
			l.secretValue(o, at.index(i).key("value"), p.Name, p.Value.String())
		}
		if p.Default != nil {
			l.secretValue(o, at.index(i).key("default"), p.Name, p.Default.String())
		}
	}
}

func (l *linter) secretValue(o *object, at path, name, value string) {
	if isSecretName(name) && isLiteralSecret(value) && !looksSecret.MatchString(value) {
		l.report(o, plainSecret, at, fmt.Sprintf("%q has a secret as its value", name))
	}
}

var (
	wordEnd     = regexp.MustCompile(`([a-z0-9])([A-Z])`)
	secretWords = []string{"password", "passwd", "passphrase", "secret", "token", "apikey", "credential", "credentials"}
	keyKinds    = []string{"api", "access", "secret", "private", "signing", "encryption"}
)

// isSecretName goes by the last word of a name: a token is a secret, a token
// URL or a number of tokens is not.
func isSecretName(name string) bool {
	words := strings.FieldsFunc(strings.ToLower(wordEnd.ReplaceAllString(name, "$1-$2")), func(r rune) bool {
		return strings.ContainsRune("-_. ", r)
	})
	if len(words) == 0 {
		return false
	}
	last := words[len(words)-1]
	return slices.Contains(secretWords, last) || last == "key" && len(words) > 1 && slices.Contains(keyKinds, words[len(words)-2])
}

// isLiteralSecret tells a value from a reference to one, a path, a number or
// a switch.
func isLiteralSecret(value string) bool {
	if value == "" || hasTag(value) || strings.HasPrefix(value, "/") || strings.HasPrefix(value, "$") {
		return false
	}
	if _, err := strconv.ParseBool(value); err == nil {
		return false
	}
	_, err := strconv.ParseFloat(value, 64)
	return err != nil
}

// looksSecret are the forms of well-known credentials and of signed URLs.
var looksSecret = regexp.MustCompile(strings.Join([]string{
	`\b(AKIA|ASIA)[0-9A-Z]{16}\b`,
	`\bgh[pousr]_[A-Za-z0-9]{30,}`,
	`\bglpat-[A-Za-z0-9_-]{20,}`,
	`\bxox[abprs]-[A-Za-z0-9-]{10,}`,
	`\bsk-[A-Za-z0-9_-]{20,}`,
	`\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.`,
	`-----BEGIN [A-Z ]*PRIVATE KEY-----`,
	`[?&](X-Amz-Signature|Signature|sig)=[A-Za-z0-9%/+=_-]{16,}`,
	`://[^/\s:@{}$]+:[^/\s:@{}$]+@`,
}, "|"))
