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
	// Transcriber opens who recognises speech; only transcribe-track calls it.
	Transcriber transcribetrack.Open
	// Minutes asks a language model; nil: topics and summary are extracted.
	Minutes interface {
		detecttopics.Model
		generatetitle.Model
		generatesummary.Model
	}
	Publisher finalize.Publisher
	Ledger    finalize.Ledger
	Consent   cleanupconsent.Outside
	// Effects keeps what side effects did.
	Effects steps.Documents
	Zulip   postzulip.Server     // nil: none
	Webhook sendwebhook.Receiver // nil: none
	// Link returns the address of a recording's page, or "".
	Link func(recording string) string
}

// New returns the steps by name, each ready to run.
func New(o Outside) map[string]steps.Step {
	idle := []artifact.Skipped{}
	if o.Zulip == nil {
		idle = append(idle, artifact.Skipped{Step: postzulip.Spec.Name, Reason: postzulip.Unconfigured})
	}
	if o.Webhook == nil {
		idle = append(idle, artifact.Skipped{Step: sendwebhook.Spec.Name, Reason: sendwebhook.Unconfigured})
	}
	all := map[string]steps.Step{}
	for _, s := range []steps.Step{
		getrecording.New(o.Source),
		getparticipants.New(o.Source),
		padtrack.New(o.Source),
		transcribetrack.New(o.Transcriber),
		mixdowntracks.New(),
		generatewaveform.New(),
		mergetranscripts.New(),
		detecttopics.New(o.Minutes),
		generatetitle.New(o.Minutes),
		generatesummary.New(o.Minutes),
		finalize.New(o.Publisher, o.Ledger, idle),
		cleanupconsent.New(o.Consent),
		postzulip.New(o.Zulip, o.Effects, o.Link),
		sendwebhook.New(o.Webhook, o.Effects, o.Link),
	} {
		all[s.Name] = s
	}
	return all
}
