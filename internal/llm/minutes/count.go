package minutes

import (
	"sync"

	"github.com/trackscribe/trackscribe/steps"
)

// A count tells a job's progress by how many of its calls are finished.
type count struct {
	mu          sync.Mutex
	job         *steps.Job
	done, total int
}

func newCount(job *steps.Job, total int) *count { return &count{job: job, total: total} }

func (c *count) one() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done++
	c.job.Progress(min(1, float64(c.done)/float64(c.total)))
}
