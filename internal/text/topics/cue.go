package topics

import (
	"strings"

	"github.com/trackscribe/trackscribe/internal/pattern"
)

// opener and agenda are what people say when one topic ends and another
// begins.
var (
	opener = pattern.New(`(?i)^\W*(okay|ok|alright|all right|right|so|now|well|thank you|thanks|next|anyway|great|good)\b`)
	agenda = pattern.New(`(?i)\b(let['’]s|let us|move on|moving on|next (item|topic|thing|question|point|step|slide|meeting|on)|agenda|start with|begin with|first of all|to start|another (thing|question|topic|issue)|talk about|go (on|ahead)|our next|questions? from|turn to|presentation|wrap up|final(ly)?|summary|conclude)\b`)
)

// cueScore says how much a turn sounds like the beginning of a topic, 0 to
// about 4: 0.5 for its opening word, 1 for each of up to two agenda phrases
// among its first 40 words, 0.7 for both, a third more for a long turn.
func cueScore(text string) float64 {
	words := strings.Fields(text)
	head := strings.Join(words[:min(40, len(words))], " ")
	opens := opener.MatchString(head)
	phrases := len(agenda.FindAllStringIndex(head, 3))
	score := 1.0 * float64(min(2, phrases))
	if opens {
		score += 0.5
	}
	if opens && phrases > 0 {
		score += 0.7
	}
	if len(words) > 25 {
		score *= 1.3
	}
	return score
}
