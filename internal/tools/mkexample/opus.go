package main

import (
	"bytes"
	"fmt"

	"github.com/thesyncim/gopus"

	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
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

// encodeTrack makes one raw track as a live recorder writes it. A muted
// microphone sends nothing, so the encoder stands still meanwhile, as a
// browser's does.
func encodeTrack(t track, seed int, turns []turn) ([]byte, error) {
	enc, err := newEncoder()
	if err != nil {
		return nil, err
	}
	pcm := render(t, seed, turns)
	var packets []audiotest.Packet
	for n := 0; (n+1)*frame <= len(pcm); n++ {
		offset := float64(n*frame) / speechRate
		if t.mutedDuring(t.Start+offset, t.Start+offset+frameMillis/1000.0) {
			continue
		}
		data, err := encode(enc, pcm[n*frame:(n+1)*frame])
		if err != nil {
			return nil, err
		}
		ms := millis(t.Start + offset)
		packets = append(packets, audiotest.Packet{True: ms * 48, Time: ms * 1e6, Data: data})
	}
	var file bytes.Buffer
	err = audiotest.WriteLive(&file, packets, audiotest.Live{Cluster: 2})
	return file.Bytes(), err
}

// encodeOgg makes an Ogg Opus file.
func encodeOgg(pcm []float32) ([]byte, error) {
	enc, err := newEncoder()
	if err != nil {
		return nil, err
	}
	var packets []audiotest.Packet
	for len(pcm) > 0 {
		block := make([]float32, frame) // the last one is filled up with silence
		pcm = pcm[copy(block, pcm):]
		data, err := encode(enc, block)
		if err != nil {
			return nil, err
		}
		packets = append(packets, audiotest.Packet{True: int64(len(packets)) * frameMillis * 48, Data: data})
	}
	var file bytes.Buffer
	err = audiotest.Ogg(&file, packets, audiotest.OggOptions{})
	return file.Bytes(), err
}

func encode(enc *gopus.Encoder, pcm []float32) ([]byte, error) {
	packet := make([]byte, 4000)
	n, err := enc.Encode(pcm, packet)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return packet[:n], nil
}
