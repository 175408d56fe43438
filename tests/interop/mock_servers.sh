#!/bin/sh
# Runs tenon against servers that others wrote: the npm packages `@dwmkerr/mock-llm`, a server, and `openai-api-mock`,
# which answers in place of OpenAI inside node, behind a server of a few lines. Needs what run.sh needs, and tenon.
# Usage: tests/interop/mock_servers.sh [BUILD-DIRECTORY]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-$here/../../build/dev}" && pwd)
[ -x "$build/bin/tenon" ] || { echo "$build/bin/tenon is not built" >&2; exit 2; }
command -v node >/dev/null && command -v npm >/dev/null || { echo "node and npm are needed" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --prefix "$folder" --no-audit --no-fund --loglevel=error @dwmkerr/mock-llm openai-api-mock
cp "$here/mock_servers.mjs" "$folder/"
cd "$folder"
NODE_ENV=development node mock_servers.mjs "$build/bin/tenon"
