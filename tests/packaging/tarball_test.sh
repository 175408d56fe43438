#!/usr/bin/env bash
# tarball_test.sh PACKAGES: unpacks the tarball in a directory of its own and makes a recorded run there.
set -euo pipefail
packages=$1
tarball=$(find "$packages" -name 'tenon-*.tar.xz' 2>/dev/null | head -1 || true)
[ -n "$tarball" ] || { echo "skipped: no tarball in $packages; packaging/packages.sh makes it"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -C "$work" -xf "$tarball"
root=$(echo "$work"/tenon-*)
# The SDK and the templates have hosts for tests, and tests.
if find "$root" \( -name '*test*' -o -name '*model-server*' \) -not -path '*/include/tenon/*' -not -path '*/share/tenon/*' | grep .; then
    echo "the package holds parts of the test suite"; exit 1
fi
run=(env -i PATH=/usr/bin:/bin HOME="$work")  # in which no other Tenon is
mkdir "$work/workspace"
result=$("${run[@]}" TENON_STATE_DIR="$work/state" "$root/bin/tenon" --workspace "$work/workspace" \
    --replay "$root/share/tenon/examples/quickstart.jsonl" --yes --output-format json -p go </dev/null)
echo "$result"
grep -q '"subtype":"success"' <<<"$result"
grep -q '"exit_code":0' <<<"$result"
grep -q 'tenon holds' "$work/workspace/poem.txt"
result=$("${run[@]}" "$root/share/tenon/examples/quickstart.sh")
grep -q 'is completed' <<<"$result"
echo "-- what is linked in is listed"
for name in poco spdlog fmt md4c re2 yaml-cpp pcre expat libedit libtinfo libbsd libmd zlib libstdc++; do
    grep -q "^======== $name " "$root/share/doc/tenon/copyright" || { echo "no licence of $name"; exit 1; }
    grep -q "\"name\": \"$name\"" "$root/share/doc/tenon/tenon.spdx.json" || { echo "$name is not in the SPDX file"; exit 1; }
done
