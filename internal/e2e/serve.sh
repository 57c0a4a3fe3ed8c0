#!/usr/bin/env bash
# Tests the pages of `trackscribe serve` in a real browser, step by step:
#
#   serve.sh [FOLDER]   a folder of recordings, of which the first is used (default: ../shared/testdata beside the checkout)
#
# Needs node, npm and Chromium; without them, or without a recording, the exit
# code is 77. It also takes
#
#   TRACKSCRIBE_BIN   the program to test (default: built here)
#   CHROMIUM          the browser (default: /usr/bin/chromium)
#   SCREENSHOTS       a folder for pictures of the pages
#
# With SERVE_URL, SERVE_TOKEN, SERVE_SECRET (of the webhook) and SERVE_ID (a
# recording of its source) it tests a server that is there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
source=${1:-$root/../shared/testdata}
export CHROMIUM=${CHROMIUM:-/usr/bin/chromium}

skip() {
  echo "!!! NOT TESTED IN A BROWSER: $1" >&2
  exit 77
}
command -v node >/dev/null && command -v npm >/dev/null || skip "node or npm is missing"
[ -x "$CHROMIUM" ] || skip "there is no Chromium at $CHROMIUM"
[ -n "${SERVE_URL:-}" ] || [ -n "$(find "$source" -mindepth 2 -maxdepth 2 -name recording.json -print -quit 2>/dev/null)" ] || skip "there is no recording in $source"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
if [ -z "${TRACKSCRIBE_BIN:-}${SERVE_URL:-}" ]; then
  make -C "$root" build >/dev/null
  TRACKSCRIBE_BIN=$root/bin/trackscribe
fi
cp "$here"/serve*.mjs "$tmp/"
(cd "$tmp" && npm install --no-audit --no-fund --silent playwright-core@1.64.1 axe-core@4.14.1 >/dev/null) || skip "npm cannot fetch the packages"
if [ -n "${SERVE_URL:-}" ]; then
  node "$tmp/serve-there.mjs"
  exit
fi
[ -z "${SCREENSHOTS:-}" ] || { mkdir -p "$SCREENSHOTS"; SCREENSHOTS=$(realpath "$SCREENSHOTS"); export SCREENSHOTS; }
node "$tmp/serve.mjs" "$(realpath "$TRACKSCRIBE_BIN")" "$(realpath "$source")" "$tmp"
