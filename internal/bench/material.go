package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
	"github.com/trackscribe/trackscribe/internal/audio/track"
)

// generateCommand is the hidden command that makes a recording. It is a process
// of its own because it needs memory; see [machine.run].
const generateCommand = "generate"

// The kinds of recordings.
const (
	meetingKind = "meeting" // audiotest.Meeting
	speechKind  = "speech"  // dense and sparse real speech
)

// The tracks of a speech recording, by index.
const (
	denseTrack = iota
	sparseTrack
)

// sparseEvery says how sparse: one minute in so many has speech.
const sparseEvery = 6

// generate makes a recording of the given kind in the folder dir.
func (b *bench) generate(ctx context.Context, kind, dir string, minutes float64) error {
	if _, err := os.Stat(dir); err == nil {
		return nil // both lengths are the same
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, generateCommand, kind, dir, strconv.FormatFloat(minutes, 'g', -1, 64), b.speech)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("generate %s: %w", kind, err)
	}
	return nil
}

// generate is the hidden command.
func generate(args []string) error {
	if len(args) != 4 {
		return fmt.Errorf("usage: %s KIND DIR MINUTES SPEECH", generateCommand)
	}
	dir := args[1]
	minutes, err := strconv.ParseFloat(args[2], 64)
	if err != nil {
		return err
	}
	specs := audiotest.Meeting(minutes * 60)
	list := specs[:]
	if args[0] == speechKind {
		if list, err = speechSpecs(args[3], minutes*60); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for i, spec := range list {
		if err := writeTrack(rawTrack(dir, i), spec); err != nil {
			return err
		}
	}
	return nil
}

// rawTrack is where a recording's track lies.
func rawTrack(dir string, index int) string {
	return filepath.Join(dir, fmt.Sprintf("track-%d.webm", index))
}

func writeTrack(path string, spec audiotest.Spec) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	w := bufio.NewWriter(file)
	if err := audiotest.Raw(w, spec); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return file.Close()
}

// speechSpecs describes the tracks of a speech recording: seconds of speech
// with no pause longer than a breath, and as much of it in sparseEvery times
// the time, ten seconds in a minute.
func speechSpecs(folder string, seconds float64) ([]audiotest.Spec, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		return nil, err
	}
	var pcm []float32
	for _, name := range names {
		if pcm, err = appendSpeech(pcm, name); err != nil {
			return nil, fmt.Errorf("read speech: %w", err)
		}
	}
	if len(pcm) < 10*audiotest.Rate {
		return nil, errors.New("less than 10 s of speech: run in the repository's root, or give -speech")
	}
	loop := float64(len(pcm)) / audiotest.Rate
	dense := audiotest.Spec{PCM: pcm, Loop: loop, Seconds: seconds}
	sparse := audiotest.Spec{PCM: pcm, Loop: loop, Seconds: sparseEvery * seconds}
	for at := 0.0; at < sparse.Seconds; at += 60 {
		const talk = 60.0 / sparseEvery
		sparse.Mutes = append(sparse.Mutes, audiotest.Mute{Start: at + talk, Length: 60 - talk})
	}
	specs := make([]audiotest.Spec, 2)
	specs[denseTrack], specs[sparseTrack] = dense, sparse
	return specs, nil
}

// appendSpeech appends what is said on a track.
func appendSpeech(pcm []float32, path string) ([]float32, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	in, err := track.Open(file, track.Options{})
	if err != nil {
		return nil, err
	}
	if in.Packets == nil {
		return nil, errors.New("track is not Opus")
	}
	dec, err := opus.NewDecoder(opus.DecoderOptions{})
	if err != nil {
		return nil, err
	}
	room := make([]float32, opus.MaxSamples)
	quiet := 0
	for {
		p, err := in.Packets.Next()
		if err == io.EOF {
			return pcm, nil
		}
		if err != nil {
			return nil, err
		}
		n, err := dec.Decode(p.Data, room)
		if err != nil {
			return nil, err
		}
		// Longer pauses are left out from their 0.3rd second on.
		if quiet += n; loud(room[:n]) {
			quiet = 0
		}
		if quiet < audiotest.Rate*3/10 {
			pcm = append(pcm, room[:n]...)
		}
	}
}

// loud reports whether there is more than room noise: -50 dBFS.
func loud(pcm []float32) bool {
	var sum float64
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return sum > 1e-5*float64(len(pcm))
}
