package serve

import (
	_ "embed"
	"net/http"
)

// document describes the interface (https://spec.openapis.org/oas/v3.1.0). A
// test makes it from the types here and holds every answer against it.
//
//go:embed openapi.json
var document []byte

func openAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(document)
}
