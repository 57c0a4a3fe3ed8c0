package main

import (
	"bytes"
	"fmt"

	"github.com/thesyncim/gopus"
	"github.com/thesyncim/gopus/container/ogg"
)

const (
	bitRate     = 16000           // bits per second; half of what a browser sends, to keep examples small
	frame       = speechRate / 50 // 20 ms
	frameMillis = 20
)

func newEncoder() (*gopus.Encoder, error) {
	enc, err := gopus.NewEncoder(gopus.EncoderConfig{
		SampleRate: speechRate, Channels: 1, Application: gopus.ApplicationVoIP,
	})
	if err != nil {
		return nil, err
	}
	return enc, enc.SetBitrate(bitRate)
}

// encodeTrack makes one raw track. A muted microphone sends nothing, so the
// encoder stands still meanwhile, as a browser's does.
func encodeTrack(t track, seed int, turns []turn) ([]byte, error) {
	enc, err := newEncoder()
	if err != nil {
		return nil, err
	}
	pcm := render(t, seed, turns)
	w := newWebM(1)
	packet := make([]byte, 4000)
	for n := 0; (n+1)*frame <= len(pcm); n++ {
		offset := float64(n*frame) / speechRate
		if t.mutedDuring(t.Start+offset, t.Start+offset+frameMillis/1000.0) {
			continue
		}
		size, err := enc.Encode(pcm[n*frame:(n+1)*frame], packet)
		if err != nil {
			return nil, fmt.Errorf("encode: %w", err)
		}
		w.packet(millis(t.Start+offset), packet[:size])
	}
	return w.bytes(), nil
}

// encodeOgg makes an Ogg Opus file.
func encodeOgg(pcm []float32) ([]byte, error) {
	enc, err := newEncoder()
	if err != nil {
		return nil, err
	}
	var file bytes.Buffer
	w, err := ogg.NewWriterWithConfig(&file, ogg.WriterConfig{
		SampleRate: speechRate, Channels: 1, PreSkip: preSkip,
	})
	if err != nil {
		return nil, err
	}
	packet := make([]byte, 4000)
	for len(pcm) > 0 {
		block := make([]float32, frame) // the last one is filled up with silence
		n := copy(block, pcm)
		pcm = pcm[n:]
		size, err := enc.Encode(block, packet)
		if err != nil {
			return nil, fmt.Errorf("encode: %w", err)
		}
		if err := w.WritePacket(packet[:size], frameMillis*48); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return fixSerial(file.Bytes())
}

// fixSerial gives every page the same stream number: the writer draws one at
// random, and an example has to come out the same each time.
func fixSerial(file []byte) ([]byte, error) {
	var out []byte
	for len(file) > 0 {
		page, size, err := ogg.ParsePage(file)
		if err != nil {
			return nil, fmt.Errorf("read back ogg: %w", err)
		}
		page.SerialNumber = 1
		out = append(out, page.Encode()...)
		file = file[size:]
	}
	return out, nil
}
