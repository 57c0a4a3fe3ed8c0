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
while read -r package name; do
  echo "== $name in $package, $time"
  "$go" test -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 20x "$package"
done <<<"$targets"
