package summary

import (
	"strings"

	"github.com/trackscribe/trackscribe/internal/pattern"
)

const (
	weekday = `(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)`
	month   = `(?:january|february|march|april|may|june|july|august|september|october|november|december)`
	number  = `(?:\d+|a|an|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|a few|a couple of)`
	ordinal = `(?:\d+(?:st|nd|rd|th)?|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|twenty[ -]\w+|thirtieth|thirty[ -]first)`
	period  = `(?:week|weekend|month|quarter|year|sprint|semester)`
	date    = `(?:(?:the )?` + ordinal + `(?: of ` + month + `)?|` + month + `(?: (?:the )?` + ordinal + `)?)`
	clock   = `(?:noon|midnight|lunch|lunchtime|eod|eow|cob|close of business|\d+(?: o'clock| ?[ap]\.?m\.?)?(?: today| tomorrow)?)`
	ending  = `(?:the )?(?:very )?(?:end|beginning|start|middle) of (?:the |this |next )?(?:day|` + period + `|` + month + `|afternoon|morning)`
	part    = `(?: morning| afternoon| evening| night| noon| at noon| lunch)?`
	day     = `(?:(?:next |this |the coming )?` + weekday + part + `|tomorrow` + part + `|today|tonight|this (?:morning|afternoon|evening|` + period + `)|next ` + period + `|the (?:weekend|day after tomorrow)|christmas|easter|then|now)`
	event   = `(?:the |our |my |your |this |that |next |we |i |they |he |she |you )?(?:\S+ )?(?:release|launch|meeting|demo|review|switch|call|standup|stand-up|deadline|holidays|holiday|vacation|conference|weekend|sprint|workshop|presentation|migration|deployment|deploy|freeze|go-live|board meeting|audit|lunch|summit|retro|retrospective|planning|kickoff|kick-off|interview|event|visit|trip|christmas|easter|summer|winter|spring|autumn|fall|new year)`
)

// deadlines finds when something is to be done, in the words that were said.
var deadlines = pattern.New(` (` + strings.Join([]string{
	`by (?:` + ending + `|` + day + `|` + date + `|` + clock + `|next ` + weekday + `)`,
	`(?:no later than|not later than|until|till|before|on|due|for) (?:` + ending + `|` + day + `|the ` + ordinal + `(?: of ` + month + `)?|` + month + ` (?:the )?` + ordinal + `|noon|midnight|lunch|eod)`,
	`(?:right |straight |shortly |soon )?(?:before|after|until|in time for) ` + event,
	`(?:right |straight )?after (?:this|that|lunch|the break)`,
	`(?:later )?(?:today|tonight)`, `tomorrow` + part, `first thing (?:tomorrow|` + weekday + `|in the morning)(?: morning)?`,
	`(?:later )?this (?:morning|afternoon|evening|week|weekend|month|quarter|sprint)`,
	`(?:early |late )?next (?:` + period + `|` + weekday + `|` + month + `)`,
	`(?:with)?in (?:the next )?` + number + ` (?:minutes?|hours?|days?|weeks?|months?)`,
	`(?:at )?` + ending, `` + weekday + ` (?:morning|afternoon|evening)`,
	`asap`, `as soon as possible`, `right away`, `immediately`, `over the weekend`, `at the weekend`,
	`in (?:the next (?:sprint|release)|the (?:morning|afternoon|evening)|` + month + `)`,
}, "|") + `) `)

// deadline returns the deadline in a normalised text, "" when there is none:
// the first that is said with "by", else the first. "By now" and "by then" are
// none.
func deadline(norm string) string {
	first := ""
	for {
		found, rest := nextDeadline(norm)
		if found == "" || strings.HasPrefix(found, "by ") {
			if found != "" {
				return found
			}
			return first
		}
		if first == "" {
			first = found
		}
		norm = rest
	}
}

// nextDeadline returns the first deadline in norm and what follows it.
func nextDeadline(norm string) (found, rest string) {
	for norm != "" {
		m := deadlines.FindStringSubmatchIndex(norm)
		if m == nil {
			return "", ""
		}
		found = norm[m[2]:m[3]]
		switch found {
		case "by now", "by then", "until now", "until then", "before then", "for now", "for then", "on then", "on now", "due now", "due then", "till now", "till then", "before now", "by a", "by one", "for today":
			norm = norm[m[3]:]
			continue
		}
		return found, norm[m[3]:]
	}
	return "", ""
}
