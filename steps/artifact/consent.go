package artifact

// ConsentDecisions is consent.json: what people decided about keeping the audio
// of a recording that they are in. It is written by whoever asked them, into
// the recording's folder of the store, or answered by an endpoint.
type ConsentDecisions struct {
	Decisions []ConsentDecision `json:"decisions"`
}

// A ConsentDecision is what one person decided. Who it was is told by userId,
// else participantId, else name; a decision without any of them is somebody's
// of whom nothing else is known. Of several by the same person the one with the
// latest time counts; where a time is missing or the same, a denial.
type ConsentDecision struct {
	UserID        string `json:"userId,omitempty"`
	ParticipantID string `json:"participantId,omitempty"`
	Name          string `json:"name,omitempty"`
	Consent       bool   `json:"consent"`      // "consent_given" is read too
	At            string `json:"at,omitempty"` // RFC 3339
}

// A Cleanup is result/effects/cleanup-consent.json: what becomes of a recording
// that must not be heard any longer. It is there from before the first deletion
// on.
type Cleanup struct {
	Run        string `json:"run"`                 // that deletes; what it left unfinished is gone on with in it
	Reason     string `json:"reason"`              // "denied", or "missing": nobody decided, and the policy is to delete then
	Decisions  int    `json:"decisions"`           // how many there were
	Denials    int    `json:"denials"`             // people who denied
	Missing    string `json:"policyMissing"`       // without a decision: keep or delete the audio
	Transcript string `json:"policyTranscript"`    // keep or delete it with the audio
	AudioFiles int    `json:"audioFiles"`          // files to hear that were found, at the source and in the store
	TextFiles  int    `json:"textFiles,omitempty"` // files to read that were found, if these are deleted too
	// Elsewhere is how many other places earlier runs read the tracks from,
	// which the run does not reach.
	Elsewhere int    `json:"elsewhere,omitempty"`
	Started   string `json:"started"`            // RFC 3339, UTC
	Finished  string `json:"finished,omitempty"` // absent as long as something is left
	// AudioGone says that nothing to hear is left at any version: it was looked
	// for.
	AudioGone bool `json:"audioDeleted"`
	TextGone  bool `json:"transcriptDeleted,omitempty"` // nothing to read either
}
