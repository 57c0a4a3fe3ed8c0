#!/usr/bin/env bash
# Fails when `make generate` changes, adds or removes a file. Compares with the
# tree as it was a moment ago, so it says the same with uncommitted work about.
set -euo pipefail
cd "$(dirname "$0")/../.."

snapshot() {
  git ls-files --cached --others --exclude-standard -z | sort -zu | xargs -0 sha256sum 2>/dev/null || true
}

before=$(snapshot)
# Generators rewrite goldens, which is refused where CI is set.
env -u CI "${MAKE:-make}" --no-print-directory generate
after=$(snapshot)
if [ "$before" != "$after" ]; then
  echo "stale: run 'make generate' and commit" >&2
  diff <(echo "$before") <(echo "$after") | awk '/^[<>]/ {print "  " $3}' | sort -u >&2
  exit 1
fi
echo "generated files are current"
