package model

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// Exec is the [Runner] that starts real programs. When ctx ends, the program
// is killed.
func Exec(ctx context.Context, dir, name string, args ...string) error {
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Stderr = &stderr
	// A child of npm may hold the pipe open after npm itself is gone.
	cmd.WaitDelay = 2 * time.Second
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w\n%s", err, stderr.String())
	}
	return nil
}

// readNPM tells from what npm wrote why it failed. The detail is npm's error
// code and, for a reason not known here, its first message: never an address,
// because an address can carry a password.
func readNPM(output string) (detail string, reason error) {
	code, message := "", ""
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		// "npm ERR!" until npm 9, "npm error" from npm 10 on.
		rest, ok := strings.CutPrefix(line, "npm error ")
		if !ok {
			rest, ok = strings.CutPrefix(line, "npm ERR! ")
		}
		if !ok {
			continue
		}
		if c, found := strings.CutPrefix(rest, "code "); found && code == "" {
			code = strings.TrimSpace(c)
		} else if message == "" && !strings.Contains(rest, "://") {
			message = rest
		}
	}
	switch code {
	case "EINTEGRITY":
		return code, ErrChecksum
	case "ENOTCACHED", "ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT",
		"ENETUNREACH", "EHOSTUNREACH", "ERR_SOCKET_TIMEOUT", "EIDLETIMEOUT", "E502", "E503", "E504":
		return code, ErrOffline
	}
	if code == "" {
		return message, ErrNPM
	}
	return strings.TrimSuffix(code+": "+message, ": "), ErrNPM
}

var _ Runner = Exec
