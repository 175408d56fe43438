#!/bin/sh
# Installs what Tenon is built with, from the distribution's own packages. Quick when nothing is missing.
#   install-deps.sh [build|test|package]…    default: build
set -eu

sets=${*:-build}
wanted=''
if command -v apt-get >/dev/null 2>&1; then
    manager=apt
    for set in $sets; do
        case $set in
        build) wanted="$wanted g++ cmake ninja-build ccache mold pkg-config git libpoco-dev libboost-dev
            nlohmann-json3-dev libspdlog-dev libssl-dev libvalijson-dev libre2-dev
            libyaml-cpp-dev libedit-dev libmd4c-dev" ;;
        test) wanted="$wanted libgtest-dev libgmock-dev libvterm-dev openssl libsqlite3-dev tinyproxy-bin
            bash-completion zsh fish mandoc man-db" ;;
        bench) wanted="$wanted libbenchmark-dev curl" ;;
        package) wanted="$wanted dpkg-dev debhelper dh-apparmor file rpm debugedit elfutils lintian rpmlint debootstrap
            reprepro apt-utils createrepo-c gnupg xz-utils make perl python3-six unicode-data
            libpcre3-dev libexpat1-dev zlib1g-dev libncurses-dev libbsd-dev libmd-dev" ;;
        *) echo "install-deps.sh: unknown set '$set' (build, test, bench, package)" >&2; exit 2 ;;
        esac
    done
    is_installed() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }
elif command -v dnf >/dev/null 2>&1; then
    manager=dnf
    for set in $sets; do
        case $set in
        build) wanted="$wanted gcc-c++ libstdc++-static glibc-static cmake ninja-build ccache mold pkgconf-pkg-config git
            poco-devel boost-devel json-devel spdlog-devel openssl-devel valijson-devel re2-devel
            yaml-cpp-devel libedit-devel md4c-devel" ;;
        test) wanted="$wanted gtest-devel gmock-devel libvterm-devel openssl sqlite-devel tinyproxy
            bash-completion zsh fish mandoc man-db" ;;
        bench) wanted="$wanted google-benchmark-devel curl" ;;
        package) wanted="$wanted rpm-build file" ;;  # the packages are made on Debian: packages.sh
        *) echo "install-deps.sh: unknown set '$set' (build, test, bench, package)" >&2; exit 2 ;;
        esac
    done
    is_installed() { rpm -q "$1" >/dev/null 2>&1; }
else
    echo "install-deps.sh: neither apt-get nor dnf is here; install by hand what README.md lists" >&2
    exit 1
fi

missing=''
for package in $wanted; do
    is_installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=''
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "install-deps.sh: these packages are missing, and only root can install them:$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
echo "Installing:$missing" >&2
# The package lists are words on purpose.
# shellcheck disable=SC2086
if [ $manager = apt ]; then
    $as_root apt-get update -q >&2
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >&2
else
    $as_root dnf install -y -q $missing >&2
fi
