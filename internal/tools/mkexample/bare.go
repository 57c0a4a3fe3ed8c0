package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
)

// writeBare writes audio files that all begin at the same moment, and nothing
// about them.
func writeBare(script *script, turns []turn, out string) error {
	for i, t := range script.Tracks {
		pcm := render(t, i, turns)
		var data []byte
		var err error
		switch ext := filepath.Ext(t.File); ext {
		case ".wav":
			data = encodeWAV(pcm)
		case ".ogg":
			data, err = encodeOgg(pcm)
		default:
			err = fmt.Errorf("extension %q: want .wav or .ogg", ext)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", t.File, err)
		}
		if err := os.WriteFile(filepath.Join(out, t.File), data, 0o644); err != nil {
			return err
		}
		fmt.Printf("%7d bytes  %s\n", len(data), t.File)
	}
	return nil
}

// encodeWAV makes a 16-bit mono WAV file.
func encodeWAV(pcm []float32) []byte {
	size := uint32(2 * len(pcm))
	le := binary.LittleEndian
	out := le.AppendUint32([]byte("RIFF"), 36+size)
	out = append(out, "WAVEfmt "...)
	out = le.AppendUint32(out, 16)
	out = le.AppendUint16(out, 1) // PCM
	out = le.AppendUint16(out, 1) // mono
	out = le.AppendUint32(out, speechRate)
	out = le.AppendUint32(out, 2*speechRate)
	out = le.AppendUint16(out, 2)
	out = le.AppendUint16(out, 16)
	out = le.AppendUint32(append(out, "data"...), size)
	for _, v := range pcm {
		out = le.AppendUint16(out, uint16(int16(max(-1, min(v, 1))*32767)))
	}
	return out
}
