package artifact

// Usage is what a result used up of things that cost money.
type Usage struct {
	Steps map[string]StepUsage `json:"steps"` // by step; those that used nothing are left out
	Total StepUsage            `json:"total"`
	Cost  *Cost                `json:"cost,omitempty"` // when the settings give prices
}

// StepUsage is what one step used up, all its tracks together.
type StepUsage struct {
	AudioSeconds float64 `json:"audioSeconds,omitempty"` // given to the speech recogniser
	TokensIn     int     `json:"tokensIn,omitempty"`
	TokensOut    int     `json:"tokensOut,omitempty"`
	Calls        int     `json:"calls,omitempty"`
	Bytes        int64   `json:"bytes,omitempty"` // sent
}

// Cost is what that costs.
type Cost struct {
	Amount   float64 `json:"amount"`
	Currency string  `json:"currency"`
}
