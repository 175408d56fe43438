#!/usr/bin/env bash
# Installs what is missing, builds Tenon, and runs its main job: no network, no key. A recorded model
# drives the real host, the real plugins and real processes.
set -euo pipefail
cd "$(dirname "$0")/.."

packaging/install-deps.sh build
log=$(mktemp)
workspace=$(mktemp -d)
trap 'rm -rf "$log" "$workspace"' EXIT
echo "Building (some minutes the first time) …"
cmake --preset release >"$log" 2>&1 && cmake --build --preset release >>"$log" 2>&1 || { tail -40 "$log" >&2; exit 1; }

member() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"$2"; }
tell() {
    while IFS= read -r line; do
        case $line in
        *'"type":"assistant"'*) echo "model:  $(member text "$line")" ;;
        *'"type":"job"'*) echo "job:    $(member id "$line") is $(member status "$line"): $(member command "$line")" ;;
        *'<background-results>'*) echo "host:   tells the model what the job printed" ;;
        *'"type":"result"'*) printf '\nanswer: %s\n' "$(member result "$line")" ;;
        esac
    done
}
echo
TENON_STATE_DIR=$workspace/.state build/release/bin/tenon --workspace "$workspace" --yes \
    --replay examples/quickstart.jsonl --output-format stream-json \
    -p 'Count to three in the background, and write a poem into poem.txt meanwhile.' </dev/null | tell
printf '\npoem.txt, written while the job ran:\n'
cat "$workspace/poem.txt"
