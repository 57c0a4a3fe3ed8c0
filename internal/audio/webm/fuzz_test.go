package webm_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/trackscribe/trackscribe/internal/audio"
	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/audio/webm"
)

// Whatever the bytes: no panic, no endless loop, no packets out of nothing, and
// every refusal says that the data are bad.
func FuzzReader(f *testing.F) {
	packets := made(12)
	f.Add([]byte{})
	for _, l := range []audiotest.Live{
		{},
		{Layout: audiotest.BlockGroups},
		{Layout: audiotest.XiphLacing},
		{Layout: audiotest.EBMLLacing},
		{KnownSizes: true, Clutter: true},
		{Video: true},
		{VideoOnly: true},
		{CodecDelay: 80e6},
		{WrongDelay: 1e12},
		{Strip: []byte{0xf8}},
		{Codec: "A_AAC"},
		{LateTracks: true},
		{EmptyBlocks: true},
		{Scale: 1},
		{Damage: []audiotest.Damage{{At: -900, Bytes: make([]byte, 60)}}},
	} {
		var b bytes.Buffer
		if err := audiotest.WriteLive(&b, packets, l); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
		f.Add(b.Bytes()[:b.Len()*2/3])
	}
	var file audiotest.Buffer
	w, err := webm.NewWriter(&file, webm.WriterOptions{})
	for i, p := range packets {
		if err == nil {
			err = w.WriteTrimmed(p.True, p.Data, int64(i/11*100))
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file.B)
	f.Fuzz(func(t *testing.T, b []byte) {
		in, err := webm.NewReader(bytes.NewReader(b), webm.Options{})
		n := 0
		for err == nil {
			var p audio.Packet
			p, err = in.Next()
			if err != nil {
				break
			}
			if n++; n > len(b) {
				t.Fatalf("%d packets from %d bytes", n, len(b))
			}
			if len(p.Data) == 0 || p.Time < -40e9 || p.Time > 13*3600e9 {
				t.Fatalf("packet of %d bytes at %d ns", len(p.Data), p.Time)
			}
		}
		if err != io.EOF && !audio.IsBadData(err) {
			t.Fatalf("%v is not marked as bad data", err)
		}
		if in != nil {
			if f := in.Format(); f.Channels < 1 || f.Channels > 2 || f.PreSkip < 0 || f.PreSkip > 65535 || len(in.Warnings()) > 4 {
				t.Fatalf("format %+v, warnings %q", f, in.Warnings())
			}
		}
	})
}
