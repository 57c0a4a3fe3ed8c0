package cli

import (
	"github.com/trackscribe/trackscribe/internal/llm/prompts"
	"github.com/trackscribe/trackscribe/internal/settings"
	"github.com/trackscribe/trackscribe/steps"
)

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
