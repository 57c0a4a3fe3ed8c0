package guard

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/steps"
)

func TestParseRules(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]Rule{
		"":                     nil,
		"groups:sales=sales-*": {{"groups", "sales", "sales-"}},
		" groups : sales = sales-* ,, groups:staff=*,": {{"groups", "sales", "sales-"}, {"groups", "staff", ""}},
		"https://example.com/groups:sales=a*":          {{"https://example.com/groups", "sales", "a"}},
		"cognito:groups:sales=a*":                      {{"cognito:groups", "sales", "a"}},
		"email:a@example.com=a.b_c-*":                  {{"email", "a@example.com", "a.b_c-"}},
	} {
		got, err := ParseRules(text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v %s", text, err, diff)
		}
	}
	for _, text := range []string{
		" ", ",", " , ", "groups", "groups:sales", "groups:sales=", "groups:sales=sales-", "groups:=*", ":sales=*", "groups=*", "=*", "*",
		"groups:sales=*x", "groups:sales=**", "groups:sales=a/b*", "groups:sales=A*", "groups:sales=a=b*", "groups:sales=a b*", "groups:sales=*, x",
	} {
		rules, err := ParseRules(text)
		if err == nil || rules != nil {
			t.Errorf("%q: %v, want an error", text, rules)
			continue
		}
		var e *steps.Error
		if !errors.As(err, &e) || e.Hint() == "" {
			t.Errorf("%q: %v has no hint", text, err)
		}
	}
}

func TestAllowed(t *testing.T) {
	t.Parallel()
	claims := map[string]any{"groups": []any{"a", "b"}, "one": "c"}
	for text, want := range map[string]held{
		"":                              {All: true},
		"groups:x=*":                    {},
		"groups:a=p*":                   {Prefixes: []string{"p"}},
		"groups:a=p*,groups:b=p*":       {Prefixes: []string{"p"}},
		"groups:a=p*,one:c=q*":          {Prefixes: []string{"p", "q"}},
		"groups:a=p*,one:c=*":           {All: true},
		"groups:a=p*,one:d=*,two:c=*":   {Prefixes: []string{"p"}},
		"one:C=*,Groups:a=*,groups:A=*": {},
	} {
		rules, err := ParseRules(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, allowed(rules, claims)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

func FuzzParseRules(f *testing.F) {
	for _, text := range []string{"", " ", ",", "groups:sales=sales-*, groups:staff=*", "https://example.com/groups:sales=a*", "a:b=*", "a:b=c", "::=*", "a:b=\x00*"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rules, err := ParseRules(text)
		if err != nil {
			if rules != nil {
				t.Error("both rules and an error")
			}
			return
		}
		if len(rules) == 0 && text != "" {
			t.Error("what is not empty has no rules, which lets everybody see everything")
		}
		if len(rules) > 0 && allowed(rules, map[string]any{}).All {
			t.Error("who has no claims sees everything")
		}
		var again []string
		for _, r := range rules {
			if r.Claim == "" || r.Value == "" {
				t.Errorf("%+v has no claim or value", r)
			}
			h := allowed(rules, map[string]any{r.Claim: r.Value})
			if !h.All && len(h.Prefixes) == 0 {
				t.Errorf("%+v lets nobody see anything", r)
			}
			again = append(again, r.Claim+":"+r.Value+"="+r.Prefix+"*")
		}
		same, err := ParseRules(strings.Join(again, ","))
		if diff := cmp.Diff(rules, same); diff != "" || err != nil {
			t.Errorf("read again: %v %s", err, diff)
		}
	})
}
