package asr_test

import (
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/asr"
)

type zeros int

func (z *zeros) Read(b []float32) (int, error) {
	n := min(len(b), int(*z))
	*z -= zeros(n)
	if *z == 0 {
		return n, io.EOF
	}
	return n, nil
}

func TestProgress(t *testing.T) {
	t.Parallel()
	var got []float64
	z := zeros(100)
	p := asr.Progress(&z, 80, func(f float64) { got = append(got, f) }) // the length was an estimate
	b := make([]float32, 40)
	for {
		_, err := p.Read(b)
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff([]float64{0.5, 1, 1}, got); d != "" {
		t.Error(d)
	}
	if asr.Progress(&z, 0, func(float64) { t.Error("reported") }) != asr.PCM(&z) {
		t.Error("a stream of unknown length was wrapped")
	}
}
