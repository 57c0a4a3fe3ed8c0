// Package webm reads and writes WebM files with one Opus track (Matroska, RFC
// 9559, with the Opus mapping of its codec registry).
//
// The Reader is made for what live recorders leave behind: unknown sizes, no
// duration, no index, time stamps that jitter or go back, files cut off in the
// middle. It reads forward only, in memory that does not depend on the file's
// length, and takes the first audio track. It does not seek, decode, or
// reorder.
//
// The Writer makes files that players can seek in: index, duration, clusters
// of 5 seconds. The same packets give the same bytes.
package webm

import (
	"github.com/trackscribe/trackscribe/internal/audio"
)

// Errors of files that are no WebM, or none that can be read. All are bad data
// (audio.IsBadData).
var (
	ErrNotWebM = &audio.DataError{
		Reason: "the file is not WebM",
		Tip:    "tracks must be Opus in WebM or Ogg, or PCM in WAV",
	}
	ErrNoTracks = &audio.DataError{
		Reason: "the file ends before it says which tracks it has",
		Tip:    "the recording or its upload was cut off; fetch the track again",
	}
	ErrLateTracks = &audio.DataError{
		Reason: "the file's media come before its list of tracks",
		Tip:    "rewrite the file with: ffmpeg -i TRACK -c copy track.webm",
	}
	ErrHeader = &audio.DataError{
		Reason: "the file's WebM header is damaged",
		Tip:    "fetch the track again; if it stays so, the recorder wrote a broken file",
	}
	ErrEncoded = &audio.DataError{
		Reason: "the track's packets are encrypted or compressed",
		Tip:    "rewrite the file with: ffmpeg -i TRACK -c copy track.webm",
	}
)

// Element identifiers (RFC 9559 section 5.1), with their length marker.
const (
	idEBML           = 0x1A45DFA3
	idDocType        = 0x4282
	idMaxIDLength    = 0x42F2
	idMaxSizeLength  = 0x42F3
	idSegment        = 0x18538067
	idSeekHead       = 0x114D9B74
	idInfo           = 0x1549A966
	idTimestampScale = 0x2AD7B1
	idDuration       = 0x4489
	idMuxingApp      = 0x4D80
	idWritingApp     = 0x5741
	idTracks         = 0x1654AE6B
	idTrackEntry     = 0xAE
	idTrackNumber    = 0xD7
	idTrackUID       = 0x73C5
	idTrackType      = 0x83
	idFlagLacing     = 0x9C
	idCodecID        = 0x86
	idCodecPrivate   = 0x63A2
	idCodecDelay     = 0x56AA
	idSeekPreRoll    = 0x56BB
	idAudio          = 0xE1
	idChannels       = 0x9F
	idSamplingFreq   = 0xB5
	idEncodings      = 0x6D80
	idEncoding       = 0x6240
	idEncodingScope  = 0x5032
	idEncodingType   = 0x5033
	idCompression    = 0x5034
	idCompAlgo       = 0x4254
	idCompSettings   = 0x4255
	idCluster        = 0x1F43B675
	idTimestamp      = 0xE7
	idSimpleBlock    = 0xA3
	idBlockGroup     = 0xA0
	idBlock          = 0xA1
	idDiscardPadding = 0x75A2
	idCues           = 0x1C53BB6B
	idChapters       = 0x1043A770
	idAttachments    = 0x1941A469
	idTags           = 0x1254C367
	idVoid           = 0xEC
)

// maxElement is the largest element that is held in memory.
const maxElement = 1 << 20

// maxTracks is how many tracks of one file are looked at.
const maxTracks = 64
