package phrase

import "strings"

// stopWords are function words and what people say to keep talking.
var stopWords = set(`
a an the this that these those here there it its itself
i me my mine myself you your yours yourself yourselves he him his himself she her hers herself
we us our ours ourselves they them their theirs themselves who whom whose which what
am is are was were be been being do does did done doing have has had having
can could will would shall should may might must ought cannot
isn aren wasn weren don doesn didn haven hasn hadn couldn wouldn shouldn won ain
isn't aren't wasn't weren't don't doesn't didn't haven't hasn't hadn't couldn't wouldn't shouldn't won't can't ain't
and or but nor so yet if then else than as because since while until unless although though whether
of at by for with about against between into through during before after above below to from up down in out on off over under
again further once onto upon within without across along around behind beside besides beyond near toward towards via per
all any both each few more most other others some such only own same too very much many several another either neither every
no not never none nothing nobody yes yeah yep yup nope nah ok okay alright right well now just like really actually basically
literally maybe perhaps probably definitely certainly obviously honestly absolutely totally exactly simply quite rather pretty
still already also even ever always often sometimes usually almost enough instead anyway anyways though indeed
um umm uh uhm er erm ah oh hm hmm mm mmm mhm huh wow hey hi hello bye goodbye thanks thank please sorry welcome cheers
get gets got gotten getting go goes going gone went gonna wanna gotta kinda sorta let lets
know knows knew known knowing mean means meant think thinks thought thinking say says said saying tell told see sees saw seen seeing
want wants wanted wanting need needs needed make makes made making take takes took taken taking put puts
come comes came coming look looks looked looking seem seems seemed give gives gave given giving use uses
thing things something anything everything someone somebody anyone anybody everyone everybody stuff way ways lot lots bit kind sort
good great nice fine cool sure true bad better best worse okay big small little
one two three four five six seven eight nine ten first second third last next
when where why how while ago soon later today tomorrow yesterday time times day days
guy guys people folks bit maybe ll ve re im ive youre thats dont whats lets cant wont
`)

// weakWords may be part of a phrase but are none alone, and neither begin nor
// end one: what meetings are made of, rather than about.
var weakWords = stems(`
talk discuss mention speak ask answer question explain show start begin end stop finish continue try help work works
happen change move run keep leave hold find feel guess hope hear listen wait call send write read check add remove set turn
bring follow agree decide remember forget believe understand wonder suggest point idea part side case reason fact example
issue problem topic item agenda meeting minute hour week month year morning afternoon evening night moment while
monday tuesday wednesday thursday friday saturday sunday weekend january february march april june july august september
october november december number half quarter couple dozen hundred thousand million percent
new old high low long short early late quick easy hard different important interesting possible able ready whole full
clear simple main real actual current previous general specific sense word sentence everything quickly slowly finally recently
please happy glad afraid worried love hate enjoy joke funny laugh weird crazy sound sounds
mister missus miss mr mrs ms dr sir madam person man woman somebody
back away together apart
`)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

func stems(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[Stem(w)] = true
	}
	return m
}
