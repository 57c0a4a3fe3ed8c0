package mix

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const second = 50 // frames

func TestMixIsSumInPlace(t *testing.T) {
	t.Parallel()
	tracks := meeting(t, 8)
	m := mixAll(t, Options{segment: 3 * second}, tracks...)

	want := make([]float32, m.stats.Samples)
	for _, track := range tracks {
		for i, v := range play(t, track, len(want)) {
			want[i] += v
		}
	}
	if ratio := snr(want, m.sum); ratio < 40 {
		t.Errorf("what was encoded is %.1f dB from the sum of the tracks, want at least 40", ratio)
	}
	got := m.pcm()
	if len(got) < len(want) || len(got) >= len(want)+opus.FrameSize {
		t.Errorf("%d samples to play of a recording of %d", len(got), len(want))
	}
	if lag := bestLag(want, got, 100); lag != 0 {
		t.Errorf("mix lies %d samples late", lag)
	}
	if ratio := snr(want, got); ratio < 10 {
		t.Errorf("mix is %.1f dB from the sum of the tracks, want at least 10", ratio)
	}
}

// What lies before the recording's start is decoded, for the decoder's sake,
// and not heard.
func TestPreSkip(t *testing.T) {
	t.Parallel()
	packets := encode(t, audiotest.Sine(48000, 300, 0.5, 2), audiotest.Coding{})
	track := at(-3840, packets...)
	m := mixAll(t, Options{}, track)
	if got := m.stats.Inputs[0]; got.Broken != 0 {
		t.Errorf("%+v, want nothing broken", got)
	}
	if want := int64(len(packets)*opus.FrameSize - 3840); m.stats.Samples != want {
		t.Errorf("%d samples, want %d", m.stats.Samples, want)
	}
	if ratio := snr(play(t, track, len(m.sum)), m.sum); ratio < 80 {
		t.Errorf("%.1f dB from what a player plays, want at least 80", ratio)
	}
}

// bestLag is where the cross-correlation of want and got is largest.
func bestLag(want, got []float32, most int) (lag int) {
	best := math.Inf(-1)
	for l := -most; l <= most; l++ {
		var c float64
		for i := most; i < min(len(want), len(got))-most; i += 3 {
			c += float64(want[i]) * float64(got[i+l])
		}
		if c > best {
			best, lag = c, l
		}
	}
	return lag
}

func TestWorkersDoNotChangeBytes(t *testing.T) {
	t.Parallel()
	tracks := meeting(t, 6)
	one := mixAll(t, Options{Workers: 1, segment: second}, tracks...)
	four := mixAll(t, Options{Workers: 4, segment: second}, tracks...)
	if !slices.EqualFunc(one.packets, four.packets, bytes.Equal) {
		t.Error("4 workers give other bytes than 1")
	}
	if one.peaks.Values != four.peaks.Values {
		t.Error("4 workers give other peaks than 1")
	}
}

// Where segments meet, the mix is as good as elsewhere, and as good as one
// encoded in one go.
func TestJoints(t *testing.T) {
	t.Parallel()
	tracks := meeting(t, 10)
	whole := mixAll(t, Options{segment: 100 * second}, tracks...)
	parts := mixAll(t, Options{segment: second}, tracks...)
	if ratio := snr(whole.sum, parts.sum); ratio < 45 {
		t.Errorf("before encoding, segments are %.1f dB from one go, want at least 45", ratio)
	}

	// Only what lies within 60 ms of a joint.
	const near = 2880
	var reference, once, joined []float32
	a, b := whole.pcm(), parts.pcm()
	for joint := second * opus.FrameSize; joint+near < min(len(a), len(b)); joint += second * opus.FrameSize {
		reference = append(reference, whole.sum[joint-near:joint+near]...)
		once = append(once, a[joint-near:joint+near]...)
		joined = append(joined, b[joint-near:joint+near]...)
	}
	better, ours := snr(reference, once), snr(reference, joined)
	t.Logf("near the joints: %.2f dB, in one go %.2f; everywhere: %.2f and %.2f",
		ours, better, snr(whole.sum, b), snr(whole.sum, a))
	if better-ours > 0.5 {
		t.Errorf("near the joints %.2f dB, in one go %.2f: more than 0.5 dB lost", ours, better)
	}
}

func TestLoudTracksAreLimited(t *testing.T) {
	t.Parallel()
	// Four times the same voice at full scale, softer in between.
	voice := audiotest.Speech(5, 8)
	var peak float32
	for _, v := range voice {
		peak = max(peak, v, -v)
	}
	for i := range voice {
		voice[i] *= 0.99 / peak
		if i/48000%3 == 2 {
			voice[i] *= 0.1
		}
	}
	track := at(0, encode(t, voice, audiotest.Coding{Bitrate: 64000, Music: true})...)
	tracks := [][]placed{track, track, track, track}
	whole := mixAll(t, Options{segment: 100 * second}, tracks...)
	parts := mixAll(t, Options{segment: second}, tracks...)
	for _, m := range []*mixed{whole, parts} {
		over := 0
		for _, v := range m.sum {
			if v > 0.9701 || v < -0.9701 {
				over++
			}
		}
		if over > 0 {
			t.Errorf("%d samples above the ceiling", over)
		}
		if m.stats.Limited == 0 || m.peaks.Limited == 0 {
			t.Error("limiting is not reported")
		}
	}
	if whole.stats.Limited != parts.stats.Limited {
		t.Errorf("limited for %d samples in segments, %d in one go", parts.stats.Limited, whole.stats.Limited)
	}
	if ratio := snr(whole.sum, parts.sum); ratio < 45 {
		t.Errorf("segments are %.1f dB from one go, want at least 45", ratio)
	}
	// The softer stretch, long after the limiter let go, is as loud as it was.
	want := play(t, track, len(whole.sum))
	for i := range want {
		want[i] *= 4
	}
	from, to := 2*48000+24000, 3*48000-4800
	if ratio := snr(want[from:to], whole.sum[from:to]); ratio < 60 {
		t.Errorf("soft part is %.1f dB from the sum, want it untouched", ratio)
	}
}

func TestNothingToMix(t *testing.T) {
	t.Parallel()
	silence := make([][]byte, 400)
	for i := range silence {
		silence[i] = opus.Silence(opus.FrameSize)
	}
	for _, tt := range []struct {
		name   string
		tracks [][]placed
		frames int
	}{
		{"no inputs", nil, 2},
		{"empty inputs", [][]placed{nil, nil}, 2},
		{"silence", [][]placed{at(0, silence...), nil}, 401},
		{"far silence", [][]placed{at(7*48000, silence[0])}, 352},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := mixAll(t, Options{segment: second}, tt.tracks...)
			if len(m.packets) != tt.frames || m.stats.Frames != tt.frames {
				t.Errorf("%d packets, stats say %d, want %d", len(m.packets), m.stats.Frames, tt.frames)
			}
			for i, v := range m.pcm() {
				if v > 1e-6 || v < -1e-6 {
					t.Fatalf("sample %d is %g, want silence", i, v)
				}
			}
			if m.stats.Bytes > int64(4*tt.frames) {
				t.Errorf("%d bytes in %d silent packets", m.stats.Bytes, tt.frames)
			}
			if len(m.peaks.Tracks) != len(tt.tracks) {
				t.Errorf("peaks of %d tracks, want %d", len(m.peaks.Tracks), len(tt.tracks))
			}
			for _, v := range values(t, m.peaks.Values) {
				if v != 0 {
					t.Fatal("peak in silence")
				}
			}
		})
	}
}

// Silent packets are not decoded, and nothing sounds different for it.
func TestSilenceIsSkipped(t *testing.T) {
	t.Parallel()
	for _, coding := range []audiotest.Coding{{}, {Bitrate: 14000}, {Bitrate: 64000, Music: true}} {
		speech := encode(t, audiotest.Speech(9, 6), coding)
		var packets [][]byte
		for i, p := range speech {
			if i%100 == 60 { // in the middle of speech
				for range 7 {
					packets = append(packets, opus.Silence(opus.FrameSize))
				}
				packets = append(packets, opus.Silence(opus.MaxSamples))
			}
			packets = append(packets, p)
		}
		track := at(0, packets...)
		m := mixAll(t, Options{segment: second}, track)
		if got := m.stats.Inputs[0]; got.Silent != 3*7 || got.Broken != 0 || got.Packets != len(packets) {
			t.Errorf("%+v: %+v, want %d packets, 21 of them silent", coding, got, len(packets))
		}
		if ratio := snr(play(t, track, len(m.sum)), m.sum); ratio < 30 {
			t.Errorf("%+v: %.1f dB from decoding everything, want at least 30", coding, ratio)
		}
		// A gap without packets is the same silence.
		var gaps []placed
		for i, p := range track {
			if opus.IsSilence(p.data) {
				continue
			}
			gaps = append(gaps, track[i])
		}
		if g := mixAll(t, Options{segment: second}, gaps); !slices.Equal(g.sum, m.sum) {
			t.Errorf("%+v: a gap is not as the silence that fills it: %.1f dB", coding, snr(m.sum, g.sum))
		}
	}
}

// The encoder stands still in long silence. What comes after is as good as what
// came before, also when a segment began in between.
func TestSpeechAfterLongSilence(t *testing.T) {
	t.Parallel()
	speech := encode(t, audiotest.Speech(12, 3), audiotest.Coding{Bitrate: 64000, Music: true})
	const again = 10 * 48000
	m := mixAll(t, Options{segment: 4 * second}, slices.Concat(at(0, speech...), at(again, speech...)))
	got := m.pcm()
	length := len(speech) * opus.FrameSize
	before, after := snr(m.sum[:length], got[:length]), snr(m.sum[again:again+length], got[again:])
	if after < before-0.5 {
		t.Errorf("%.1f dB after silence, %.1f before", after, before)
	}
	silent := 0
	for _, p := range m.packets[4*second : again/opus.FrameSize] {
		if len(p) <= 3 {
			silent++
		}
	}
	if silent < 5*second {
		t.Errorf("%d packets of silence, want nearly 300", silent)
	}
}

func TestPeaks(t *testing.T) {
	t.Parallel()
	loud := at(0, encode(t, audiotest.Sine(48000, 500, 0.5, 3), audiotest.Coding{Bitrate: 64000, Music: true})...)
	soft := at(2*48000, encode(t, audiotest.Sine(48000, 900, 0.25, 3), audiotest.Coding{Bitrate: 64000, Music: true})...)
	m := mixAll(t, Options{Tracks: []int{4, 2}, segment: second}, loud, soft)
	if m.peaks.Duration != 5 || m.peaks.Step != 0.02 || m.peaks.TrackStep != 0.1 {
		t.Errorf("duration %v, steps %v and %v", m.peaks.Duration, m.peaks.Step, m.peaks.TrackStep)
	}
	all := values(t, m.peaks.Values)
	if len(all) != 250 {
		t.Fatalf("%d peaks, want 250", len(all))
	}
	near := func(what string, got uint8, want float64) {
		t.Helper()
		if math.Abs(float64(got)-255*want) > 6 {
			t.Errorf("%s: peak %d, want about %.0f", what, got, 255*want)
		}
	}
	near("one", all[50], 0.5)
	near("both", slices.Max(all[110:140]), 0.75)
	near("other", all[200], 0.25)
	for i, v := range all {
		if want := level(peakOf(m.sum[i*opus.FrameSize:][:opus.FrameSize])); v != want {
			t.Fatalf("peak %d is %d, of what was encoded %d", i, v, want)
		}
	}
	if m.peaks.Tracks[0].Track != 4 || m.peaks.Tracks[1].Track != 2 {
		t.Errorf("tracks %d and %d, want 4 and 2", m.peaks.Tracks[0].Track, m.peaks.Tracks[1].Track)
	}
	first, other := values(t, m.peaks.Tracks[0].Values), values(t, m.peaks.Tracks[1].Values)
	if len(first) != 50 || len(other) != 50 {
		t.Fatalf("%d and %d track peaks, want 50", len(first), len(other))
	}
	near("first track, start", first[5], 0.5)
	near("first track, end", first[40], 0)
	near("other track, start", other[5], 0)
	near("other track, end", other[40], 0.25)
}

func TestBrokenPackets(t *testing.T) {
	t.Parallel()
	track := meeting(t, 6)[0]
	broken := slices.Clone(track)
	for _, i := range []int{40, 41, 120} {
		broken[i].data = []byte{0xfb, 0} // no frames
	}
	broken[200].data = append([]byte{track[200].data[0] | 2}, 251, 1) // its frame is cut off
	broken = slices.Insert(broken, 150, placed{broken[100].pos, broken[100].data})
	good := mixAll(t, Options{segment: second}, track)
	m := mixAll(t, Options{segment: second}, broken)
	if got := m.stats.Inputs[0]; got.Broken != 5 || got.Packets != len(broken) {
		t.Errorf("%+v, want 5 broken of %d", got, len(broken))
	}
	if m.stats.Samples != good.stats.Samples || len(m.packets) != len(good.packets) {
		t.Errorf("%d samples, without damage %d", m.stats.Samples, good.stats.Samples)
	}
	from := int(track[125].pos)
	to := int(track[195].pos)
	if ratio := snr(good.sum[from:to], m.sum[from:to]); ratio < 25 {
		t.Errorf("after the damage %.1f dB from the undamaged, want at least 25", ratio)
	}
}

// Damage that decodes to something very loud must not make the others mute.
func TestTooLoudIsBroken(t *testing.T) {
	t.Parallel()
	v := voice{decoders: &pool{out: make([]float32, opus.MaxSamples)}, broken: new(int), to: 960}
	for _, x := range []float32{9, float32(math.Inf(1)), float32(math.NaN())} {
		if bits := peakBits([]float32{0, 0, 0, 0, -x, 0}); bits < math.Float32bits(tooLoud) {
			t.Errorf("%g passes as sound", x)
		}
	}
	v.run = &run{}
	v.run.add(ref{n: 960}, []byte{0xf9, 1, 2, 3})
	if pcm, _, err := v.decode(v.run.refs[0]); err != nil || len(pcm) != 960 || *v.broken != 1 {
		t.Errorf("%d samples, %d broken, error %v; want 960 concealed", len(pcm), *v.broken, err)
	}
}

// failing is an Input that cannot be read to its end.
type failing struct {
	list
	err error
}

func (f *failing) Next() (int64, []byte, error) {
	pos, p, err := f.list.Next()
	if err == io.EOF {
		err = f.err
	}
	return pos, p, err
}

type fullSink struct{ n int }

func (s *fullSink) WritePacket(int64, []byte) error {
	if s.n++; s.n > 60 {
		return io.ErrShortWrite
	}
	return nil
}

func TestErrors(t *testing.T) {
	t.Parallel()
	track := meeting(t, 5)[0]
	opt := Options{segment: second}
	sink := &file{t: t}

	_, _, err := Mix(context.Background(), []Input{&list{packets: track}, &failing{list{packets: track}, io.ErrUnexpectedEOF}}, sink, opt)
	if !errors.Is(err, io.ErrUnexpectedEOF) || err.Error() != "read input 1: unexpected EOF" {
		t.Errorf("read error: %v", err)
	}
	if _, _, err = Mix(context.Background(), inputs(track), &fullSink{}, opt); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("write error: %v", err)
	}
	far := append(slices.Clone(track), placed{1 << 50, track[0].data})
	if _, _, err = Mix(context.Background(), inputs(far), &file{t: t}, opt); !errors.Is(err, ErrTooLong) {
		t.Errorf("far packet: %v, want ErrTooLong", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err = Mix(ctx, inputs(track), &file{t: t}, opt); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, _, err = Mix(context.Background(), inputs(track), &file{t: t}, Options{Tracks: []int{1, 2}}); err == nil {
		t.Error("no error for a wrong number of track indexes")
	}
	if _, _, err = Mix(context.Background(), nil, &file{t: t}, Options{Complexity: 11}); err == nil {
		t.Error("no error for complexity 11")
	}
	if _, _, err = Mix(context.Background(), inputs(track), &file{t: t}, Options{MaxDuration: time.Second}); !errors.Is(err, ErrTooLong) {
		t.Errorf("longer than allowed: %v, want ErrTooLong", err)
	}
}
