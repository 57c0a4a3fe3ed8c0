package steps

// NoModel is the failure of a step that is to ask a language model, and there
// is none.
func NoModel(model string) error {
	return Wrong("set LLM_URL to the address of its server, or leave llm-model empty", "the language model %q is asked for, and no server is set", model)
}
