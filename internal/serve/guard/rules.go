package guard

import (
	"slices"
	"strings"

	"github.com/trackscribe/trackscribe/steps"
)

// A Rule lets those whose claim has a value see the recordings whose ids begin
// with a prefix; an empty prefix is all of them.
type Rule struct {
	Claim, Value, Prefix string
}

// ParseRules reads rules: "groups:sales=sales-*, groups:staff=*". A claim's name
// may have colons in it ("https://example.com/groups:sales=sales-*",
// "cognito:groups:sales=*"); a value may not.
func ParseRules(text string) ([]Rule, error) {
	var rules []Rule
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		who, prefix, ok := strings.Cut(part, "=")
		colon := strings.LastIndexByte(who, ':')
		claim, value := who[:max(colon, 0)], who[colon+1:]
		claim, value, prefix = strings.TrimSpace(claim), strings.TrimSpace(value), strings.TrimSpace(prefix)
		prefix, starred := strings.CutSuffix(prefix, "*")
		if !ok || claim == "" || value == "" || !starred || strings.Trim(prefix, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" {
			return nil, steps.Wrong("write claim:value=prefix*, such as groups:sales=sales-*", "%q is no rule", part)
		}
		rules = append(rules, Rule{claim, value, prefix})
	}
	if len(rules) == 0 && text != "" { // which would let everybody see everything
		return nil, steps.Wrong("write claim:value=prefix*, such as groups:sales=sales-*", "%q has no rule", text)
	}
	return rules, nil
}

// allowed is what a person's claims let them see. Without rules it is all.
func allowed(rules []Rule, claims map[string]any) held {
	if len(rules) == 0 {
		return held{All: true}
	}
	var h held
	for _, r := range rules {
		if !has(claims[r.Claim], r.Value) {
			continue
		}
		if r.Prefix == "" {
			return held{All: true}
		}
		if !slices.Contains(h.Prefixes, r.Prefix) {
			h.Prefixes = append(h.Prefixes, r.Prefix)
		}
	}
	return h
}

// has reports whether a claim is a value, or a list with it.
func has(claim any, value string) bool {
	switch c := claim.(type) {
	case string:
		return c == value
	case []any:
		return slices.ContainsFunc(c, func(v any) bool { return v == value })
	default:
		return false
	}
}
