// Command trackscribe-simulate runs workflows against Argo's own controller
// without a cluster. It is what `trackscribe simulate` starts.
package main

import (
	"os"
	"time"

	"github.com/trackscribe/trackscribe/cmd/trackscribe-simulate/command"
)

func main() {
	cache, _ := os.UserCacheDir() // without one the model's folder must be given
	os.Exit(command.Main(command.Env{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Getenv: os.Getenv, CacheDir: cache, Now: time.Now,
	}))
}
