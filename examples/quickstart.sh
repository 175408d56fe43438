#!/usr/bin/env bash
# Installs what is missing, builds Tenon, and runs its main job: no network, no key. A recorded model
# drives the real host, the real plugins and real processes.
set -euo pipefail
cd "$(dirname "$0")/.."

packaging/install-deps.sh build
cmake --preset release >build-quickstart.log 2>&1 || { cat build-quickstart.log >&2; exit 1; }
echo "Building (a few minutes the first time) …" >&2
cmake --build --preset release >>build-quickstart.log 2>&1 || { tail -40 build-quickstart.log >&2; exit 1; }
rm -f build-quickstart.log

workspace=$(mktemp -d)
trap 'rm -rf "$workspace"' EXIT
echo "The workspace is $workspace; this is what happens:" >&2
TENON_STATE_DIR=$workspace/.state build/release/bin/tenon --workspace "$workspace" \
    --replay examples/quickstart.jsonl --output-format stream-json --yes \
    -p 'Count to three in the background, and write a poem into poem.txt meanwhile.' |
    tee "$workspace/events.jsonl" >&2

echo >&2
echo "The file that was written while the job ran:" >&2
cat "$workspace/poem.txt" >&2
echo >&2
echo "The answer:" >&2
sed -n 's/.*"result":"\([^"]*\)".*"type":"result".*/\1/p' "$workspace/events.jsonl"
