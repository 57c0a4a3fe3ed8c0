package moonshine

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

//go:embed vocab/vocab.txt
var vocabText string

const (
	pieces = 32000 // tokens that have a text

	startToken = 1
	endToken   = 2
)

// vocabulary gives the text of each token, "▁" already a space; control tokens
// have none.
func vocabulary() ([]string, error) {
	v := strings.Split(strings.TrimSuffix(vocabText, "\n"), "\n")
	if len(v) != pieces {
		return nil, fmt.Errorf("vocabulary of %d pieces instead of %d", len(v), pieces)
	}
	for i, p := range v {
		switch {
		case i <= endToken:
			v[i] = ""
		case len(p) == 6 && strings.HasPrefix(p, "<0x"):
			b, err := strconv.ParseUint(p[3:5], 16, 8)
			if err != nil {
				return nil, fmt.Errorf("vocabulary piece %q: %w", p, err)
			}
			v[i] = string([]byte{byte(b)})
		default:
			v[i] = strings.ReplaceAll(p, "▁", " ")
		}
	}
	return v, nil
}
