// Command trackscribe turns multitrack meeting recordings into transcripts
// that know who said what.
package main

import (
	"os"

	"golang.org/x/term"

	"github.com/trackscribe/trackscribe/internal/cli"
)

func main() {
	cache, _ := os.UserCacheDir() // without one the model's folder must be given
	config, _ := os.UserConfigDir()
	fd := int(os.Stderr.Fd())
	width, _, err := term.GetSize(fd)
	os.Exit(cli.Main(cli.Env{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv,
		CacheDir: cache, ConfigDir: config, Terminal: err == nil && os.Getenv("TERM") != "dumb", Width: width,
	}))
}
