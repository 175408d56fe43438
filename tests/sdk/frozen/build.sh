#!/bin/sh
# Builds the frozen plugin of this machine's architecture from frozen.c: see README.md for when that is allowed.
set -eu
cd "$(dirname "$0")"
${CC:-gcc} -std=c11 -pedantic-errors -Wall -Wextra -Os -fPIC -fvisibility=hidden -fno-asynchronous-unwind-tables \
    -fno-ident -shared -s -nostartfiles -Wl,-z,defs -Wl,-z,noseparate-code -Wl,--build-id=none -Wl,--hash-style=gnu \
    -I ../../../sdk/include frozen.c -o "frozen-$(uname -m).so"
