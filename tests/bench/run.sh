#!/usr/bin/env bash
# Installs missing packages, builds the release with tenon_bench, and measures. The last lines are a
# table of measured and promised values. Arguments go to tenon_bench, for example
# --benchmark_filter=bash_turn.
set -euo pipefail
cd "$(dirname "$0")/../.."

packaging/install-deps.sh build bench
log=$(mktemp)
trap 'rm -f "$log"' EXIT
{ cmake --preset bench && cmake --build --preset bench -j "$(nproc)" --target tenon_bench; } >"$log" 2>&1 ||
    { tail -60 "$log"; exit 1; }
build/bench/tests/tenon_bench "$@"
