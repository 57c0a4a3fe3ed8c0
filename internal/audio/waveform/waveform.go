// Package waveform turns the peaks that mixing gathered into what people see:
// the list of values that a player draws, and a picture.
//
// Both are functions of the peaks alone: no audio is read, and equal peaks give
// equal bytes. Peaks that cannot be read are an error; silence is not.
package waveform

import (
	"encoding/base64"
	"fmt"
	"math"

	"github.com/trackscribe/trackscribe/steps/artifact"
)

// Points is the length of a waveform's list of values.
const Points = 255

// Make returns the waveform of peaks.
func Make(peaks artifact.Peaks) (artifact.Waveform, error) {
	values, err := Values(peaks)
	if err != nil {
		return artifact.Waveform{}, err
	}
	return artifact.Waveform{Duration: peaks.Duration, Data: values, Step: peaks.Step, Peaks: peaks.Values}, nil
}

// Values returns Points values from 0 to 1, each the loudest peak of its share
// of the recording relative to the loudest of all, rounded to two decimals; all
// 0 for silence.
func Values(peaks artifact.Peaks) ([]float64, error) {
	levels, err := decode(peaks.Values)
	if err != nil {
		return nil, fmt.Errorf("read peaks: %w", err)
	}
	out := make([]float64, Points)
	loudest := largest(levels)
	if loudest == 0 {
		return out, nil
	}
	for i, v := range spread(levels, Points) {
		out[i] = math.Round(100*float64(v)/float64(loudest)) / 100
	}
	return out, nil
}

func decode(values string) ([]uint8, error) { return base64.StdEncoding.DecodeString(values) }

func largest(levels []uint8) uint8 {
	var m uint8
	for _, v := range levels {
		m = max(m, v)
	}
	return m
}

// spread returns n values, each the largest of its share of levels. Where there
// are fewer levels than values, neighbours share one.
func spread(levels []uint8, n int) []uint8 {
	out := make([]uint8, n)
	if len(levels) == 0 {
		return out
	}
	for i := range out {
		from := i * len(levels) / n
		to := max((i+1)*len(levels)/n, from+1)
		out[i] = largest(levels[from:to])
	}
	return out
}
