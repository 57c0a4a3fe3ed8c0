#!/usr/bin/env bash
# Runs every fuzz target of the module, one after the other, for the time
# given. Stops at the first that fails.
set -euo pipefail
cd "$(dirname "$0")/../.."
time=${1:-60s}
go=${GO:-go}

# `go test -list` prints a package's targets and then "ok <package> <time>".
targets=$("$go" test -list '^Fuzz' ./... | awk '/^Fuzz/ {names[++n] = $1} /^ok/ {for (i = 1; i <= n; i++) print $2, names[i]; n = 0}')
if [ -z "$targets" ]; then
  echo "fuzz.sh: no fuzz targets found" >&2
  exit 1
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
fuzz() { "$go" test -run '^$' -fuzz "^$2\$" -fuzztime "$time" -fuzzminimizetime 20x "$1" 2>&1 | tee "$log"; }
while read -r package name; do
  echo "== $name in $package, $time"
  fuzz "$package" "$name" && continue
  # On a busy machine Go may call the end of the time a failure. That is none
  # when no input failed: once more.
  if grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input' "$log"; then
    echo "== $name again: it only ran out of time"
    fuzz "$package" "$name" && continue
  fi
  exit 1
done <<<"$targets"
