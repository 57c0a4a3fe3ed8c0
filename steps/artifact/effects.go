package artifact

// CleanupEffect is the name of the effect that a [Cleanup] is, for those who
// must know whether there is anything left to tell.
const CleanupEffect = "cleanup-consent"

// A Post is result/effects/post-zulip.json: the message about the recording.
type Post struct {
	Run       string `json:"run"`    // that wrote it last
	Server    string `json:"server"` // host
	Channel   string `json:"channel"`
	Topic     string `json:"topic"`
	MessageID int64  `json:"messageId"` // 0: none yet
	Updates   int    `json:"updates"`   // how often it was changed since it was posted
	// Posting says that a message was about to be posted, and that nobody knows
	// what became of it.
	Posting bool `json:"posting,omitempty"`
}

// Deliveries is result/effects/send-webhook.json: how telling the receiver
// went.
type Deliveries struct {
	Run        string     `json:"run"`
	Event      string     `json:"event"`
	EventID    string     `json:"eventId"` // the same in all attempts
	Host       string     `json:"host"`    // of the receiver
	Created    string     `json:"created"` // RFC 3339, UTC: the event's own time
	Delivered  bool       `json:"delivered"`
	Deliveries []Delivery `json:"deliveries"` // one per attempt, in order
}

// A Delivery is one attempt to tell the receiver.
type Delivery struct {
	At           string `json:"at"`               // RFC 3339, UTC
	Status       int    `json:"status,omitempty"` // of the answer; absent when there was none
	Milliseconds int64  `json:"milliseconds"`
	Error        string `json:"error,omitempty"`
}
