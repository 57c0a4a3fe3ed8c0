package pad_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/audio/opus"
	"github.com/trackscribe/trackscribe/internal/audio/pad"
	"github.com/trackscribe/trackscribe/steps/artifact"
)

// placed is a packet with its position.
type placed struct {
	Pos  int64
	Data []byte
}

// padded runs Pad and reads the result back: all packets but the silent ones.
func padded(t *testing.T, raw []byte, opt pad.Options) (artifact.Timeline, []placed, []byte) {
	t.Helper()
	var out audiotest.Buffer
	tl, err := pad.Pad(t.Context(), bytes.NewReader(raw), &out, opt)
	if err != nil {
		t.Fatalf("Pad: %v", err)
	}
	return tl, reread(t, out.B), out.B
}

// reread reads a padded file: all packets but the silent ones.
func reread(t *testing.T, file []byte) []placed {
	t.Helper()
	r, err := pad.Open(bytes.NewReader(file))
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	var all []placed
	for next, first := int64(0), true; ; first = false {
		pos, data, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("Next: %v", err)
		}
		if !first && pos != next || first && (pos > 0 || pos < -5760) {
			t.Fatalf("packet at %d, want %d", pos, next)
		}
		next = pos + int64(opus.Samples(data))
		if !opus.IsSilence(data) {
			all = append(all, placed{pos, bytes.Clone(data)})
		}
	}
	if w := r.Warnings(); len(w) != 0 {
		t.Errorf("the padded file gives warnings: %q", w)
	}
	return all
}

// raw writes packets as a live recorder does.
func raw(t *testing.T, packets []audiotest.Packet, l audiotest.Live) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := audiotest.WriteLive(&b, packets, l); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// made returns n packets of 20 ms from offset on that hold no sound; each can
// be told from the others.
func made(n int, offset time.Duration) []audiotest.Packet {
	var all []audiotest.Packet
	for i := range n {
		data := append([]byte{0xf8, byte(i), byte(i >> 8), byte(i >> 16)}, bytes.Repeat([]byte{9}, 40+i*31%50)...)
		all = append(all, audiotest.Packet{True: int64(i)*960 + (int64(offset)*3+31250)/62500, Time: int64(i)*20e6 + int64(offset), Data: data})
	}
	return all
}

// without removes packets from to to.
func without(all []audiotest.Packet, from, to int) []audiotest.Packet {
	return append(append([]audiotest.Packet{}, all[:from]...), all[to:]...)
}

// worst returns the largest distance between where packets are and where they
// belong, and fails when other packets than the right ones came out.
func worst(t *testing.T, want []audiotest.Packet, got []placed) int64 {
	t.Helper()
	if len(want) != len(got) {
		t.Fatalf("%d packets came out, want %d", len(got), len(want))
	}
	far := int64(0)
	for i := range want {
		if !bytes.Equal(want[i].Data, got[i].Data) {
			t.Fatalf("packet %d is not the right one", i)
		}
		far = max(far, want[i].True-got[i].Pos, got[i].Pos-want[i].True)
	}
	return far
}

func TestPadLeadIsExact(t *testing.T) {
	t.Parallel()
	for _, us := range []int64{0, 100, 1000, 2500, 6500, 229_000, 229_300, 8_130_000, 61_004_700, 3_600_000_100} {
		packets := made(60, time.Duration(us)*time.Microsecond)
		for _, delay := range []int64{0, 6_500_000} {
			if delay > 0 {
				// Packets begin by the delay before their time stamp.
				for i := range packets {
					packets[i].Time -= delay
					packets[i].True -= 312
				}
			}
			tl, got, _ := padded(t, raw(t, packets, audiotest.Live{Scale: 100_000, CodecDelay: delay}), pad.Options{})
			if far := worst(t, packets, got); far > 0 {
				t.Errorf("offset %d µs, delay %d: the start is off by %d samples", us, delay, far)
			}
			want := artifact.Timeline{
				Codec: "opus", Channels: 1, SampleRate: 48000, Packets: 60,
				Offset:   max(float64(packets[0].True)/48000, 0),
				Duration: float64(packets[0].True+60*960) / 48000,
				MaxDrift: tl.MaxDrift,
			}
			if diff := cmp.Diff(want, tl); diff != "" || tl.MaxDrift > 1e-4 {
				t.Errorf("timeline differs (-want +got):\n%s", diff)
			}
		}
	}
}

func TestPadGapsDoNotAddUp(t *testing.T) {
	t.Parallel()
	// Six thousand pauses of odd lengths, as voice activity makes them.
	packets := made(12_000, 8130*time.Millisecond)
	shift := int64(0)
	for i := range packets {
		if i > 0 && i%2 == 0 {
			shift += int64(20+i*13%400) * 1e6
		}
		packets[i].Time += shift
		packets[i].True += shift * 3 / 62500
	}
	tl, got, file := padded(t, raw(t, packets, audiotest.Live{}), pad.Options{})
	if far := worst(t, packets, got); far > 60 {
		t.Errorf("packets are off by up to %d samples, want at most 60", far)
	}
	if tl.GapCount != 5999 || math.Abs(tl.GapSeconds-float64(shift)/1e9) > 2e-3 || len(tl.Gaps) != 0 || tl.MaxDrift > 1.25e-3 {
		t.Errorf("%d gaps of %.3f s (want 5999 of %.3f s), %d listed, drift %g", tl.GapCount, tl.GapSeconds, float64(shift)/1e9, len(tl.Gaps), tl.MaxDrift)
	}
	if limit := len(packets)*100 + 400_000; len(file) > limit {
		t.Errorf("the file has %d bytes, want at most %d", len(file), limit)
	}
}

// Single lost packets must be seen although time stamps are rounded, and the
// rounding must not be.
func TestPadLostPackets(t *testing.T) {
	t.Parallel()
	for _, ms := range []float64{10, 20, 60} {
		config := map[float64]byte{10: 0xf0, 20: 0xf8, 60: 3 << 3}[ms]
		n := int64(ms * 48)
		var packets []audiotest.Packet
		for i := range int64(5000) {
			at := i*n + 17 // no whole millisecond
			if i%3 != 1 || i%7 == 0 {
				packets = append(packets, audiotest.Packet{True: at, Time: (at*125/6 + 500) / 1000 * 1e6, Data: []byte{config, byte(i), byte(i >> 8), 1}})
			}
		}
		_, got, _ := padded(t, raw(t, packets, audiotest.Live{}), pad.Options{})
		if far := worst(t, packets, got); far > 60+48 {
			t.Errorf("packets of %g ms are off by up to %d samples", ms, far)
		}
	}
}

func TestPadLongMute(t *testing.T) {
	t.Parallel()
	packets := made(1000, 0)
	for i := 500; i < 1000; i++ {
		packets[i].Time += 600e9
		packets[i].True += 600 * 48000
	}
	_, got, with := padded(t, raw(t, packets, audiotest.Live{}), pad.Options{})
	tl, _, _ := padded(t, raw(t, packets, audiotest.Live{}), pad.Options{})
	_, _, without := padded(t, raw(t, made(1000, 0), audiotest.Live{}), pad.Options{})
	if far := worst(t, packets, got); far > 0 {
		t.Errorf("packets are off by up to %d samples", far)
	}
	if cost := len(with) - len(without); cost > 120_000 {
		t.Errorf("10 minutes of mute cost %d bytes, want at most 120000", cost)
	}
	if diff := cmp.Diff([]artifact.Span{{Start: 10, Length: 600}}, tl.Gaps); diff != "" {
		t.Errorf("gaps differ (-want +got):\n%s", diff)
	}
}

func TestPadJitterIsNotSilence(t *testing.T) {
	t.Parallel()
	for _, jitter := range []int64{1, 4, 8} {
		packets := made(5000, 500*time.Millisecond)
		for i := range packets {
			packets[i].Time += (int64(i)*7919%(2*jitter+1) - jitter) * 1e6
		}
		tl, got, _ := padded(t, raw(t, packets, audiotest.Live{}), pad.Options{})
		// At the very end there is no looking ahead.
		if far := worst(t, packets, got); far > jitter*48 || tl.GapCount > int(jitter/8) || tl.Dropped != 0 {
			t.Errorf("jitter of %d ms: packets off by %d samples, %d gaps, %d dropped", jitter, far, tl.GapCount, tl.Dropped)
		}
		if limit := float64(2*jitter) / 1000; tl.MaxDrift > limit {
			t.Errorf("jitter of %d ms: drift of %g s", jitter, tl.MaxDrift)
		}
	}
	// A stall: half a dozen packets get the time at which they were let go.
	packets := made(2000, 0)
	for i := 400; i+8 < len(packets); i += 100 {
		for k := range 8 {
			packets[i+k].Time = packets[i+8].Time
		}
	}
	tl, got, _ := padded(t, raw(t, packets, audiotest.Live{}), pad.Options{})
	if far := worst(t, packets, got); far != 0 || tl.GapCount != 0 {
		t.Errorf("stalls: packets off by %d samples, %d gaps", far, tl.GapCount)
	}
}

func TestPadSlowClock(t *testing.T) {
	t.Parallel()
	packets := made(30_000, 0) // 10 minutes
	for i := range packets {
		packets[i].Time -= packets[i].Time / 2000 / 1e6 * 1e6 // 500 ppm
		if i%20 == 5 {
			packets[i].Data = append(packets[i].Data[:4:4], 1) // quiet
		}
	}
	tl, got, _ := padded(t, raw(t, packets, audiotest.Live{}), pad.Options{})
	if tl.Dropped < 13 || tl.Dropped > 16 || tl.MaxDrift > 0.065 {
		t.Errorf("dropped %d packets, drift %g s; the clock lost 0.3 s", tl.Dropped, tl.MaxDrift)
	}
	kept := map[string]bool{}
	for _, p := range got {
		kept[string(p.Data[:4])] = true
	}
	loud := 0
	for _, p := range packets {
		if !kept[string(p.Data[:4])] && len(p.Data) > 5 {
			loud++
		}
	}
	if loud > 0 {
		t.Errorf("%d of %d dropped packets were not the smallest around", loud, tl.Dropped)
	}
	last := got[len(got)-1]
	if d := last.Pos - packets[len(packets)-1].Time*3/62500; d > 2880 || d < -960 {
		t.Errorf("the end is off by %d samples", d)
	}
}

func TestPadOddTimeStamps(t *testing.T) {
	t.Parallel()
	base := func() []audiotest.Packet { return made(3000, time.Second) }
	for _, tc := range []struct {
		name    string
		packets func() []audiotest.Packet
		dropped int   // at most
		far     int64 // samples; packets that stay
		warned  bool
	}{
		{"one far ahead", func() []audiotest.Packet {
			p := base()
			p[700].Time += 3600e9
			return p
		}, 0, 0, false},
		{"first far ahead", func() []audiotest.Packet {
			p := base()
			p[0].Time += 500e9
			return p
		}, 0, 0, false},
		{"one far behind", func() []audiotest.Packet {
			p := base()
			p[700].Time = 0
			return p
		}, 0, 0, false},
		{"one behind, just after a mute", func() []audiotest.Packet {
			p := without(base(), 500, 1500)
			p[510].Time = 0
			return p
		}, 0, 0, false},
		{"three seconds twice", func() []audiotest.Packet {
			p := base()
			return append(append(append([]audiotest.Packet{}, p[:1000]...), p[850:1000]...), p[1000:]...)
		}, 150, 960, true},
		{"a jump to a minute earlier and back", func() []audiotest.Packet {
			p := made(6000, 90*time.Second)
			for i := 3000; i < 3060; i++ {
				p[i].Time -= 60e9
			}
			return p
		}, 0, 0, true},
		{"broken packets", func() []audiotest.Packet {
			p := base()
			for i := 100; i < 3000; i += 300 {
				p[i].Data = []byte{0xfb}
			}
			return p
		}, 10, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			packets := tc.packets()
			tl, got, _ := padded(t, raw(t, packets, audiotest.Live{}), pad.Options{})
			where := map[string]int64{}
			for _, p := range packets {
				where[string(p.Data)] = p.True
			}
			for _, p := range got {
				want, ok := where[string(p.Data)]
				if d := p.Pos - want; !ok || d > tc.far || d < -tc.far {
					t.Fatalf("packet at %d, want %d within %d", p.Pos, want, tc.far)
				}
			}
			if tl.Dropped > tc.dropped || len(got)+tl.Dropped != len(packets) {
				t.Errorf("%d packets, %d dropped of %d; want at most %d dropped", len(got), tl.Dropped, len(packets), tc.dropped)
			}
			if (len(tl.Warnings) > 0) != tc.warned {
				t.Errorf("Warnings = %q", tl.Warnings)
			}
		})
	}
}

// A recorder whose clock starts again, or stands still, must not cost speech.
func TestPadBrokenClockKeepsPackets(t *testing.T) {
	t.Parallel()
	restarted := made(6000, 0)
	for i := 3000; i < 6000; i++ {
		restarted[i].Time -= 60e9
	}
	still := made(6000, 0)
	for i := range still {
		still[i].Time = 0
	}
	for name, packets := range map[string][]audiotest.Packet{"restarted": restarted, "still": still} {
		tl, got, _ := padded(t, raw(t, packets, audiotest.Live{}), pad.Options{})
		if tl.Dropped > 610 || len(tl.Warnings) == 0 {
			t.Errorf("%s: %d of 6000 packets dropped, warnings %q", name, tl.Dropped, tl.Warnings)
		}
		if end := got[len(got)-1].Pos; end < 105*48000 || end > 120*48000 {
			t.Errorf("%s: the track ends at %.1f s", name, float64(end)/48000)
		}
	}
}

func TestPadAbsurdTimes(t *testing.T) {
	t.Parallel()
	late := made(100, 0)
	for i := 50; i < 100; i++ {
		late[i].Time += 11 * 3600e9
	}
	var out audiotest.Buffer
	if _, err := pad.Pad(t.Context(), bytes.NewReader(raw(t, late, audiotest.Live{})), &out, pad.Options{}); err != nil {
		t.Errorf("11 hours of mute: %v", err)
	}
	for name, packets := range map[string][]audiotest.Packet{"lead": made(100, 2*time.Hour), "gap": late} {
		var out audiotest.Buffer
		_, err := pad.Pad(t.Context(), bytes.NewReader(raw(t, packets, audiotest.Live{})), &out, pad.Options{MaxDuration: time.Hour})
		if !errors.Is(err, audio.ErrTooLong) || !audio.IsBadData(err) || len(out.B) > 1<<20 {
			t.Errorf("%s: %v after %d bytes, want ErrTooLong", name, err, len(out.B))
		}
	}
	_, err := pad.Pad(t.Context(), bytes.NewReader(raw(t, made(4000, 0), audiotest.Live{})), &out, pad.Options{MaxDuration: time.Minute})
	if !errors.Is(err, audio.ErrTooLong) {
		t.Errorf("80 s of packets in a minute: %v", err)
	}
}

func TestPadEmptyTrack(t *testing.T) {
	t.Parallel()
	tl, got, file := padded(t, raw(t, nil, audiotest.Live{Channels: 2}), pad.Options{Track: 3, ClockOffset: 17})
	want := artifact.Timeline{Track: 3, Codec: "opus", Channels: 2, SampleRate: 48000}
	if diff := cmp.Diff(want, tl); diff != "" {
		t.Errorf("timeline differs (-want +got):\n%s", diff)
	}
	if len(got) != 0 || len(file) > 500 {
		t.Errorf("%d packets in %d bytes", len(got), len(file))
	}
}

func TestPadClockOffset(t *testing.T) {
	t.Parallel()
	file := raw(t, made(50, 8130*time.Millisecond), audiotest.Live{})
	for offset, warned := range map[float64]bool{0: false, -1: false, 8.339: false, 6.2: false, 11: true, 0.3: true, math.NaN(): false, 1e9: false} {
		tl, _, _ := padded(t, file, pad.Options{ClockOffset: offset})
		if (len(tl.Warnings) > 0) != warned || tl.Offset != 8.13 {
			t.Errorf("ClockOffset %g: offset %g, warnings %q", offset, tl.Offset, tl.Warnings)
		}
	}
}

// In memory that does not depend on lengths.
func TestPadMemory(t *testing.T) {
	packets := made(100_000, time.Second)
	for i := 50_000; i < 100_000; i++ {
		packets[i].Time += 3600e9
	}
	file := raw(t, packets, audiotest.Live{})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	tl, err := pad.Pad(t.Context(), bytes.NewReader(file), nowhere{}, pad.Options{})
	runtime.ReadMemStats(&after)
	if err != nil || tl.Packets != 100_000 {
		t.Fatalf("%d packets, %v", tl.Packets, err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 2<<20 {
		t.Errorf("padding %d bytes allocated %d bytes in all", len(file), got)
	}
}

type nowhere struct{}

func (nowhere) Write(b []byte) (int, error)        { return len(b), nil }
func (nowhere) Seek(o int64, _ int) (int64, error) { return o, nil }

func TestPadStopsAndFails(t *testing.T) {
	t.Parallel()
	file := raw(t, made(20_000, 0), audiotest.Live{})
	ctx, cancel := context.WithCancel(t.Context())
	seen := int64(0)
	_, err := pad.Pad(ctx, bytes.NewReader(file), nowhere{}, pad.Options{Progress: func(n int64) {
		if n <= seen {
			t.Errorf("progress from %d to %d", seen, n)
		}
		seen = n
		cancel()
	}})
	if !errors.Is(err, context.Canceled) || seen == 0 || seen > int64(len(file))/2 {
		t.Errorf("cancelled Pad gives %v after %d of %d bytes", err, seen, len(file))
	}
	broken := io.MultiReader(bytes.NewReader(file[:len(file)/2]), iotest.ErrReader(io.ErrUnexpectedEOF))
	if _, err := pad.Pad(t.Context(), broken, nowhere{}, pad.Options{}); !errors.Is(err, io.ErrUnexpectedEOF) || audio.IsBadData(err) {
		t.Errorf("a broken transfer gives %v", err)
	}
	tl, _, _ := padded(t, file[:len(file)/2], pad.Options{})
	if len(tl.Warnings) != 1 || !strings.Contains(tl.Warnings[0], "cut off") {
		t.Errorf("a cut file: warnings %q", tl.Warnings)
	}
	seen = 0
	tl, _, _ = padded(t, file, pad.Options{Progress: func(n int64) { seen = n }})
	if seen != int64(len(file)) || tl.Packets != 20_000 {
		t.Errorf("progress ends at %d of %d bytes", seen, len(file))
	}
}

func TestPadIsDeterministic(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := audiotest.Raw(&b, audiotest.Meeting(10)[1]); err != nil {
		t.Fatal(err)
	}
	_, _, one := padded(t, b.Bytes(), pad.Options{})
	_, _, two := padded(t, b.Bytes(), pad.Options{})
	if !bytes.Equal(one, two) {
		t.Error("two runs give different files")
	}
	// Padding what is padded changes nothing but what wrote it.
	tl, got, again := padded(t, one, pad.Options{})
	if len(again) != len(one) || tl.GapCount != 0 || len(got) == 0 {
		t.Errorf("padding twice: %d bytes, then %d; %d gaps", len(one), len(again), tl.GapCount)
	}
}

func TestOpenRefusesRawTracks(t *testing.T) {
	t.Parallel()
	r, err := pad.Open(bytes.NewReader(raw(t, made(10, time.Second), audiotest.Live{})))
	if err == nil {
		_, _, err = r.Next()
	}
	if !errors.Is(err, pad.ErrNotPadded) || !audio.IsBadData(err) {
		t.Errorf("Open of a raw track gives %v", err)
	}
}
