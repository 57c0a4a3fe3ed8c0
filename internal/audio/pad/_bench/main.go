package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/trackscribe/trackscribe/internal/audio/audiotest"
	"github.com/trackscribe/trackscribe/internal/audio/pad"
)

func main() {
	if os.Args[1] == "gen" {
		sec, _ := strconv.ParseFloat(os.Args[2], 64)
		for i, s := range audiotest.Meeting(sec) {
			f, _ := os.Create(fmt.Sprintf("%s/raw%d.webm", os.Args[3], i))
			if err := audiotest.Raw(f, s); err != nil {
				panic(err)
			}
			f.Close()
		}
		return
	}
	f, _ := os.Open(os.Args[2])
	o, _ := os.Create(os.Args[3])
	w := time.Now()
	tl, err := pad.Pad(context.Background(), f, o, pad.Options{})
	if err != nil {
		panic(err)
	}
	st, _ := f.Stat()
	so, _ := o.Stat()
	var r syscall.Rusage
	syscall.Getrusage(0, &r)
	fmt.Printf("in %.1f MB out %.1f MB packets %d gaps %d (%.1f s) dropped %d drift %.4f  cpu %.3f wall %.3f rss %d MB\n", float64(st.Size())/1e6, float64(so.Size())/1e6, tl.Packets, tl.GapCount, tl.GapSeconds, tl.Dropped, tl.MaxDrift,
		float64(r.Utime.Nano()+r.Stime.Nano())/1e9, time.Since(w).Seconds(), r.Maxrss/1024)
}
