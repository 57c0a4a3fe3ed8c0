// Command step does one task of a run: the only program in the step image.
package main

import (
	"os"

	"github.com/trackscribe/trackscribe/internal/stepcmd"
)

func main() {
	cache, _ := os.UserCacheDir() // without one the model's folder must be given
	os.Exit(stepcmd.Main(stepcmd.Env{
		Args: os.Args[1:], Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, CacheDir: cache,
	}))
}
