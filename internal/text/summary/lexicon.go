package summary

import (
	"strings"

	"github.com/trackscribe/trackscribe/internal/pattern"
)

// tasks are verbs of things to do after the meeting. A promise or request
// without one of them is no task: precision goes before completeness.
var tasks = set(`
add announce apply arrange ask assign back book bring build buy call cancel change chase check clean close collect compare
complete configure confirm contact copy cover create delete deliver deploy design develop dig disable distribute do document
double-check download draft edit email enable escalate estimate evaluate export extend file fill finalise finalize finish fix
follow forward gather get hand handle implement import inform install integrate invite investigate invoice launch look mail
measure meet merge message migrate monitor move negotiate notify open order organise organize own patch pay ping plan post
prepare present print proofread propose provide publish purchase push put raise reach read rebuild record redo refactor
register release remove rename renew reorganise reorganize repair replace report request rerun reschedule research reserve
reset resolve restart restore review revise rewrite roll run schedule schedule send set share ship sign sort speak submit
summarise summarize swap switch sync take talk tell test track train transfer translate try turn update upgrade upload
validate verify visit work write
`)

// jointTasks are those that "let's" and "we need to" make a task of; with the
// others they steer the conversation ("let's look at", "let's move on").
var jointTasks = set(`
add announce arrange ask assign book build buy cancel collect configure contact create delete deliver deploy document draft
email escalate estimate export fix follow hire implement import inform install integrate invite investigate measure migrate
notify order organise organize patch prepare publish purchase rebuild refactor register release remove rename renew repair
replace reschedule research reserve restore review rewrite schedule send set ship submit summarise summarize test train
translate update upgrade upload validate verify write
`)

// idioms are phrases with such a verb that promise nothing.
var idioms = pattern.New(`^(` + strings.Join([]string{
	`(share|show|turn (on|off)) my (screen|camera|video)`, `(share|open) (my|the) (screen|camera|video)`,
	`(tell|ask|show|read) you`, `put it (this|that|another|like|differently)`, `put (myself|you) (on )?(mute|hold)`,
	`add (that|to that|one|something|only|here)`, `call it`, `move on`, `move to the next`, `move over`,
	`run (out|through|over|away)`, `turn (to|it over|off|on|around|into)`, `back (you )?(up|off)`, `take (your|his|her|their) word`,
	`take (it )?(from (here|there)|offline|a (break|minute|second|moment|breath|bus|shower|nap))`, `take this offline`,
	`take (part|place|long|time|forever|a while|a bit)`, `get (back to (this|that|it) (later|in)|there|it|that|to (that|it|this)|used|into|started|going|the feeling|older|old|over|rid of me|right back)`,
	`do (my|your|our) best`, `do (fine|well|okay|great)`, `try (it|that|not|again|my best)?( \W|$)`, `look (forward|like|good|bad|at (it|this|that) (this|that) way|silly|stupid)`,
	`open (it|that) (up )?(for|to) (questions|discussion)`, `present (now|first|it now)`, `read (it|this|that) out`, `speak (for|to that|up|slower|louder)`,
	`talk (about|through|over|more)`, `talk to you (soon|later|tomorrow|then|next)`, `meet you`, `call you back`, `work (out )?fine`, `work$`,
	`hand (it )?(over|back)? ?(to you|to \w+)$`, `pay attention`, `pay for`, `own (up|it)`, `check (in|out) with myself`,
}, "|") + `)`)

// empty are what is left of a task when its object was said before: "do that",
// "take it", "look into this".
var empty = pattern.New(`^(do|take|handle|get|check|try|cover|own|sort|look (at|into)|take care of|make|run|pick up|deal with|work on|follow up( on| with)?|have|have (it|that|this) ready)( (that|it|this|so|those|them|one|these|all|both|care|the same|a look|on|up|out|over)){0,3}( (one|of (that|it|this)|too|as well|for you|for us|then|now|myself|right away|on))* $`)

// adverbs may stand between a trigger and its verb.
const adverbs = `(?:(?:just|also|then|quickly|definitely|certainly|gladly|happily|personally|still|now|please|try to|try and|go ahead and|make sure to|be sure to|be happy to|go and|have to|need to|take some time to|briefly|simply|actually|all|both) )*`

// hedges after a trigger take the promise back.
var hedges = set("not never no probably maybe perhaps possibly likely hopefully be only hardly always usually often have")

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// conditional makes hypothetical all that follows in its clause; unreal what
// follows up to the next comma: hypothetical, hoped for, negated, past.
var (
	conditional = pattern.New(` (if|unless|suppose|supposing|imagine|whether|whenever|every time|as though|pretend|used to|in case) `)
	unreal      = pattern.New(` (wish|hope|hopefully|would|could|might|may|maybe|perhaps|possibly|probably|usually|normally|always|sometimes|never|not|nobody|no one|supposed|what|why|how|did|does|was|were|had|promised|thought|ago|yesterday|last (week|month|year|night|time|sprint|quarter)) `)
)

// reported stands shortly before what somebody else said.
var reported = pattern.New(` (said|says|saying|told|tells|asked|asks|mentioned|claims|claimed|goes|like|wrote) (\w+ ){0,3}$`)
