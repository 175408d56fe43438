#!/usr/bin/env bash
# Makes the .deb and .rpm packages and the tarball of this tree, from the bundled build.
#   packages.sh [--output DIR] [deb|rpm|tar]…     default: all three, in build/packages
# The packages of one commit are the same, bit for bit, wherever they are made with the same compiler: every time in
# them is SOURCE_DATE_EPOCH, which is the time of the commit unless it is set.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
output=build/packages
wanted=()
while [ $# -gt 0 ]; do
    case $1 in
    --output) [ $# -gt 1 ] || { echo "packages.sh: --output needs a directory" >&2; exit 2; }; output=$2; shift ;;
    deb | rpm | tar) wanted+=("$1") ;;
    *) echo "usage: packages.sh [--output DIR] [deb|rpm|tar]…" >&2; exit 2 ;;
    esac
    shift
done
[ ${#wanted[@]} -gt 0 ] || wanted=(deb rpm tar)

packaging/install-deps.sh build package
bundle=$(packaging/bundle/build.sh)
version=$(sed -n 's/^set(TENON_VERSION \(.*\))$/\1/p' sdk/cmake/version.cmake)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C.UTF-8
umask 022

log=$(mktemp)
work=$(mktemp -d)
trap 'rm -rf "$log" "$work"' EXIT
logged() { "$@" >"$log" 2>&1 || { tail -60 "$log" >&2; echo "packages.sh: failed: $*" >&2; exit 1; }; }
echo "== build"
logged cmake --preset package -DTENON_BUNDLE_DIR="$bundle"
logged cmake --build --preset package
mkdir -p "$output"
output=$(cd "$output" && pwd)
export TENON_BUILD=$PWD/build/package TENON_SOURCE=$PWD

# What is linked in: as texts for people, and as SPDX for programs.
packaging/bundle/copyright.sh "$bundle" >"$work/copyright"
packaging/bundle/spdx.sh "$bundle" "$version" >"$work/tenon.spdx.json"
export TENON_COPYRIGHT=$work/copyright TENON_SPDX=$work/tenon.spdx.json

make_deb() {
    mkdir -p "$work/deb/tenon"
    cp -r packaging/debian "$work/deb/tenon/debian"
    cp "$TENON_COPYRIGHT" "$work/deb/tenon/debian/tenon.copyright"
    cp "$TENON_SPDX" "$work/deb/tenon"
    cat >"$work/deb/tenon/debian/changelog" <<END
tenon ($version) stable; urgency=medium

  * The changes are in CHANGELOG.md.

 -- The Tenon authors <maintainers@tenon.dev>  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
END
    (cd "$work/deb/tenon" && logged dpkg-buildpackage --build=binary --no-sign --no-pre-clean --no-check-builddeps)
    cp "$work"/deb/*.deb "$output"
}

make_rpm() {
    logged rpmbuild -bb --define "_topdir $work/rpm" --define "tenon_version $version" --define "tenon_packaging $here" \
        --define "tenon_date $(date -u -d "@$SOURCE_DATE_EPOCH" '+%a %b %d %Y')" \
        packaging/rpm/tenon.spec
    find "$work/rpm/RPMS" -name '*.rpm' -exec cp {} "$output" \;
}

# What belongs into /etc stays out of it; its example is beside the others.
make_tar() {
    local name=tenon-$version-linux-$(uname -m)
    logged env DESTDIR="$work/tar" cmake --install build/package --prefix "/$name" --component tenon --strip
    logged env DESTDIR="$work/tar" cmake --install build/package --prefix "/$name" --component sdk
    install -m 644 "$TENON_COPYRIGHT" "$TENON_SPDX" CHANGELOG.md "$work/tar/$name/share/doc/tenon"
    tar -C "$work/tar" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -cJf "$output/$name.tar.xz" "$name"
}

for kind in "${wanted[@]}"; do
    echo "== $kind"
    "make_$kind"
done
ls -l "$output"
