package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A cost is what one process took.
type cost struct {
	cpu  float64 // seconds, user and system
	wall float64 // seconds
	rss  int64   // bytes, at the peak
}

// plus adds two processes that run one after the other.
func (c cost) plus(d cost) cost { return cost{c.cpu + d.cpu, c.wall + d.wall, max(c.rss, d.rss)} }

// costs are those of several rounds.
type costs []cost

// least returns the smallest and the middle value of what of picks.
func (c costs) least(of func(cost) float64) (least, median float64) {
	if len(c) == 0 {
		return 0, 0
	}
	var v []float64
	for _, one := range c {
		v = append(v, of(one))
	}
	slices.Sort(v)
	median = v[len(v)/2]
	if len(v)%2 == 0 {
		median = (median + v[len(v)/2-1]) / 2
	}
	return v[0], median
}

func cpuOf(c cost) float64  { return c.cpu }
func wallOf(c cost) float64 { return c.wall }

// sum adds rounds of processes that run one after the other.
func sum(all ...costs) costs {
	var out costs
	for i := range all[0] {
		var c cost
		for _, one := range all {
			c = c.plus(one[i])
		}
		out = append(out, c)
	}
	return out
}

// cores is how many both sides may use: what the bounds on wall time are for.
const cores = 2

// A machine starts processes on at most [cores] CPUs.
type machine struct {
	pin []string // what to put before a command; empty where there is no need or no way
}

func newMachine() machine {
	if runtime.NumCPU() <= cores {
		return machine{}
	}
	path, err := exec.LookPath("taskset")
	if err != nil {
		return machine{}
	}
	return machine{pin: []string{path, "-c", fmt.Sprintf("0-%d", cores-1)}}
}

// describe says where figures come from.
func (m machine) describe() string {
	text := fmt.Sprintf("%s/%s, %d CPUs", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	switch {
	case len(m.pin) > 0:
		text += fmt.Sprintf(", both sides on %d of them", cores)
	case runtime.NumCPU() != cores:
		text += fmt.Sprintf(" (the bound on wall time is for %d)", cores)
	}
	return text
}

// run measures one process to its end. env is added to this program's own.
//
// The kernel counts the memory of whoever starts a process as that process'
// own until it has loaded its program (see [ownPeak]), so this program must
// never be large: what takes memory is done in a process of its own.
func (m machine) run(ctx context.Context, env []string, argv ...string) (cost, error) {
	argv = append(slices.Clone(m.pin), argv...)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(cmd.Environ(), env...)
	var tail tail
	cmd.Stdout, cmd.Stderr = io.Discard, &tail
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if ctx.Err() != nil {
		return cost{}, ctx.Err()
	}
	if err != nil {
		return cost{}, fmt.Errorf("run %s: %w\n%s", strings.Join(argv, " "), err, tail)
	}
	return costOf(cmd.ProcessState, wall)
}

// rssUnit is the unit of Rusage.Maxrss in bytes.
func rssUnit() int64 {
	if runtime.GOOS == "darwin" {
		return 1
	}
	return 1024
}

// ownPeak is this program's peak memory in bytes, which no process that it
// starts can show less than; 0 where the system does not tell. Its own rusage
// would also count who started it.
func ownPeak() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kB int64
	if _, err := fmt.Sscan(rest, &kB); err != nil {
		return 0
	}
	return kB << 10
}

func costOf(p *os.ProcessState, wall time.Duration) (cost, error) {
	u, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return cost{}, fmt.Errorf("measure process: no resource usage on %s", runtime.GOOS)
	}
	cpu := p.UserTime() + p.SystemTime()
	return cost{cpu: cpu.Seconds(), wall: wall.Seconds(), rss: int64(u.Maxrss) * rssUnit()}, nil
}

// A tail keeps the end of what a process says about itself.
type tail []byte

func (t *tail) Write(b []byte) (int, error) {
	const keep = 2000
	*t = append(*t, b...)
	if len(*t) > keep {
		*t = append((*t)[:0], (*t)[len(*t)-keep:]...)
	}
	return len(b), nil
}
