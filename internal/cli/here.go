package cli

import (
	"cmp"
	"maps"

	"github.com/trackscribe/trackscribe/internal/llm/prompts"
	"github.com/trackscribe/trackscribe/internal/model"
	"github.com/trackscribe/trackscribe/internal/operate"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/steps"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

// paramsHere returns the parameters of runs in this process: those that the
// settings give, and over them those that were asked for. It fails where such a
// run could not, or not wholly, succeed.
func paramsHere(set settings.Settings, asked map[string]string, refresh []string) (map[string]string, error) {
	params := set.Params()
	maps.Copy(params, asked)
	g := pipeline.New()
	if err := cmp.Or(operate.Check(g, params, refresh), operate.Together(g, params)); err != nil {
		return nil, usageError(err)
	}
	// A speech server has a model of its own.
	if cmp.Or(params["transcript-backend"], settings.SpeechEmbedded) == settings.SpeechEmbedded {
		if err := model.Check(set.ModelDir); err != nil {
			return nil, err
		}
	}
	return params, checkLanguage(set, params)
}

// checkLanguage finds out before a run what would leave its result without
// topics, title and summary.
func checkLanguage(set settings.Settings, params map[string]string) error {
	if params["llm-model"] == "" {
		return nil
	}
	if set.LLM.URL == "" {
		return steps.NoModel(params["llm-model"])
	}
	_, err := prompts.Load(set.LLM.Prompts)
	return err
}
