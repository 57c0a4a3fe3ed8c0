package web

import "github.com/trackscribe/trackscribe/internal/report"

// A Player is the audio with its waveform and the words that follow it.
type Player struct {
	Audio    string // address; empty: there is none
	Waveform string // address of waveform.json; empty: there is none
	Words    string // address of the words' times, see [report.Words]
	Missing  string // why there is no audio
	Duration float64
}

// sections makes the parts of the report, once per page.
func (r *recording) sections() error {
	if r.Report == nil {
		return nil
	}
	var err error
	r.Parts, err = report.NewSections(*r.Report)
	return err
}
