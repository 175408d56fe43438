#!/usr/bin/env bash
# copyright.sh BUNDLE: prints Tenon's licence, and those of what is linked in or compiled in (libraries.txt), as
# Debian's copyright files state them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bundle=$1

cat <<'END'
Tenon is Copyright 2026 The Tenon authors, and licensed under the Apache License, Version 2.0. On Debian systems, the
text of that licence is in /usr/share/common-licenses/Apache-2.0.

The programs and plugins of this package contain the following libraries. They were built from Debian's packages, and
what follows for each is that package's own statement.
END
grep -v '^#' "$here/libraries.txt" | while read -r name licence how packages; do
    text=$bundle/licences/${packages%% *}
    [ "$how" = source ] || text=/usr/share/doc/${packages##* }/copyright
    [ -e "$text" ] || { echo "copyright.sh: no licence text of $name: $text" >&2; exit 1; }
    printf '\n\n======== %s (%s) ========\n\n' "$name" "${licence//_/ }"
    # Boost's file lists every author of every library: its licence is enough.
    if [ "$(stat -c %s "$text")" -gt 100000 ]; then
        awk -v first="License: $licence" 'BEGIN {RS = ""} index($0, first "\n") == 1 {print; exit}' "$text"
    else
        cat "$text"
    fi
done
