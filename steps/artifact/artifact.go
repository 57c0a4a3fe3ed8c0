// Package artifact defines the documents that pass between steps and the ones
// that make up a result. They are the contract between steps, and the ones
// under result/ are the contract with other programs; each has a JSON Schema
// in docs/schema.
//
// All times are seconds from the recording's start. Speakers are participant
// ids. Lists are in a fixed order, so that equal inputs give equal bytes.
package artifact

// A Recording is what get-recording found out about the recording, and the one
// place where tracks get their index.
type Recording struct {
	ID        string `json:"id"`
	Name      string `json:"name,omitempty"`    // room or folder name, for people
	Started   string `json:"started,omitempty"` // RFC 3339, UTC, when the source says so
	MeetingID string `json:"meetingId,omitempty"`
	// Duration in seconds as the source states it; 0 when it does not.
	Duration float64  `json:"duration,omitempty"`
	Tracks   []Track  `json:"tracks"`
	Skipped  []string `json:"skipped,omitempty"` // files that are no audio tracks, each with the reason
	Warnings []string `json:"warnings,omitempty"`
}

// A Track is one participant's audio file at the source. Index is fixed once,
// by get-recording, and carried as data from then on.
type Track struct {
	Index         int    `json:"index"`
	ParticipantID string `json:"participantId"`
	Key           string `json:"key"` // name at the source, relative to its root
	Size          int64  `json:"size"`
	Identity      string `json:"identity"` // sha256 of a local file; ETag or version of an object
	// ClockOffset is the file name's idea of the offset in seconds (Daily:
	// track start minus recording start); about 0.2 s too late, so it only
	// serves as a sanity check. Negative: not known.
	ClockOffset float64 `json:"clockOffset"`
	// Start is when the track began, in seconds, as the source's own log of
	// events says; it goes before ClockOffset. Paused is when it was muted.
	Start  *float64 `json:"start,omitempty"`
	Paused []Span   `json:"paused,omitempty"`
}

// Participants lists who was in the meeting.
type Participants struct {
	Participants []Participant `json:"participants"`
	Warnings     []string      `json:"warnings,omitempty"`
}

// A Participant is one person, whatever number of tracks or participant ids
// they had: somebody who rejoined is one participant with several Tracks.
type Participant struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	UserID string `json:"userId,omitempty"`
	Tracks []int  `json:"tracks"`
}

// A Timeline says how a raw track lies on the recording's clock.
type Timeline struct {
	Track      int     `json:"track"`
	Codec      string  `json:"codec"`
	Channels   int     `json:"channels"`
	SampleRate int     `json:"sampleRate"`
	Offset     float64 `json:"offset"`   // seconds of silence put before the first packet
	Duration   float64 `json:"duration"` // end of the last packet, seconds from the recording's start; 0 when empty
	Packets    int     `json:"packets"`  // packets copied from the source
	// Gaps lists every pause in the packets that was filled with silence
	// (muted microphone, lost packets, DTX): start and length in seconds. Gaps
	// under a second are only counted, so that a DTX track stays small.
	Gaps       []Span   `json:"gaps,omitempty"`
	GapCount   int      `json:"gapCount"`
	GapSeconds float64  `json:"gapSeconds"`
	MaxDrift   float64  `json:"maxDrift"` // largest distance between a time stamp and where the packet was put
	Dropped    int      `json:"dropped"`  // packets left out: they overlapped others or were broken
	Warnings   []string `json:"warnings,omitempty"`
}

// A Span is a stretch of time.
type Span struct {
	Start  float64 `json:"start"`
	Length float64 `json:"length"`
}

// TrackWords is what one track's speech recognition heard.
type TrackWords struct {
	Track    int     `json:"track"`
	Engine   string  `json:"engine"`   // recogniser and model
	Language string  `json:"language"` // ISO 639-1
	Words    []Word  `json:"words"`
	Duration float64 `json:"duration"` // seconds of track listened to
	Speech   float64 `json:"speech"`   // seconds given to the recogniser
	// Timing is "estimated" when the recogniser gave no times of words: they
	// are spread over what times it gave.
	Timing string `json:"timing,omitempty"`
	// Levels are the track's loudness in dBFS, one value per LevelStep
	// seconds, from -127 (silence) to 0; they tell a voice that bled into a
	// neighbour's microphone from one that spoke there.
	Levels    []int8   `json:"-"`
	LevelData string   `json:"levels,omitempty"` // base64 of Levels
	LevelStep float64  `json:"levelStep,omitempty"`
	Warnings  []string `json:"warnings,omitempty"`
}

// A Word is one recognised word. Text carries its punctuation.
type Word struct {
	Text        string  `json:"text"`
	Start       float64 `json:"start"`
	End         float64 `json:"end"`
	Probability float64 `json:"probability"`
	Level       float64 `json:"level,omitempty"` // dBFS on its own track
}

// A Transcript is result/transcript.json.
type Transcript struct {
	Recording    string           `json:"recording"`
	Duration     float64          `json:"duration"`
	Language     string           `json:"language"`
	Participants []Speaker        `json:"participants"`
	Words        []TranscriptWord `json:"words"`
	Segments     []Segment        `json:"segments"`
	Warnings     []string         `json:"warnings"`
}

// A Speaker is one participant as the transcript names them.
type Speaker struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Tracks []int  `json:"tracks"`
}

// A TranscriptWord is one word, with who said it and on which track.
type TranscriptWord struct {
	Text        string  `json:"text"`
	Start       float64 `json:"start"`
	End         float64 `json:"end"`
	Probability float64 `json:"probability"`
	Speaker     string  `json:"speaker"`
	Track       int     `json:"track"`
}

// A Segment is a sentence, or a part of a long one, of one speaker.
type Segment struct {
	Speaker string  `json:"speaker"`
	Start   float64 `json:"start"`
	End     float64 `json:"end"`
	Text    string  `json:"text"`
}

// Topics is result/topics.json.
type Topics struct {
	Engine string  `json:"engine"` // "lexical", or a language model's name
	Topics []Topic `json:"topics"`
}

// A Topic is a stretch of the meeting about one thing.
type Topic struct {
	ID       string   `json:"id"` // "topic-1", …
	Title    string   `json:"title"`
	Summary  string   `json:"summary"`
	Start    float64  `json:"start"`
	End      float64  `json:"end"`
	Keywords []string `json:"keywords"`
	Speakers []string `json:"speakers"` // participant ids, most words first
}

// Title is the meeting's title and what it rests on.
type Title struct {
	Engine string   `json:"engine"`
	Title  string   `json:"title"`
	Basis  []Moment `json:"basis"` // where its words were said
}

// Summary is what was said, in short. Without a language model it holds
// extractive highlights: sentences that were really said, called so.
type Summary struct {
	Engine      string       `json:"engine"`
	Kind        string       `json:"kind"` // "highlights" (extractive) or "summary"
	Recap       string       `json:"recap,omitempty"`
	Subjects    []Subject    `json:"subjects,omitempty"` // by a language model, in the order of the meeting
	Highlights  []Moment     `json:"highlights"`
	ActionItems []ActionItem `json:"actionItems"`
	Decisions   []Decision   `json:"decisions"`
}

// A Moment is something said: by whom, when, in which words.
type Moment struct {
	Text    string  `json:"text"`
	Speaker string  `json:"speaker"`
	Start   float64 `json:"start"`
	End     float64 `json:"end"`
}

// An ActionItem is a task somebody took or was given.
type ActionItem struct {
	Task     string `json:"task"`
	Owner    string `json:"owner,omitempty"`    // participant id
	Deadline string `json:"deadline,omitempty"` // in the words that were said: "by friday"
	Moment   Moment `json:"moment"`
}

// A Decision is something the meeting settled.
type Decision struct {
	Decision string `json:"decision"`
	By       string `json:"by,omitempty"` // participant id
	Moment   Moment `json:"moment"`
}

// Peaks are loudness peaks gathered while mixing.
type Peaks struct {
	Duration float64 `json:"duration"`
	Step     float64 `json:"step"` // seconds per value: 0.02
	// Values is base64 of one byte per step: round(255 · largest |sample|).
	Values string `json:"values"`
	// Tracks holds the same per track, at TrackStep seconds per value; it
	// tells who speaks when.
	TrackStep float64      `json:"trackStep"`
	Tracks    []TrackPeaks `json:"tracks"`
	Limited   float64      `json:"limited"` // seconds in which the limiter turned the mix down
}

// TrackPeaks are one track's peaks.
type TrackPeaks struct {
	Track  int    `json:"track"`
	Values string `json:"values"`
}

// Waveform is result/waveform.json.
type Waveform struct {
	Duration float64 `json:"duration"`
	// Data holds 255 values from 0 to 1, relative to the loudest, as players
	// of the peer format expect; all zero when silent.
	Data []float64 `json:"data"`
	Step float64   `json:"step"` // seconds per value of Peaks: 0.02
	// Peaks is base64 of one byte per step: round(255 · largest |sample|).
	Peaks string `json:"peaks"`
}

// Result is result/result.json: the index of a finished result.
type Result struct {
	Recording    string            `json:"recording"`
	Name         string            `json:"name,omitempty"`
	Started      string            `json:"started,omitempty"`
	Title        string            `json:"title"`
	Duration     float64           `json:"duration"`
	Language     string            `json:"language"`
	Participants []ResultSpeaker   `json:"participants"`
	WordCount    int               `json:"wordCount"`
	TopicCount   int               `json:"topicCount"`
	Engines      map[string]string `json:"engines"` // step -> what did the work
	Files        []ResultFile      `json:"files"`
	Skipped      []Skipped         `json:"skipped"`
	Warnings     []string          `json:"warnings"`
	Usage        Usage             `json:"usage"`
	// AudioDeleted says that somebody did not consent, and that nothing audible
	// is left.
	AudioDeleted bool `json:"audioDeleted,omitempty"`
}

// A ResultSpeaker is a participant with how much they spoke.
type ResultSpeaker struct {
	ID       string  `json:"id"`
	Name     string  `json:"name"`
	Tracks   []int   `json:"tracks"`
	Words    int     `json:"words"`
	Speaking float64 `json:"speaking"` // seconds
}

// A ResultFile is one file of the result.
type ResultFile struct {
	Name      string `json:"name"`
	MediaType string `json:"mediaType"`
	Size      int64  `json:"size"`
	SHA256    string `json:"sha256"`
}

// Skipped says what is not in the result, and why.
type Skipped struct {
	Step   string `json:"step"`
	Reason string `json:"reason"`
}
