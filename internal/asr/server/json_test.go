package server_test

import "encoding/json"

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func unmarshal(b []byte, v any) error { return json.Unmarshal(b, v) }
