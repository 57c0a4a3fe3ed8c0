package wer

import "strings"

var (
	ones = []string{
		"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
		"thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
	}
	tens   = []string{"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"}
	scales = []string{"", "thousand", "million", "billion", "trillion"}
)

// number reads an integer: four digits that can be a year as one ("1813":
// eighteen thirteen), a leading zero or more digits than a trillion has one by
// one, all else as a cardinal.
func number(s string) string {
	p := plain(s)
	if len(p) == 4 && p == s && isYear(p) {
		return year(p)
	}
	return cardinal(p)
}

// isYear reports whether four digits are read in pairs: 1100 to 1999 and 2010
// to 2099.
func isYear(p string) bool {
	return (p >= "1100" && p <= "1999") || (p >= "2010" && p <= "2099")
}

func year(p string) string {
	high, low := below100(atoi(p[:2])), atoi(p[2:])
	switch {
	case low == 0:
		return high + " hundred"
	case low < 10:
		return high + " oh " + ones[low]
	}
	return high + " " + below100(low)
}

// cardinal reads an integer of digits.
func cardinal(p string) string {
	if len(p) > 15 || (len(p) > 1 && p[0] == '0') {
		return digits(p)
	}
	if n := strings.TrimLeft(p, "0"); n == "" {
		return "zero"
	}
	var parts []string
	for len(p)%3 != 0 {
		p = "0" + p
	}
	for i := 0; i < len(p); i += 3 {
		group := atoi(p[i : i+3])
		if group == 0 {
			continue
		}
		if group >= 100 {
			parts = append(parts, ones[group/100], "hundred")
		}
		if group%100 > 0 {
			parts = append(parts, below100(group%100))
		}
		if scale := scales[(len(p)-i)/3-1]; scale != "" {
			parts = append(parts, scale)
		}
	}
	return strings.Join(parts, " ")
}

func below100(n int) string {
	if n < 20 {
		return ones[n]
	}
	if n%10 == 0 {
		return tens[n/10]
	}
	return tens[n/10] + " " + ones[n%10]
}

// digits reads digits one by one.
func digits(p string) string {
	var parts []string
	for _, r := range p {
		parts = append(parts, ones[r-'0'])
	}
	return strings.Join(parts, " ")
}

var irregular = map[string]string{
	"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth", "twelve": "twelfth",
}

// ordinal reads "3" of "3rd".
func ordinal(p string) string {
	words := strings.Fields(cardinal(p))
	last := words[len(words)-1]
	switch {
	case irregular[last] != "":
		last = irregular[last]
	case strings.HasSuffix(last, "y"):
		last = strings.TrimSuffix(last, "y") + "ieth"
	default:
		last += "th"
	}
	words[len(words)-1] = last
	return strings.Join(words, " ")
}

// decade reads "1990" of "1990s" and "80" of "80s".
func decade(p string) string {
	words := strings.Fields(number(p))
	last := words[len(words)-1]
	if strings.HasSuffix(last, "y") {
		last = strings.TrimSuffix(last, "y") + "ies"
	} else {
		last += "s"
	}
	words[len(words)-1] = last
	return strings.Join(words, " ")
}

// amount reads money: "£5" five pounds, "$2.50" two dollars fifty, "€3.2m"
// three point two million euros.
func amount(sign, whole, fraction, magnitude string) string {
	names := currencies[sign]
	out, name := cardinal(whole), names[1]
	if magnitude != "" {
		if fraction != "" {
			out += " point " + digits(fraction[1:])
		}
		return out + " " + magnitude + " " + name
	}
	if whole == "1" {
		name = names[0]
	}
	switch {
	case len(fraction) == 3 && fraction != ".00":
		return out + " " + name + " " + below100(atoi(fraction[1:]))
	case fraction != "" && fraction != ".00":
		return out + " point " + digits(fraction[1:]) + " " + names[1]
	}
	return out + " " + name
}

// clock reads a time of day: "10:30" ten thirty, "10:05" ten oh five, "10:00"
// ten o'clock.
func clock(hours, minutes string) string {
	h, m := below100(atoi(hours)), atoi(minutes)
	switch {
	case m == 0:
		return h + " o'clock"
	case m < 10:
		return h + " oh " + ones[m]
	}
	return h + " " + below100(m)
}

// atoi reads a few digits.
func atoi(p string) int {
	n := 0
	for _, r := range p {
		n = 10*n + int(r-'0')
	}
	return n
}
