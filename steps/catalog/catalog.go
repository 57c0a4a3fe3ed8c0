// Package catalog lists every step there is. What a step needs of the outside
// is handed in here and nowhere else.
package catalog

import (
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/steps/artifact"
	"github.com/trackscribe/trackscribe/steps/cleanupconsent"
	"github.com/trackscribe/trackscribe/steps/detecttopics"
	"github.com/trackscribe/trackscribe/steps/finalize"
	"github.com/trackscribe/trackscribe/steps/generatesummary"
	"github.com/trackscribe/trackscribe/steps/generatetitle"
	"github.com/trackscribe/trackscribe/steps/generatewaveform"
	"github.com/trackscribe/trackscribe/steps/getparticipants"
	"github.com/trackscribe/trackscribe/steps/getrecording"
	"github.com/trackscribe/trackscribe/steps/mergetranscripts"
	"github.com/trackscribe/trackscribe/steps/mixdowntracks"
	"github.com/trackscribe/trackscribe/steps/padtrack"
	"github.com/trackscribe/trackscribe/steps/postzulip"
	"github.com/trackscribe/trackscribe/steps/sendwebhook"
	"github.com/trackscribe/trackscribe/steps/transcribetrack"
)

// Outside is what the steps need of the world, for one run.
type Outside struct {
	Source interface {
		getrecording.Source
		getparticipants.Source
		padtrack.Source
	}
	// Recognizer opens the speech recogniser; only transcribe-track calls it.
	Recognizer transcribetrack.Open
	Publisher  finalize.Publisher
}

// New returns the steps by name, each ready to run.
func New(o Outside) map[string]steps.Step {
	idle := []artifact.Skipped{
		{Step: cleanupconsent.Spec.Name, Reason: cleanupconsent.Unconfigured},
		{Step: postzulip.Spec.Name, Reason: postzulip.Unconfigured},
		{Step: sendwebhook.Spec.Name, Reason: sendwebhook.Unconfigured},
	}
	all := map[string]steps.Step{}
	for _, s := range []steps.Step{
		getrecording.New(o.Source),
		getparticipants.New(o.Source),
		padtrack.New(o.Source),
		transcribetrack.New(o.Recognizer),
		mixdowntracks.New(),
		generatewaveform.New(),
		mergetranscripts.New(),
		detecttopics.New(),
		generatetitle.New(),
		generatesummary.New(),
		finalize.New(o.Publisher, idle),
		cleanupconsent.New(),
		postzulip.New(),
		sendwebhook.New(),
	} {
		all[s.Name] = s
	}
	return all
}
