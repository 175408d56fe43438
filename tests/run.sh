#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test: under the preset dev, under those named
# (dev asan tsan), or with --all under all three. With dev, the packages are made first, and tested too.
set -euo pipefail
cd "$(dirname "$0")/.."

presets=("$@")
[ ${#presets[@]} -gt 0 ] || presets=(dev)
[ "${presets[0]}" != --all ] || presets=(dev asan tsan)

packaging/install-deps.sh build test package
jobs=$(nproc)
for preset in "${presets[@]}"; do
    echo "== $preset: configure and build"
    cmake --preset "$preset" >"build-$preset.log" 2>&1 || { cat "build-$preset.log"; exit 1; }
    cmake --build --preset "$preset" -j "$jobs" >>"build-$preset.log" 2>&1 || { tail -60 "build-$preset.log"; exit 1; }
    rm -f "build-$preset.log"
    if [ "$preset" = dev ] && command -v dpkg-buildpackage >/dev/null; then
        rm -rf build/packages
        packaging/packages.sh
    fi
    echo "== $preset: test"
    # Tests wait more than they compute.
    ctest --test-dir "build/$preset" -j $((jobs + 1)) --output-on-failure --no-tests=error --progress
done
