package steps

import "io"

// A Meter tells a job's progress by how much of its inputs was read. It serves
// one goroutine at a time.
type Meter struct {
	job         *Job
	done, total int64
}

// Meter returns a meter for inputs of so many bytes in all.
func (j *Job) Meter(total int64) *Meter { return &Meter{job: j, total: max(1, total)} }

// Reader returns r, counted.
func (m *Meter) Reader(r io.Reader) io.Reader { return metered{r, m} }

type metered struct {
	r io.Reader
	m *Meter
}

func (r metered) Read(b []byte) (int, error) {
	n, err := r.r.Read(b)
	r.m.done += int64(n)
	r.m.job.Progress(min(1, float64(r.m.done)/float64(r.m.total)))
	return n, err
}
