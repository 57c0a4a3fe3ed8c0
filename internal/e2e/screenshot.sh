#!/usr/bin/env bash
# Takes docs/argo-ui.png: the Argo UI with a finished run, its report open.
#
#   screenshot.sh NAMESPACE WORKFLOW [FILE]
#
# Needs an Argo Server with its UI at ARGO_UI (default http://127.0.0.1:2746),
# node, npm and Chromium.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
namespace=$1 workflow=$2 file=$(realpath -m "${3:-$here/../../docs/argo-ui.png}")
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
cp "$here/screenshot.mjs" "$tools/"
(cd "$tools" && npm install --no-audit --no-fund --silent playwright-core@1.64.1 >/dev/null)
(cd "$tools" && node screenshot.mjs "${ARGO_UI:-http://127.0.0.1:2746}/workflows/$namespace/$workflow" "$file")
echo "$file"
