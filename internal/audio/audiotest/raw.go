package audiotest

import (
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/trackscribe/trackscribe/internal/audio/opus"
)

// A Spec describes a raw track. The zero value is 10 s of mono speech without
// anything odd, from the recording's start.
type Spec struct {
	Seed    uint64
	Seconds float64 // of sound, pauses counted; 0: 10
	Coding  Coding
	// PCM is coded instead of made-up speech: mono at 48 kHz (see ReadWAV).
	PCM []float32
	// Loop codes only so many seconds and repeats their packets, so that an
	// hour costs no more than a minute; 0: off.
	Loop float64

	Offset float64 // seconds from the recording's start to the track's
	Jitter float64 // time stamps are off by up to so many milliseconds
	Skew   float64 // the source's clock is fast by so many parts per million
	Mutes  []Mute  // stretches without packets
	Loss   float64 // share of packets that are missing, one by one

	Live Live
}

// A Mute is a stretch of a track without packets, in seconds from the track's
// start.
type Mute struct{ Start, Length float64 }

// A Packet is a packet of a raw track.
type Packet struct {
	// True is where the packet belongs, in samples from the recording's start.
	True int64
	// Time is what the recorder says: nanoseconds from the recording's start.
	Time int64
	Data []byte
}

// Packets returns a raw track's packets as the recorder sees them, before they
// are written. Time stamps are whole milliseconds unless spec.Live.Scale says
// otherwise.
func Packets(spec Spec) ([]Packet, error) {
	if spec.Seconds == 0 {
		spec.Seconds = 10
	}
	pcm := spec.PCM
	if pcm == nil {
		length := spec.Seconds
		if spec.Loop > 0 {
			length = min(length, spec.Loop)
		}
		pcm = Speech(spec.Seed, length)
	}
	coded, err := Encode(pcm, spec.Coding)
	if err != nil {
		return nil, err
	}
	if len(coded) == 0 {
		return nil, nil
	}
	r := rand.New(rand.NewPCG(spec.Seed, 0x1e57))
	end := int64(spec.Seconds * Rate)
	if spec.Loop == 0 {
		end = int64(len(pcm))
	}
	tick := spec.Live.tick()
	var out []Packet
	last := int64(-1)
	for pos, i := int64(0), 0; pos < end; i++ {
		data := coded[i%len(coded)]
		at := pos
		pos += int64(opus.Samples(data))
		seconds := float64(at) / Rate
		if spec.Coding.DTX && len(data) <= 2 || spec.Loss > 0 && r.Float64() < spec.Loss || muted(spec.Mutes, seconds) {
			continue
		}
		stated := spec.Offset + seconds*(1+spec.Skew*1e-6) + (2*r.Float64()-1)*spec.Jitter/1000
		ns := max(int64(stated*1e9/float64(tick)+0.5), last+1)
		last = ns
		out = append(out, Packet{True: at + int64(spec.Offset*Rate+0.5), Time: ns * tick, Data: data})
	}
	return out, nil
}

func muted(all []Mute, at float64) bool {
	for _, m := range all {
		if at >= m.Start && at < m.Start+m.Length {
			return true
		}
	}
	return false
}

// Raw writes a raw track as a live recorder would.
func Raw(w io.Writer, spec Spec) error {
	packets, err := Packets(spec)
	if err != nil {
		return err
	}
	if spec.Live.Channels == 0 {
		spec.Live.Channels = spec.Coding.Channels
	}
	if err := WriteLive(w, packets, spec.Live); err != nil {
		return fmt.Errorf("write raw track: %w", err)
	}
	return nil
}

// Meeting returns the specs of the four kinds of tracks that meetings have, of
// the given length: continuous speech; DTX with its silent packets missing;
// stereo with jitter; mutes, one of them a sixth of the length.
func Meeting(seconds float64) [4]Spec {
	loop := min(seconds, 60)
	return [4]Spec{
		{Seed: 1, Seconds: seconds, Loop: loop, Offset: 0.229, Coding: Coding{FEC: true}},
		{Seed: 2, Seconds: seconds, Loop: loop, Offset: 8.130, Coding: Coding{Bitrate: 24000, DTX: true}},
		{Seed: 3, Seconds: seconds, Loop: loop, Offset: 61.004, Jitter: 4, Coding: Coding{Channels: 2, Bitrate: 64000, Music: true}},
		{Seed: 4, Seconds: seconds, Loop: loop, Offset: 187.533, Mutes: []Mute{
			{seconds * 0.05, 2.4}, {seconds * 0.2, seconds / 6}, {seconds * 0.5, 0.1}, {seconds * 0.6, seconds / 60},
		}},
	}
}
