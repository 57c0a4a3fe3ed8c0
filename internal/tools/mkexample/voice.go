package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
)

const (
	speechRate = 16000 // Hz, of flite's voices and of everything made here
	voiceLevel = -20.0 // dBFS, root mean square of a turn
	noiseLevel = -65.0 // dBFS, root mean square of the room
)

// speak has flite say every line, in the script's order.
func speak(s *script) ([]turn, error) {
	dir, err := os.MkdirTemp("", "mkexample-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	wav := filepath.Join(dir, "turn.wav")
	var turns []turn
	for _, l := range s.Turns {
		p := s.person(l.Speaker)
		cmd := exec.Command("flite", "-voice", p.Voice,
			"--setf", fmt.Sprintf("duration_stretch=%g", p.Stretch), "-t", l.Text, "-o", wav)
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("flite: %w: %s", err, out)
		}
		data, err := os.ReadFile(wav)
		if err != nil {
			return nil, err
		}
		pcm, err := readWAV(data)
		if err != nil {
			return nil, fmt.Errorf("flite's sound: %w", err)
		}
		setLevel(pcm)
		t := turn{line: l, pcm: pcm}
		fmt.Printf("%6.2f-%6.2f  %-6s %s\n", t.Start, t.end(), t.Speaker, t.Text)
		turns = append(turns, t)
	}
	return turns, nil
}

// readWAV reads the one kind of WAV that flite writes: 16-bit mono with a
// 44-byte header.
func readWAV(data []byte) ([]float32, error) {
	if len(data) < 44 || string(data[:4]) != "RIFF" || string(data[36:40]) != "data" {
		return nil, errors.New("not a plain WAV file")
	}
	channels := binary.LittleEndian.Uint16(data[22:])
	rate := binary.LittleEndian.Uint32(data[24:])
	bits := binary.LittleEndian.Uint16(data[34:])
	if channels != 1 || rate != speechRate || bits != 16 {
		return nil, fmt.Errorf("%d channels, %d Hz, %d bits: want mono, %d Hz, 16 bits (another voice?)", channels, rate, bits, speechRate)
	}
	samples := data[44:]
	pcm := make([]float32, len(samples)/2)
	for i := range pcm {
		pcm[i] = float32(int16(binary.LittleEndian.Uint16(samples[2*i:]))) / 32768
	}
	return pcm, nil
}

func setLevel(pcm []float32) {
	var power float64
	for _, v := range pcm {
		power += float64(v) * float64(v)
	}
	if power == 0 {
		return
	}
	gain := math.Pow(10, voiceLevel/20) / math.Sqrt(power/float64(len(pcm)))
	for i, v := range pcm {
		pcm[i] = float32(math.Max(-0.98, math.Min(0.98, float64(v)*gain)))
	}
}

// render lays a track's turns over its room noise; seed makes the noise.
func render(t track, seed int, turns []turn) []float32 {
	at := func(seconds float64) int { return int(math.Round(seconds * speechRate)) }
	pcm := make([]float32, at(t.End)-at(t.Start))
	room(pcm, seed)
	for _, spoken := range turns {
		if spoken.Speaker != t.Speaker || spoken.Start < t.Start || spoken.end() > t.End {
			continue
		}
		into := pcm[at(spoken.Start)-at(t.Start):]
		for i := range min(len(spoken.pcm), len(into)) {
			into[i] += spoken.pcm[i]
		}
	}
	return pcm
}

// room fills pcm with noise that falls off towards high frequencies, as the
// noise of a quiet room does: digital silence would be unlike any microphone.
func room(pcm []float32, seed int) {
	rng := rand.New(rand.NewPCG(uint64(seed), 0x726f6f6d))
	const pole = 0.9 // one-pole low-pass, about 270 Hz
	// The filter's output has (1-pole)/(1+pole) of its input's power; a
	// uniform number in [-1,1) has a third.
	gain := math.Pow(10, noiseLevel/20) * math.Sqrt(3*(1+pole)/(1-pole))
	var state float64
	for i := range pcm {
		state = pole*state + (1-pole)*(2*rng.Float64()-1)
		pcm[i] = float32(state * gain)
	}
}
