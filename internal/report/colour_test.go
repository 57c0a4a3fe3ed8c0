package report

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Colours are compared in linear RGB.
type colour [3]float64

func parseColour(t *testing.T, hex string) colour {
	t.Helper()
	if len(hex) == 4 {
		hex = "#" + strings.Repeat(hex[1:2], 2) + strings.Repeat(hex[2:3], 2) + strings.Repeat(hex[3:], 2)
	}
	var c colour
	for i := range c {
		v, err := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c[i] = float64(v) / 255
		if c[i] <= 0.04045 {
			c[i] /= 12.92
		} else {
			c[i] = math.Pow((c[i]+0.055)/1.055, 2.4)
		}
	}
	return c
}

// contrast is the ratio of WCAG 2.
func contrast(a, b colour) float64 {
	la := 0.2126*a[0] + 0.7152*a[1] + 0.0722*a[2]
	lb := 0.2126*b[0] + 0.7152*b[1] + 0.0722*b[2]
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// lab is CIE L*a*b* under D65, in which distance is about what people see.
func lab(c colour) colour {
	f := func(v float64) float64 {
		if v > 0.008856 {
			return math.Cbrt(v)
		}
		return 7.787*v + 16.0/116
	}
	x := f((0.4124*c[0] + 0.3576*c[1] + 0.1805*c[2]) / 0.95047)
	y := f(0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2])
	z := f((0.0193*c[0] + 0.1192*c[1] + 0.9505*c[2]) / 1.08883)
	return colour{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

// sights are full colour vision and the three kinds of dichromacy, after
// Machado, Oliveira and Fernandes (2009).
func sights() map[string][3]colour {
	return map[string][3]colour{
		"full":         {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
		"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
		"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
		"tritanopia":   {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
	}
}

func seen(c colour, by [3]colour) colour {
	var out colour
	for i, row := range by {
		out[i] = min(max(row[0]*c[0]+row[1]*c[1]+row[2]*c[2], 0), 1)
	}
	return out
}

// Text has a contrast of 4.5 to 1 and accents 3 to 1 (WCAG 2.2 AA, 1.4.3 and
// 1.4.11), in light and dark; and whatever colours somebody sees, no two
// accents look alike.
func TestColours(t *testing.T) {
	t.Parallel()
	light, dark, found := strings.Cut(styleText, "prefers-color-scheme: dark")
	if !found {
		t.Fatal("style sheet has no dark scheme")
	}
	for name, css := range map[string]string{"light": light, "dark": dark} {
		named := map[string]colour{}
		for _, m := range regexp.MustCompile(`--([a-z0-9-]+): (#[0-9a-f]+);`).FindAllStringSubmatch(css, -1) {
			named[m[1]] = parseColour(t, m[2])
		}
		for _, text := range []string{"ink", "soft", "link"} {
			for _, under := range []string{"paper", "faint", "mark"} {
				if c := contrast(named[text], named[under]); c < 4.5 {
					t.Errorf("%s: %s on %s has a contrast of %.2f", name, text, under, c)
				}
			}
		}
		for i := range colours {
			a := named[fmt.Sprintf("c%d", i)]
			if c := contrast(a, named["paper"]); c < 3 {
				t.Errorf("%s: accent %d has a contrast of %.2f", name, i, c)
			}
			for j := range i {
				b := named[fmt.Sprintf("c%d", j)]
				for sight, by := range sights() {
					p, q := lab(seen(a, by)), lab(seen(b, by))
					if d := math.Hypot(math.Hypot(p[0]-q[0], p[1]-q[1]), p[2]-q[2]); d < 15 {
						t.Errorf("%s: accents %d and %d are only %.1f apart in %s", name, i, j, d, sight)
					}
				}
			}
		}
	}
}
