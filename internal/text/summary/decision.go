package summary

import (
	"strings"

	"github.com/trackscribe/trackscribe/internal/pattern"
	"github.com/trackscribe/trackscribe/internal/text/phrase"
	"github.com/trackscribe/trackscribe/internal/text/segment"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// settled says that something was decided; proposed only does when others
// agree; sealed seals what was said before it.
var (
	settled = pattern.New(` (?:(?:we|we all|i) (?:have )?(?:now |all |just |finally )*(?:decided|agreed)(?: with \w+(?: \w+)?)? (?:to|that|on|against)|(?:we|i) (?:have )?settled on|let us (?:just )?(?:go with|settle on|go for|stick with|stick to)|we (?:will|are going to|are) (?:just )?(?:go with|going with|go for|going for|stick with|sticking with|stick to|sticking to)|(?:the|our|my) (?:final )?decision (?:is|was)|decision :|it is (?:now )?(?:decided|settled)|that is (?:decided|settled)|so (?:we|it) is agreed) `)

	proposed = pattern.New(` (?:i propose|i suggest|i would propose|i would suggest|my proposal is|let us|shall we|should we|what if we|how about|why do not we|we should|we could) `)
	sealed   = pattern.New(`^ (?:okay |ok |good |great |all right |right |alright |yes |perfect |, |so |then )*(?:it is decided|that is decided|it is settled|that is settled|decided|agreed|let us do (?:that|it|this)(?: then)?|then let us do (?:that|it|this)) [.!,]`)

	undecided = pattern.New(` (?:not|never|nobody|no one|if|unless|until|once|before|whether|when|have to|need to|needs to|should|would|could|might|maybe|perhaps|did|had|suppose|imagine|wish|hope|want to|who|how|why|what|nothing) `)
	longAgo   = pattern.New(` (?:last (?:week|month|year|time|sprint|quarter|summer|winter|spring|autumn|fall)|yesterday|ago|back (?:in|then|when)|previously|originally|at the time|nothing|nobody|not) `)
	// steering is what is proposed for the meeting itself.
	steering = pattern.New(` let us (?:see|talk|move|start|begin|go (?:on|ahead|around|back|through|over)|look|discuss|continue|wait|take|turn|say|hope|not|try|wrap|close|stop|hear|finish|jump|get|first|meet|focus|come|leave|keep (?:going|moving)|be|do (?:that|it|this)) `)
)

// repeatSentences is how soon the same decision said again is the same.
const repeatSentences = 6

// decisions finds what the meeting settled.
func decisions(clauses []clause, who names) []artifact.Decision {
	out := []artifact.Decision{}
	used := map[int]bool{}
	last, lastStems := -1-repeatSentences, map[string]bool{}
	add := func(i int, text, by string) {
		if used[i] || len(strings.Fields(text)) < 2 {
			return
		}
		// The same said again is one decision.
		stems := map[string]bool{}
		for _, s := range phrase.Content(text) {
			stems[s] = true
		}
		if i-last <= repeatSentences && similar(stems, lastStems) {
			return
		}
		last, lastStems = i, stems
		used[i] = true
		out = append(out, artifact.Decision{Decision: text, By: by, Moment: clauses[i].Moment})
	}
	for i, c := range clauses {
		if from, by, ok := c.decision(clauses, i); ok {
			text := strings.TrimRight(segment.Tidy(c.text(from, len(c.words))), ".")
			if isVague(text) {
				// "It's decided": what is, was said before or is said after.
				if k := nearby(clauses, i); k >= 0 {
					add(k, strings.TrimRight(segment.Tidy(clauses[k].Text), "."), by)
				}
				continue
			}
			add(i, text, by)
			continue
		}
		if m := c.find(proposed); len(m) > 0 && !steering.MatchString(c.norm) && !conditional.MatchString(c.norm) && !c.isOffer() && sealedBy(clauses, i) {
			add(i, strings.TrimRight(segment.Tidy(c.text(m[0][0], len(c.words))), "."), "")
		}
	}
	return out
}

// decision reports whether the sentence states a decision, from which word on
// it reads, and whose it is when it is one person's.
func (c clause) decision(clauses []clause, i int) (from int, by string, ok bool) {
	for _, m := range c.find(settled) {
		begin := c.start(m[0])
		comma := begin
		for k := begin; k < m[0]; k++ {
			if c.words[k] == "," {
				comma = k + 1
			}
		}
		before := c.normText(comma, m[0])
		if conditional.MatchString(c.normText(begin, m[0])) {
			continue
		}
		if undecided.MatchString(before) || reported.MatchString(before) || longAgo.MatchString(c.normText(begin, c.end(m[1]))) {
			continue
		}
		// "So we agreed on the smaller one?" is one when somebody says yes.
		if c.isQuestion() && !confirmed(clauses, i) {
			continue
		}
		if c.words[m[0]] == "i" {
			by = c.Speaker
		}
		from = begin
		for from < m[0] && (isMark(c.words[from]) || isFiller(c.words[from])) {
			from++
		}
		return from, by, true
	}
	if !c.isQuestion() && sealed.MatchString(c.norm) && len(c.words) <= 6 && strings.Contains(c.norm, "d ") && !strings.Contains(c.norm, " agreed ") {
		return 0, "", true
	}
	return 0, "", false
}

// confirmed reports whether the next sentence, by somebody else, says yes.
func confirmed(clauses []clause, i int) bool {
	if i+1 >= len(clauses) || clauses[i+1].Speaker == clauses[i].Speaker {
		return false
	}
	c := clauses[i+1]
	return !refuses.MatchString(c.norm) && (accepts.MatchString(c.norm) || agrees.MatchString(c.norm))
}

// sealedBy reports whether somebody else agrees with a proposal in so many
// words.
func sealedBy(clauses []clause, i int) bool {
	for k := i + 1; k < len(clauses) && k <= i+answerSentences && clauses[k].Start-clauses[i].End <= answerSeconds; k++ {
		c := clauses[k]
		if c.Speaker == clauses[i].Speaker {
			continue
		}
		return !strings.Contains(c.norm, " not ") && !strings.Contains(c.norm, " but ") &&
			(agreement.MatchString(c.norm) || sealed.MatchString(c.norm))
	}
	return false
}

var agreement = pattern.New(`^ (?:okay |ok |yeah |yes |good |great |perfect |, )*(?:agreed|let us do (?:that|it|this)|deal|sold) [.!,]`)

// isOffer reports whether the proposal is the speaker's own task.
func (c clause) isOffer() bool { return strings.Contains(c.norm, " i will ") }

// isVague reports whether a decision's text does not say what was decided.
func isVague(text string) bool {
	words := strings.Fields(text)
	return len(words) <= 4 && vague.MatchString(strings.ToLower(text))
}

var vague = pattern.New(`(it['’]?s|that['’]?s|is|it is) (now )?(decided|settled|agreed)|^(agreed|decided)`)

// nearby returns the sentence that says what "it's decided" is about: the next
// one of the same speaker, else the one before; -1 for none.
func nearby(clauses []clause, i int) int {
	if i+1 < len(clauses) && clauses[i+1].Speaker == clauses[i].Speaker && clauses[i+1].Turn == clauses[i].Turn && !clauses[i+1].isQuestion() && len(clauses[i+1].raw) >= 4 {
		return i + 1
	}
	if i > 0 && len(clauses[i-1].raw) >= 4 {
		return i - 1
	}
	return -1
}

func isFiller(w string) bool {
	switch w {
	case "okay", "ok", "so", "then", "and", "but", "right", "well", "alright", "good", "great", "yes", "yeah", "now", "all", "fine", "anyway", "perfect", "also":
		return true
	}
	return false
}
