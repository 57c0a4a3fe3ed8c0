package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/trackscribe/trackscribe/internal/asr"
	"github.com/trackscribe/trackscribe/internal/run"
	"github.com/trackscribe/trackscribe/internal/store"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/steps/transcribetrack"
)

// putWords stands in for transcription, which the memory of the steps after it
// need not wait for: it writes what transcribe-track would have heard in a
// meeting of so many seconds, and its receipts.
func (s *session) putWords(ctx context.Context, tracks int, seconds float64) error {
	heard := talk(tracks, seconds)
	for i := range heard {
		t := run.Task{Recording: s.run.Recording, Run: s.run.ID, Step: transcribetrack.Spec.Name, Track: i}
		const cacheKey = "bench"
		out := transcribetrack.Spec.Outputs[0]
		key := run.ArtifactKey(t.Recording, t.Step, fmt.Sprintf("%s-%d", cacheKey, i), out.File)
		info, err := store.PutJSON(ctx, s.store, key, heard[i], store.PutOptions{})
		if err != nil {
			return err
		}
		rec := run.Receipt{
			Step: t.Step, Version: transcribetrack.Spec.Version, Run: t.Run, Track: &i, CacheKey: cacheKey, Attempt: 1,
			Outputs: []run.Output{{Port: out.Name, Name: out.File, Key: key, MediaType: out.MediaType, Size: info.Size, SHA256: info.SHA256}},
		}
		if _, err := store.PutJSON(ctx, s.store, t.ReceiptKey(), rec, store.PutOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// talk makes up what people say in turns: sentences of 12 words, 2.5 words a
// second, from a vocabulary that grows as real ones do.
func talk(tracks int, seconds float64) []artifact.TrackWords {
	out := make([]artifact.TrackWords, tracks)
	levels := make([]byte, int(seconds/asr.LevelSeconds))
	for i := range levels {
		levels[i] = 256 - 60 // int8(-60)
	}
	for i := range out {
		out[i] = artifact.TrackWords{
			Track: i, Engine: "bench", Language: "en", Duration: seconds,
			LevelStep: asr.LevelSeconds, LevelData: base64.StdEncoding.EncodeToString(levels),
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	speaker := 0
	for at, n := 1.0, 0; at < seconds-1; n++ {
		if n%12 == 0 {
			speaker, at = r.IntN(tracks), at+0.5
		}
		text := word(r)
		if n%12 == 11 {
			text += "."
		}
		t := &out[speaker]
		t.Words = append(t.Words, artifact.Word{Text: text, Start: round(at), End: round(at + 0.35), Probability: 0.9, Level: -20})
		t.Speech += 0.4
		at += 0.4
	}
	return out
}

// word picks one with about the frequencies of English (Zipf's law): every
// second is a short common one.
func word(r *rand.Rand) string {
	const common = "the to and we of it is that in you for this on have will be not but so with"
	const syllables = "ba de fi go lu ma ne pi ro su ta ve wi no ke"
	if list := strings.Fields(common); r.IntN(2) == 0 {
		return list[r.IntN(len(list))]
	}
	parts := strings.Fields(syllables)
	rank := int(math.Exp(r.Float64() * math.Log(3000)))
	text := ""
	for ; rank > 0; rank /= len(parts) {
		text += parts[rank%len(parts)]
	}
	return text + "n"
}

func round(x float64) float64 { return math.Round(x*1000) / 1000 }
