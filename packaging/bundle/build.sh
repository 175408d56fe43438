#!/usr/bin/env bash
# Makes the static libraries that the bundled build (-DTENON_BUNDLE=ON) links and Debian does not have, from
# Debian's own source packages, and prints the directory in which they are.
#   build.sh [--print]     --print: only prints the directory, which is there already
# The directory is $TENON_BUNDLE_CACHE (default: ~/.cache/tenon/bundle)/KEY. KEY is made of the versions of the
# sources, the compiler and the scripts here, so that nothing old is used; `current` beside it leads to the last one.
# apt verifies the sources: the signed release names the index, the index names each file's hash.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${TENON_BUNDLE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tenon/bundle}
if [ "${1:-}" = --print ]; then
    readlink -e "$cache/current" || { echo "build.sh: nothing in $cache; run packaging/bundle/build.sh" >&2; exit 1; }
    exit 0
fi
[ $# -eq 0 ] || { echo "usage: build.sh [--print]" >&2; exit 2; }
[[ $cache != *[[:space:]]* ]] || { echo "build.sh: $cache has a blank, which compiler options cannot have; set TENON_BUNDLE_CACHE" >&2; exit 1; }
command -v apt-get >/dev/null || { echo "build.sh: the sources are fetched with apt-get, which is not here" >&2; exit 1; }

sources=$(awk '$3 == "source" || $3 == "original" {print $4}' "$here/libraries.txt")

# apt with a source list of its own: the distribution's repositories as apt already has them, as deb-src.
mkdir -p "$cache/apt/lists/partial" "$cache/apt/archives/partial"
. /etc/os-release
# shellcheck disable=SC2016
apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk -v id="$ID" 'tolower($1) == id && $4 == "main" {print "deb-src", $2, $3, $4}' | sort -u >"$cache/apt/sources.list"
[ -s "$cache/apt/sources.list" ] ||
    { echo "build.sh: apt knows no repository of $ID; run 'apt-get update' and look into /etc/apt/sources.list.d" >&2; exit 1; }
apt_options=(-q -o "Dir::Etc::SourceList=$cache/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$cache/apt/lists" -o "Dir::Cache=$cache/apt" -o APT::Sandbox::User=
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Get::AllowUnauthenticated=false)
apt-get "${apt_options[@]}" update >"$cache/apt/log" 2>&1 || { cat "$cache/apt/log" >&2; exit 1; }

newest() {
    apt-cache "${apt_options[@]}" showsrc "$1" | awk '$1 == "Version:" {print $2}' | sort -V | tail -1
}
versions=''
for source in $sources; do
    version=$(newest "$source")
    [ -n "$version" ] || { echo "build.sh: apt has no source package $source" >&2; exit 1; }
    versions="$versions $source=$version"
done
key=$( (echo "$versions"; ${CXX:-c++} --version; cat "$here"/{build.sh,poco.cmake,older_glibc.c,libraries.txt}) | sha256sum | cut -c1-16)
if [ ! -e "$cache/$key/done" ]; then
    work=$(mktemp -d "$cache/work.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    prefix=$work/prefix
    mkdir -p "$prefix/licences" "$work/src"
    # PIC: the plugins link them too. The debug information goes into the debug package; no path of this machine.
    flags="-O2 -g1 -w -ffunction-sections -fdata-sections -fPIC -fvisibility=hidden -fstack-protector-strong -D_FORTIFY_SOURCE=2 -ffile-prefix-map=$work=bundle"
    unpack() {
        if grep -q "original *$1 " "$here/libraries.txt"; then
            apt-get "${apt_options[@]}" source --tar-only --download-only "$1=$2" && mkdir "$1" &&
                tar -xf "$1"_*.orig.tar.* -C "$1" --strip-components=1
        else
            apt-get "${apt_options[@]}" source --download-only "$1=$2" && dpkg-source --no-copy -x "$1"_*.dsc "$1"
        fi
    }
    logged() { # logged SOURCE COMMAND…
        local log=$work/$1.log
        shift
        "$@" >>"$log" 2>&1 || { tail -40 "$log" >&2; exit 1; }
    }
    prepare() { # prepare SOURCE [COMMAND…]: unpacks it, and runs the command in it
        local source=$1 version
        shift
        version=$(newest "$source")
        echo "bundle: $source $version" >&2
        (cd "$work/src" && logged "$source" unpack "$source" "$version")
        [ $# -eq 0 ] || (cd "$work/src/$source" && logged "$source" env PATH=/usr/bin:/bin "$@")
        echo "$source $version" >>"$prefix/versions"
    }
    build() { # build SOURCE CMAKE-OPTIONS…
        local source=$1
        shift
        [ -e "$work/src/$source" ] || prepare "$source"
        logged "$source" cmake -G Ninja -S "$work/src/$source" -B "$work/build/$source" -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_STANDARD=17 \
            -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags" -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DBUILD_SHARED_LIBS=OFF \
            -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_PREFIX_PATH="$prefix" "$@"
        logged "$source" cmake --build "$work/build/$source"
        logged "$source" cmake --install "$work/build/$source"
        [ ! -e "$work/src/$source/debian" ] || cp "$work/src/$source/debian/copyright" "$prefix/licences/$source"
    }
    build fmtlib -DFMT_TEST=OFF -DFMT_DOC=OFF
    build spdlog -DSPDLOG_FMT_EXTERNAL=ON -DSPDLOG_BUILD_EXAMPLE=OFF -DSPDLOG_BUILD_TESTS=OFF
    build md4c
    prepare re2 make REBUILD_TABLES=1 re2/perl_groups.cc re2/unicode_casefold.cc re2/unicode_groups.cc
    build re2 -DRE2_BUILD_TESTING=OFF
    build yaml-cpp -DYAML_CPP_BUILD_TESTS=OFF -DYAML_CPP_BUILD_TOOLS=OFF -DYAML_CPP_BUILD_CONTRIB=OFF
    off=''
    for part in MONGODB REDIS PROMETHEUS ENCODINGS PDF DATA DATA_SQLITE DATA_MYSQL DATA_POSTGRESQL DATA_ODBC ACTIVERECORD \
        ACTIVERECORD_COMPILER ZIP PAGECOMPILER PAGECOMPILER_FILE2PAGE JWT SEVENZIP CPPPARSER POCODOC APACHECONNECTOR TESTS SAMPLES; do
        off="$off -DENABLE_$part=OFF"
    done
    # shellcheck disable=SC2086
    build poco -DPOCO_UNBUNDLED=ON -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=10 -DCMAKE_PROJECT_INCLUDE="$here/poco.cmake" $off
    # shellcheck disable=SC2086
    ${CC:-cc} $flags -c "$here/older_glibc.c" -o "$prefix/lib/older_glibc.o"
    cp "$work/src/poco/cmake/FindPCRE.cmake" "$prefix/lib/cmake/Poco"  # its configuration uses it, and lacks it
    touch "$prefix/done"
    mv -T "$prefix" "$cache/$key" 2>/dev/null || [ -e "$cache/$key/done" ]
fi
ln -sfn "$key" "$cache/current"
echo "$cache/$key"
