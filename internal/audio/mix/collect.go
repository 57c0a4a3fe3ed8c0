package mix

import (
	"context"
	"fmt"

	"github.com/trackscribe/trackscribe/internal/audio/opus"
)

// A collector puts the segments' results together, in order.
type collector struct {
	sink     Sink
	stats    Stats
	gathered gatherer
}

func newCollector(sink Sink, inputs int) *collector {
	return &collector{
		sink:     sink,
		stats:    Stats{Inputs: make([]InputStats, inputs)},
		gathered: gatherer{tracks: make([][]uint8, inputs)},
	}
}

// run writes each segment as soon as it is done and hands it back as free.
func (c *collector) run(ctx context.Context, order <-chan *segment, free chan<- *segment) error {
	for seg := range order {
		select {
		case <-seg.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := c.write(seg); err != nil {
			return err
		}
		free <- seg // has room for every segment
	}
	return nil
}

func (c *collector) write(seg *segment) error {
	packets := seg.packets
	for _, size := range seg.sizes {
		if err := c.sink.WritePacket(int64(c.stats.Frames)*opus.FrameSize, packets[:size]); err != nil {
			return fmt.Errorf("write packet %d: %w", c.stats.Frames, err)
		}
		packets = packets[size:]
		c.stats.Frames++
	}
	c.stats.Bytes += int64(len(seg.packets))
	c.stats.Limited += seg.limited
	for i, n := range seg.broken {
		c.stats.Inputs[i].Broken += n
	}
	c.gathered.add(seg)
	return nil
}
