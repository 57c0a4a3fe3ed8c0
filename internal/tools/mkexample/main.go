// Command mkexample makes the recordings under examples/ from their scripts:
// the turns are spoken by flite, mixed with a little room noise and written
// as Daily's raw tracks are, or as bare audio files.
//
// It is a tool for whoever changes an example, not a part of Trackscribe: it
// needs the program flite and makes the same bytes again given the same flite
// and the same kind of processor.
//
//	go run ./internal/tools/mkexample -script examples/standup/script.json -out examples/standup
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	scriptPath := flag.String("script", "", "script.json of the recording")
	out := flag.String("out", "", "folder to write the recording to")
	flag.Parse()
	if *scriptPath == "" || *out == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*scriptPath, *out); err != nil {
		fmt.Fprintln(os.Stderr, "mkexample:", err)
		os.Exit(1)
	}
}

func run(scriptPath, out string) error {
	script, err := readScript(scriptPath)
	if err != nil {
		return err
	}
	turns, err := speak(script)
	if err != nil {
		return err
	}
	if err := script.check(turns); err != nil {
		return err
	}
	if script.Recording == nil {
		return writeBare(script, turns, out)
	}
	return writeRecording(script, turns, out)
}

// writeRecording writes the folder that Daily's raw tracks and its REST API's
// answers make.
func writeRecording(script *script, turns []turn, out string) error {
	tracksDir := filepath.Join(out, "tracks")
	// Track names carry their times, so an older make may have left others.
	if err := os.RemoveAll(tracksDir); err != nil {
		return err
	}
	if err := os.MkdirAll(tracksDir, 0o755); err != nil {
		return err
	}
	var sizes []int
	for i, t := range script.Tracks {
		data, err := encodeTrack(t, i, turns)
		if err != nil {
			return fmt.Errorf("track %d: %w", i, err)
		}
		name := script.trackName(t)
		if err := os.WriteFile(filepath.Join(tracksDir, name), data, 0o644); err != nil {
			return err
		}
		sizes = append(sizes, len(data))
		fmt.Printf("%7d bytes  %6.2f-%6.2f s  %s\n", len(data), t.Start, t.End, t.Speaker)
	}
	for name, value := range map[string]any{
		"recording.json":    script.recordingAnswer(sizes),
		"participants.json": script.participantsAnswer(),
		"reference.json":    script.reference(turns),
	} {
		if err := writeJSON(filepath.Join(out, name), value); err != nil {
			return err
		}
	}
	return nil
}

func writeJSON(path string, value any) error {
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}
