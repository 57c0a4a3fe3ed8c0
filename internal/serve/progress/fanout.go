package progress

import (
	"slices"
	"time"

	"github.com/trackscribe/trackscribe/internal/engine"
)

// track takes in an event of one track of a fan-out.
func (t *Tracker) track(n *Node, known *node, ev engine.Event) {
	list := slices.Clone(n.Tracks)
	i, found := slices.BinarySearchFunc(list, ev.Track, func(t Track, index int) int { return t.Track - index })
	if !found {
		list = slices.Insert(list, i, Track{Track: ev.Track, Status: NodeQueued})
	}
	one := &list[i]
	one.Status, one.Attempts, one.Cached = status(ev), max(one.Attempts, ev.Attempt), ev.State == engine.Cached
	one.Percent, one.Error, one.Message, one.FinishedAt = nil, nil, "", nil
	if ev.State == engine.Running && one.StartedAt == nil {
		one.StartedAt = &ev.Time
	}
	switch ev.State {
	case engine.Running:
		if ev.Fraction > 0 {
			p := 100 * ev.Fraction
			one.Percent = &p
		}
	case engine.Failed:
		one.Error = &ev.Message
		n.Hint = ev.Hint
	case engine.Retrying, engine.Queued:
		one.Message = ev.Message
	}
	if ev.State.Ended() {
		one.FinishedAt = &ev.Time
	}
	n.Tracks = list
	t.fanOut(n, known)
}

// fanOut makes out how a node stands by its tracks.
func (t *Tracker) fanOut(n *Node, known *node) {
	total := max(known.tracks, len(n.Tracks))
	completed, ended, part := 0, 0, 0.0
	var failed, canceled, begun bool
	n.Attempts, n.Error, n.Cached, n.StartedAt = 0, nil, true, nil
	var last *time.Time
	for _, one := range n.Tracks {
		n.Attempts = max(n.Attempts, one.Attempts)
		n.Cached = n.Cached && one.Cached
		begun = begun || one.Status != NodeQueued
		if one.StartedAt != nil && (n.StartedAt == nil || one.StartedAt.Before(*n.StartedAt)) {
			n.StartedAt = one.StartedAt
		}
		if one.FinishedAt != nil {
			ended++
			part++
			if last == nil || one.FinishedAt.After(*last) {
				last = one.FinishedAt
			}
		} else if one.Percent != nil {
			part += *one.Percent / 100
		}
		switch one.Status {
		case NodeCompleted:
			completed++
		case NodeFailed:
			if failed = true; n.Error == nil {
				n.Error = one.Error
			}
		case NodeCancelled:
			canceled = true
		}
	}
	percent := 100 * part / float64(total)
	n.Total, n.Completed, n.Percent, n.FinishedAt, n.Seconds = &total, &completed, &percent, nil, nil
	known.ended = ended == total
	switch {
	case !known.ended && begun:
		n.Status = NodeRunning
	case !known.ended:
		n.Status, n.Percent = NodeQueued, nil
	case failed:
		n.Status = NodeFailed
	case canceled:
		n.Status = NodeCancelled
	default:
		n.Status = NodeCompleted
	}
	if known.ended {
		n.FinishedAt = last
		n.Seconds = seconds(n.StartedAt, last)
	}
}
