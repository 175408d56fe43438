#!/usr/bin/env bash
# reproducible.sh: builds the packages of this commit twice, in directories with other names and without ccache, and compares
# them bit for bit. Takes two full builds, so it is run by hand before a release.
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CCACHE_DISABLE=1
for place in one another/deeper; do
    git clone -q "$source" "$work/$place"
    "$work/$place/packaging/packages.sh" --output "$work/$place.packages" >/dev/null
    (cd "$work/$place.packages" && sha256sum -- *.deb *.tar.xz *.rpm) >"$work/sums.${place%%/*}"
    rm -rf "${work:?}/$place"
done
cat "$work/sums.one"
diff "$work/sums.one" "$work/sums.another" && echo "the same"
