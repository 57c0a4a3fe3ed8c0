package command

import (
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/cli"
)

// TestHelpListsFlags holds the one help text to the flags that there are: the
// trackscribe command, which has it, cannot ask this program.
func TestHelpListsFlags(t *testing.T) {
	t.Parallel()
	c, _, err := cli.Root().Find([]string{"simulate"})
	if err != nil {
		t.Fatal(err)
	}
	if want := "Flags:\n" + flags(&options{}).FlagUsages(); !strings.Contains(c.Long, want) {
		t.Errorf("the help of simulate in internal/cli does not say:\n%s", want)
	}
}
