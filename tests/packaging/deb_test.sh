#!/usr/bin/env bash
# deb_test.sh BUILD REPLAY: makes the package of BUILD, unpacks it in another folder and runs the recorded run REPLAY
# there, without the plugins and the shim of the build tree.
set -euo pipefail
build=$1 replay=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cpack -G DEB --config "$build/CPackConfig.cmake" -B "$work/packages" >"$work/cpack.log" 2>&1 || { cat "$work/cpack.log"; exit 1; }
package=$(echo "$work"/packages/tenon_*.deb)
dpkg-deb --info "$package" | grep -E '^ (Package|Version|Depends)'
dpkg-deb -x "$package" "$work/root"

for file in usr/bin/tenon usr/libexec/tenon/tenon-shim usr/libexec/tenon/tenon-plugin-host usr/lib/tenon/plugins/{bash.so,file.so,skill.so,subagent.so,manifest.json} \
    usr/include/tenon/plugin.h usr/share/pkgconfig/tenon.pc usr/share/tenon/template/{c/plugin.c,cpp/plugin.cpp,rust/src/tenon.rs} usr/share/man/man1/tenon.1 usr/share/man/man7/{tenon-permissions.7,tenon-sandbox.7} usr/share/doc/tenon/copyright; do
    [ -e "$work/root/$file" ] || { echo "the package lacks /$file"; exit 1; }
done
# The SDK and the templates have hosts for tests, and tests.
if find "$work/root" \( -name '*test*' -o -name '*model-server*' \) -not -path '*/include/tenon/*' -not -path '*/share/tenon/*' | grep .; then
    echo "the package holds parts of the test suite"; exit 1
fi
if readelf -d "$work/root/usr/bin/tenon" | grep -E 'R(UN)?PATH'; then
    echo "the program has a run path"; exit 1
fi

mkdir "$work/workspace"
result=$(env -i PATH=/usr/bin:/bin HOME="$work" TENON_STATE_DIR="$work/state" "$work/root/usr/bin/tenon" \
    --workspace "$work/workspace" --replay "$replay" --yes --output-format json -p go </dev/null)
echo "$result"
grep -q '"subtype":"success"' <<<"$result"
grep -q '"exit_code":0' <<<"$result"
grep -q 'tenon holds' "$work/workspace/poem.txt"
