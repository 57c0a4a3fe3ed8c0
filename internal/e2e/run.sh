#!/usr/bin/env bash
# Tests, or measures, on a real cluster:
#
#   run.sh test [GO TEST FLAG...]   the end-to-end tests (make e2e)
#   run.sh bench [FLAG...]          makespan of the three granularities (make bench-cluster)
#
# With KUBECONFIG set, on that cluster; it also takes
#
#   TRACKSCRIBE_E2E_S3_ENDPOINT, TRACKSCRIBE_E2E_S3_ENDPOINT_IN_PODS   URLs of an S3 server, from here and from pods
#   TRACKSCRIBE_E2E_BUCKET, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY   a bucket there and who may write to it
#   TRACKSCRIBE_E2E_LOAD   command that puts an image archive on the nodes, such as "kind load image-archive"
#
# Without KUBECONFIG, on the single-node cluster beside the checkout, which is
# started, and stopped again if it was not running. Where there is none, or it
# cannot start, the exit code is 77.
set -euo pipefail
cd "$(dirname "$0")/../.."

what=${1:-test}
shift || true
GO=${GO:-go}
arch=$($GO env GOARCH)
out=$PWD/out/e2e
export CGO_ENABLED=0

skip() {
  printf '\n!!! NOT TESTED ON A CLUSTER: %s\n!!! See the head of %s.\n\n' "$1" internal/e2e/run.sh >&2
  exit 77
}

need() {
  [ -n "${!1:-}" ] || { echo "run.sh: $1 is not set: see the head of this file" >&2; exit 2; }
}

beside() {
  cluster=$PWD/../shared/cluster/cluster # the trap needs it too
  [ -x "$cluster" ] || skip "KUBECONFIG is not set and there is no cluster beside the checkout"
  [ "$(uname -s)-$(id -u)" = Linux-0 ] || skip "the cluster beside the checkout needs Linux and root"
  if ! "$cluster" ps >/dev/null 2>&1; then
    trap '"$cluster" down >/dev/null 2>&1 || true' EXIT
    echo "== start the cluster" >&2
    # Building it takes about ten minutes, once.
    timeout --foreground 30m "$cluster" up >&2 || skip "the cluster beside the checkout does not start on this machine"
  fi
  eval "$("$cluster" env)"
  export TRACKSCRIBE_E2E_CLUSTER=$cluster TRACKSCRIBE_E2E_LOAD="$cluster load" TRACKSCRIBE_E2E_BUCKET=$CLUSTER_S3_BUCKET \
    TRACKSCRIBE_E2E_S3_ENDPOINT=$CLUSTER_S3_ENDPOINT TRACKSCRIBE_E2E_S3_ENDPOINT_IN_PODS=$CLUSTER_S3_ENDPOINT_IN_PODS
  if ! command -v kubectl >/dev/null; then
    mkdir -p "$out/bin"
    printf '#!/bin/sh\nexec kube kubectl "$@"\n' >"$out/bin/kubectl"
    chmod +x "$out/bin/kubectl"
    export PATH=$out/bin:$PATH
  fi
}

# images builds the images, with one more whose steps fail, wait or do nothing
# as they are told, and that holds the services that steps talk to, and puts
# them on the nodes.
images() {
  local repo=docker.io/library/trackscribe
  $GO run ./internal/tools/mkimage archive -go "$GO" -arch "$arch" -version e2e -out "$out"
  $GO build -trimpath -ldflags '-s -w' -o "$out/standin" ./internal/e2e/standin
  $GO build -trimpath -ldflags '-s -w' -o "$out/services" ./internal/e2e/services
  $GO run ./internal/e2e/layer -image "$out/step-$arch.tar" -tag "$repo-standin:e2e" -o "$out/standin-$arch.tar" \
    "/step.real=image:/step" "/step=$out/standin" "/services=$out/services"
  local archive
  for archive in step cli standin; do
    timeout --foreground 5m $TRACKSCRIBE_E2E_LOAD "$out/$archive-$arch.tar"
  done
  export TRACKSCRIBE_E2E_IMAGE=$repo-step:e2e TRACKSCRIBE_E2E_CLI_IMAGE=$repo-cli:e2e TRACKSCRIBE_E2E_STANDIN_IMAGE=$repo-standin:e2e
}

[ -n "${KUBECONFIG:-}" ] || beside
for name in S3_ENDPOINT S3_ENDPOINT_IN_PODS BUCKET LOAD; do need "TRACKSCRIBE_E2E_$name"; done
need AWS_ACCESS_KEY_ID
need AWS_SECRET_ACCESS_KEY
command -v kubectl >/dev/null || { echo "run.sh: kubectl is missing" >&2; exit 2; }

mkdir -p "$out"
echo "== build" >&2
images >&2
make -s build GO="$GO" BIN="$out/trackscribe" VERSION=e2e >&2
export TRACKSCRIBE_E2E=1 TRACKSCRIBE_E2E_CLI=$out/trackscribe

case $what in
test)
  # A real S3 server with versions: what is deleted must be gone from its disk.
  if command -v versitygw >/dev/null; then
    $GO test -count=1 -timeout 10m -v -run 'TestRealServer' ./internal/consent
  fi
  # More runs at once than a small node can take only make each slower. What
  # fails beside others gets a second chance alone, and that is said.
  if $GO test -count=1 -timeout 30m -parallel 3 -v "$@" ./internal/e2e 2>&1 | tee "$out/test.log"; then
    exit 0
  fi
  failed=$(sed -n 's/^--- FAIL: \(Test[A-Za-z0-9]*\) .*/\1/p' "$out/test.log" | sort -u | paste -sd '|')
  [ -n "$failed" ] || exit 1
  printf '\n!!! FAILED, ONCE MORE ALONE: %s\n\n' "$failed" >&2
  $GO test -count=1 -timeout 20m -parallel 1 -v -run "^($failed)\$" ./internal/e2e
  ;;
bench)
  $GO run ./internal/bench/cluster -cli "$TRACKSCRIBE_E2E_CLI" -image "$TRACKSCRIBE_E2E_IMAGE" -floor "$TRACKSCRIBE_E2E_STANDIN_IMAGE" \
    -bucket "$TRACKSCRIBE_E2E_BUCKET" -endpoint "$TRACKSCRIBE_E2E_S3_ENDPOINT" -endpoint-in-pods "$TRACKSCRIBE_E2E_S3_ENDPOINT_IN_PODS" "$@"
  ;;
*)
  echo "run.sh: test or bench" >&2
  exit 2
  ;;
esac
