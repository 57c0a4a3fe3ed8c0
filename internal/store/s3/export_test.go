package s3

import "time"

// SetMaxBackoff shortens the SDK's pauses between attempts.
func SetMaxBackoff(opt *Options, d time.Duration) { opt.maxBackoff = d }

const (
	PartSize    = partSize
	Concurrency = concurrency
)
