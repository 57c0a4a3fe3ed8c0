package acceptance

import (
	"encoding/base64"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
	"github.com/trackscribe/trackscribe/internal/audio/pad"
	"github.com/trackscribe/trackscribe/internal/testenv"
	"github.com/trackscribe/trackscribe/internal/text/wer"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// turn is what somebody really said, and when.
type turn struct {
	ID    string  `json:"participant_id"`
	Start float64 `json:"start"`
	End   float64 `json:"end"`
	Text  string  `json:"text"`
}

// reference reads the true turns of the shared meeting, by participant.
func reference(t *testing.T, dir string) map[string][]turn {
	t.Helper()
	var all []turn
	readJSON(t, filepath.Join(dir, "reference.json"), &all)
	by := map[string][]turn{}
	for _, x := range all {
		by[x.ID] = append(by[x.ID], x)
	}
	return by
}

func outsideTurns(w artifact.TranscriptWord, turns []turn) bool {
	return !slices.ContainsFunc(turns, func(x turn) bool { return w.Start >= x.Start-0.5 && w.End <= x.End+0.5 })
}

// The promises about accuracy.
const (
	mostErrors  = 0.11 // word error rate
	mostOutside = 0.01 // share of words outside their speaker's true turns
	mostLate    = 0.15 // seconds that the first word of a turn is off, median
)

// TestMeetingAccuracy runs a real meeting with known words.
func TestMeetingAccuracy(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(testenv.SharedData(t), "meeting4")
	out := t.TempDir()
	succeed(t, "run", dir, "--out", out, "-q")
	tr := transcript(t, out)
	levels := loudness(t, out)

	var total wer.Count
	var off, offReference []float64
	outside := 0
	for id, turns := range reference(t, dir) {
		var ref, hyp []string
		var starts []float64       // of each word of hyp
		first := map[int]float64{} // word of ref that opens a turn -> the turn's start
		for _, x := range turns {
			first[len(ref)] = x.Start
			ref = append(ref, wer.Normalise(x.Text)...)
		}
		track := -1
		for _, w := range tr.Words {
			if w.Speaker != id {
				continue
			}
			track = w.Track
			if outsideTurns(w, turns) {
				outside++
			}
			for _, n := range wer.Normalise(w.Text) {
				hyp, starts = append(hyp, n), append(starts, w.Start)
			}
		}
		c := wer.Measure(ref, hyp)
		t.Logf("%s: %d errors of %d words", id[:4], c.Errors(), c.Words)
		total = total.Plus(c)
		for _, op := range wer.Align(ref, hyp) {
			begin, opens := first[op.Ref]
			if op.Kind != wer.Equal || !opens {
				continue
			}
			offReference = append(offReference, math.Abs(starts[op.Hyp]-begin))
			if onset := levels[track].onset(begin); !math.IsNaN(onset) {
				off = append(off, math.Abs(starts[op.Hyp]-onset))
			}
		}
	}
	share := float64(outside) / float64(len(tr.Words))
	t.Logf("word error rate %.1f %%, %.2f %% of words outside their turns", 100*total.Rate(), 100*share)
	t.Logf("first words of %d turns: %.0f ms from the first sound of the turn, %.0f ms from the reference's start (which includes up to 0.6 s of silence before the first sound), medians",
		len(off), 1000*median(off), 1000*median(offReference))
	if total.Rate() > mostErrors || share > mostOutside || median(off) > mostLate || len(off) < 25 {
		t.Error("worse than promised")
	}
}

func median(x []float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	slices.Sort(x)
	return x[len(x)/2]
}

// trackLevels is a track's loudness in dBFS, a value per step seconds.
type trackLevels struct {
	values []int8
	step   float64
}

// onset returns when the first sound after a time begins: the first level over
// -45 dBFS. The reference's turns are clips with silence at their start, so
// their own start is not when the first word is said.
func (l trackLevels) onset(from float64) float64 {
	for i := int(math.Round(from / l.step)); i < len(l.values); i++ {
		if l.values[i] > -45 {
			return float64(i) * l.step
		}
	}
	return math.NaN()
}

func loudness(t *testing.T, out string) map[int]trackLevels {
	t.Helper()
	levels := map[int]trackLevels{}
	files, err := filepath.Glob(filepath.Join(out, "recordings", "*", "artifacts", "transcribe-track", "*", "words.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		var w artifact.TrackWords
		readJSON(t, f, &w)
		b, err := base64.StdEncoding.DecodeString(w.LevelData)
		if err != nil {
			t.Fatal(err)
		}
		l := trackLevels{step: w.LevelStep}
		for _, x := range b {
			l.values = append(l.values, int8(x))
		}
		levels[w.Track] = l
	}
	return levels
}

// TestBleedIsNobodysWords lets one speaker's voice leak into the others'
// microphones: into Winam's, who speaks at other times, and into that of
// somebody who says nothing.
func TestBleedIsNobodysWords(t *testing.T) {
	t.Parallel()
	const (
		rate  = 16000
		until = 75 // seconds of the meeting
		delay = rate * 15 / 1000
	)
	dir := filepath.Join(testenv.SharedData(t), "meeting4")
	ken, winam := pcm(t, dir, "1b0a", rate, until), pcm(t, dir, "2f6e", rate, until)
	leak := func(into []float32, db float64) []float32 {
		gain := float32(math.Pow(10, db/20))
		mixed := slices.Clone(into)
		for i := delay; i < len(mixed); i++ {
			mixed[i] += gain * ken[i-delay]
		}
		return mixed
	}
	folder, out := t.TempDir(), t.TempDir()
	for name, samples := range map[string][]float32{
		"ken": ken, "winam": leak(winam, -16), "silent": leak(make([]float32, len(ken)), -22),
	} {
		f, err := os.Create(filepath.Join(folder, name+".wav"))
		if err != nil {
			t.Fatal(err)
		}
		if err := audiotest.WAV(f, samples, audiotest.WAVFormat{Rate: rate}); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	succeed(t, "run", folder, "--out", out, "-q")
	truth := reference(t, dir)
	words, foreign := map[string]int{}, map[string]int{}
	tr := transcript(t, out)
	for _, w := range tr.Words {
		words[w.Speaker]++
		for id, turns := range truth {
			if strings.HasPrefix(id, "2f6e") && w.Speaker == "winam" && outsideTurns(w, turns) {
				foreign[w.Speaker]++
			}
		}
	}
	t.Logf("words %v, foreign %v, warnings %v", words, foreign, tr.Warnings)
	if words["silent"] > 0 {
		t.Errorf("somebody who said nothing has %d words", words["silent"])
	}
	if foreign["winam"]*100 > words["winam"]*2 {
		t.Errorf("%d of winam's %d words are outside winam's turns", foreign["winam"], words["winam"])
	}
	var ref []string
	for id, turns := range truth {
		for _, x := range turns {
			if strings.HasPrefix(id, "2f6e") && x.End < until {
				ref = append(ref, wer.Normalise(x.Text)...)
			}
		}
	}
	if words["winam"]*10 < len(ref)*8 || words["ken"] < 20 {
		t.Errorf("own words are missing: winam has %d of %d, ken %d", words["winam"], len(ref), words["ken"])
	}
}

// pcm decodes the beginning of a track of the shared meeting, from the
// recording's start.
func pcm(t *testing.T, dir, participant string, rate, seconds int) []float32 {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "tracks", "*-"+participant+"*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	raw, err := os.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	padded, err := os.Create(filepath.Join(t.TempDir(), "padded.webm"))
	if err != nil {
		t.Fatal(err)
	}
	defer padded.Close()
	if _, err := pad.Pad(t.Context(), raw, padded, pad.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := padded.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	in, err := pad.Open(padded)
	if err != nil {
		t.Fatal(err)
	}
	dec, err := opus.NewDecoder(opus.DecoderOptions{SampleRate: rate})
	if err != nil {
		t.Fatal(err)
	}
	samples := make([]float32, 0, rate*seconds)
	room := make([]float32, opus.MaxSamples)
	for len(samples) < rate*seconds {
		_, packet, err := in.Next()
		if err != nil {
			t.Fatal(err)
		}
		n, err := dec.Decode(packet, room)
		if err != nil {
			t.Fatal(err)
		}
		samples = append(samples, room[:n]...)
	}
	return samples[:rate*seconds]
}
