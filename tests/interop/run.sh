#!/bin/sh
# Lets the official npm packages `openai` and `@anthropic-ai/sdk` parse what the strict model server streams, and
# compares the results with its script. Needs node, npm and a registry of npm packages, which a machine that
# builds Tenon does not need to have, so tests/run.sh does not run this.
# Usage: tests/interop/run.sh [BUILD-DIRECTORY]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${1:-$here/../../build/dev}
server=$build/tests/tenon-model-server
[ -x "$server" ] || { echo "$server is not built" >&2; exit 2; }
command -v node >/dev/null && command -v npm >/dev/null || { echo "node and npm are needed" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --prefix "$folder" --no-audit --no-fund --loglevel=error openai @anthropic-ai/sdk
cp "$here/packages.mjs" "$folder/"
node "$folder/packages.mjs" "$server"
