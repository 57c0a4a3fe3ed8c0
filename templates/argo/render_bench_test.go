package argo_test

import (
	"testing"

	"github.com/trackscribe/trackscribe/templates/argo"
	"github.com/trackscribe/trackscribe/templates/pipeline"
)

func BenchmarkRender(b *testing.B) {
	o, err := argo.Options{Store: argo.Store{Location: "s3://bucket"}}.Complete("v1")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := argo.Render(pipeline.New(), o); err != nil {
			b.Fatal(err)
		}
	}
}
