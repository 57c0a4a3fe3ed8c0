package report

import "testing"

func TestEscape(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"":                    "",
		"plain, simple text.": "plain, simple text.",
		"- item - dash":       `\- item - dash`,
		"# head #1":           `\# head #1`,
		"1. one 2. two":       `1\. one 2. two`,
		"12) twelve":          `12\) twelve`,
		"2025":                "2025",
		"*b* _i_ `c` ~~d~~":   "\\*b\\* \\_i\\_ \\`c\\` \\~\\~d\\~\\~",
		"[a](b) <i> &lt; |":   `\[a\](b) \<i\> \&lt; \|`,
		`back\slash $x$`:      `back\\slash \$x\$`,
		"see https://x.org":   `see https\://x.org`,
		"> quote":             `\> quote`,
		"=== not a heading":   `\=== not a heading`,
	}
	for in, want := range tests {
		if got := escape(in); got != want {
			t.Errorf("escape(%q) = %q, want %q", in, got, want)
		}
	}
}
