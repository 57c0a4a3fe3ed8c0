package web

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// A look is how a state is shown: never by colour alone.
type look struct{ Class, Word string }

// stateOf takes the state of a run, a node or a track.
func stateOf(v any) look {
	switch s := fmt.Sprint(v); s {
	case "running":
		return look{"running", "Running"}
	case "retrying":
		return look{"running", "Trying again"}
	case "succeeded", "completed", "cached":
		return look{"done", "Finished"}
	case "failed":
		return look{"failed", "Failed"}
	case "canceled", "cancelled":
		return look{"off", "Canceled"}
	case "skipped":
		return look{"off", "Left out"}
	default:
		return look{"queued", "Queued"}
	}
}

// ago says how long before now t was.
func ago(now, t time.Time) string {
	switch d := now.Sub(t); {
	case t.IsZero():
		return ""
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	case d < 48*time.Hour:
		return "yesterday"
	case d < 7*24*time.Hour:
		return fmt.Sprintf("%d days ago", int(d.Hours()/24))
	default:
		return t.UTC().Format("2 Jan 2006")
	}
}

// stamp is t for machines, and for those who want it exactly.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// spell writes a length of time; live.js writes it the same way.
func spell(seconds float64) string {
	if !(seconds > 0) || seconds > 1e8 {
		return "0 s"
	}
	n := int(seconds)
	switch {
	case n < 60:
		return fmt.Sprintf("%d s", n)
	case n < 3600:
		return fmt.Sprintf("%d min %d s", n/60, n%60)
	default:
		return fmt.Sprintf("%d h %d min", n/3600, n/60%60)
	}
}

func size(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1_000_000:
		return fmt.Sprintf("%d kB", (n+500)/1000)
	default:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
}

// percent turns 0 to 1 into a whole number of 0 to 100.
func percent(f float64) string {
	if math.IsNaN(f) {
		f = 0
	}
	return strconv.Itoa(int(100 * min(max(f, 0), 1)))
}
