#!/usr/bin/env bash
# Makes examples/standup and examples/bare again from their scripts.
# Needs Go and flite (Debian: apt-get install flite). Trackscribe itself needs
# neither flite nor this script.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v flite >/dev/null; then
  echo "make.sh: flite is not installed (Debian: apt-get install flite)" >&2
  exit 1
fi
mkdir -p bin
go build -o bin/mkexample ./internal/tools/mkexample
bin/mkexample -script examples/standup/script.json -out examples/standup
bin/mkexample -script internal/tools/mkexample/bare.json -out examples/bare
