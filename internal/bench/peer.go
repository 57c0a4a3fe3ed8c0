package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A peer does the pipeline's audio work with ffmpeg.
type peer struct {
	path    string
	machine machine
	dir     string // for its files
}

// version is what ffmpeg calls itself.
func (p *peer) version(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, p.path, "-version").Output()
	if words := strings.Fields(string(out)); err == nil && len(words) > 2 {
		return "ffmpeg " + words[2]
	}
	return "ffmpeg"
}

func (p *peer) run(ctx context.Context, args ...string) (cost, error) {
	return p.machine.run(ctx, nil, append([]string{p.path, "-nostdin", "-y", "-v", "error"}, args...)...)
}

func (p *peer) file(name string) string { return filepath.Join(p.dir, name) }

// delay puts a track on the recording's clock. ffmpeg moves its inputs to 0, so
// the offset is given back; gaps are filled when they have become 0.1 s.
func delay(offset float64) string {
	ms := int(offset * 1000)
	return fmt.Sprintf("aresample=async=1,adelay=%d|%d:all=1", ms, ms)
}

// pad aligns a track the usual way: decode, delay, encode.
func (p *peer) pad(ctx context.Context, raw string, track int, offset float64) (cost, error) {
	return p.run(ctx, "-i", raw, "-af", delay(offset), "-ac", "2", "-c:a", "libopus", "-b:a", "128k", p.padded(track))
}

func (p *peer) padded(track int) string { return p.file(fmt.Sprintf("padded-%d.webm", track)) }

// mix sums the padded tracks into an MP3 file.
func (p *peer) mix(ctx context.Context, tracks int) (cost, error) {
	var args []string
	for i := range tracks {
		args = append(args, "-i", p.padded(i))
	}
	return p.run(ctx, append(args, "-filter_complex", fmt.Sprintf("amix=inputs=%d:normalize=0", tracks),
		"-ac", "2", "-c:a", "libmp3lame", "-b:a", "128k", p.file("mix.mp3"))...)
}

// waveform decodes the mix to samples, as a program that draws it must.
func (p *peer) waveform(ctx context.Context) (cost, error) {
	return p.run(ctx, "-i", p.file("mix.mp3"), "-f", "s16le", os.DevNull)
}

// single is the cheapest way to one mixed file: a single command from the raw
// tracks, to the format that mixdown-tracks writes. It makes no padded tracks
// and no waveform.
func (p *peer) single(ctx context.Context, raw []string, offsets []float64, complexity int) (cost, error) {
	var args []string
	var chain, names strings.Builder
	for i, path := range raw {
		args = append(args, "-i", path)
		fmt.Fprintf(&chain, "[%d:a]%s[a%d];", i, delay(offsets[i]), i)
		fmt.Fprintf(&names, "[a%d]", i)
	}
	fmt.Fprintf(&chain, "%samix=inputs=%d:normalize=0", &names, len(raw))
	return p.run(ctx, append(args, "-filter_complex", chain.String(), "-ac", "1", "-c:a", "libopus",
		"-b:a", "48k", "-compression_level", fmt.Sprint(complexity), p.file("single.webm"))...)
}
