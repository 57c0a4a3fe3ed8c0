package summary

import "github.com/trackscribe/trackscribe/internal/pattern"

const (
	// An answer comes within this many sentences and seconds.
	answerSentences = 2
	answerSeconds   = 10.0
)

var (
	accepts = pattern.New(`^ (?:oh |okay |ok |right |well |and |so |yeah |yes |, )*(yes|yeah|yep|yup|sure|will do|of course|no problem|absolutely|definitely|consider it done|done|on it|i am on it|got it|i will|i can|certainly|gladly|happy to|okay|ok|with pleasure|my pleasure|agreed|no worries|sounds good|can do) `)
	refuses = pattern.New(`^ (?:oh |well |um |uh |, )*(no (?:,|i|sorry|way|thanks)|nope|sorry|i can not|i will not|i am afraid|not (?:really|now|me|today)|unfortunately|i would rather not|i do not|why me)`)
)

// resolve looks at what follows a request: who takes it, or that nobody does.
func (it *item) resolve(clauses []clause, who names) {
	if it.kind != request && it.kind != wanted {
		return
	}
	asked := clauses[it.sentence]
	for k := it.sentence + 1; k < len(clauses) && k <= it.sentence+answerSentences; k++ {
		c := clauses[k]
		if c.Speaker == asked.Speaker {
			continue
		}
		if c.Start-asked.End > answerSeconds {
			return
		}
		if it.named && c.Speaker != it.Owner {
			continue
		}
		switch {
		case refuses.MatchString(c.norm):
			// Refused by the one who was asked: no task.
			if it.named {
				it.Task = ""
			}
		case it.kind == request && accepts.MatchString(c.norm):
			it.Owner, it.taken = c.Speaker, true
		}
		return
	}
}

var agrees = pattern.New(`^ (?:oh |okay |ok |yeah |yes |good |great |, |i )*(agreed|agree|sounds good|fine (?:by|with) me|works for me|deal|perfect|exactly|let us do (?:that|it|this)|good idea|makes sense|i am (?:fine|okay|happy|in)|all right|done|sold|absolutely|definitely|no objections?) `)
