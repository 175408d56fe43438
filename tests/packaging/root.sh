# Sourced by the tests of packages: roots of distributions, made by debootstrap, and programs in them.

need_root_and_debootstrap() {
    local reason=''
    [ "$(id -u)" = 0 ] || reason='only root can make a root directory of a distribution'
    command -v debootstrap >/dev/null || reason='debootstrap is missing'
    unshare --mount --pid --fork true 2>/dev/null || reason='this kernel or container allows no namespaces'
    [ -z "$reason" ] || { echo "skipped: $reason"; exit 77; }
}

# The address of Debian's main repository, as apt already has it.
mirror() {
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' | awk -F'|' '$1 == "Debian" && $2 == "Debian" {print $3; exit}'
}

# make_root SUITE DIR [PACKAGES]: a minimal root; PACKAGES is a list with commas. A directory SUITE in $TENON_TEST_ROOTS that
# an earlier call has made is copied instead, to save time by hand.
make_root() {
    if [ -n "${TENON_TEST_ROOTS:-}" ] && [ -d "$TENON_TEST_ROOTS/$1${3:+-more}" ]; then
        cp -a "$TENON_TEST_ROOTS/$1${3:+-more}" "$2"
        return
    fi
    debootstrap --variant=minbase ${3:+--include="$3"} "$1" "$2" "$(mirror)" >"$2.log" 2>&1 || { tail -30 "$2.log"; exit 1; }
    cp /etc/resolv.conf /etc/hosts "$2/etc/"
    # Services are not started in a root directory.
    printf '#!/bin/sh\nexit 101\n' >"$2/usr/sbin/policy-rc.d"
    chmod +x "$2/usr/sbin/policy-rc.d"
}

# in_root DIR COMMAND…: in PID and mount namespaces of its own, with /proc and the few devices that programs expect. Every
# process of it ends with it.
in_root() {
    local root=$1
    shift
    # shellcheck disable=SC2016
    unshare --mount --pid --fork --kill-child bash -c '
        mount -t proc proc "$0/proc" && mount -t tmpfs -o mode=755 dev "$0/dev" && mkdir "$0/dev/pts" "$0/dev/shm" &&
        mount -t devpts -o newinstance,ptmxmode=0666 devpts "$0/dev/pts" && ln -s pts/ptmx "$0/dev/ptmx" && ln -s /proc/self/fd "$0/dev/fd" && chmod 1777 "$0/dev/shm" &&
        for device in null zero full random urandom tty; do touch "$0/dev/$device" && mount --bind "/dev/$device" "$0/dev/$device" || exit 1; done &&
        exec chroot "$0" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
    ' "$root" "$@"
}

# begin PACKAGES PATTERN SUITE [MORE]: $package is the one of the directory PACKAGES whose name matches; $work is a temporary
# directory, and $root in it a root of SUITE with the packages MORE and an empty /t. Without a package the test is skipped.
begin() {
    need_root_and_debootstrap
    package=$(find "$1" -name "$2" 2>/dev/null | head -1 || true)
    [ -n "$package" ] || { echo "skipped: no $2 in $1; packaging/packages.sh makes it"; exit 77; }
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    root=$work/root
    make_root "$3" "$root" ${4:+"$4"}
    mkdir "$root/t"
}

# make_key ALGORITHM: $key is the fingerprint of a key for this test.
make_key() {
    export GNUPGHOME=$work/gnupg
    mkdir -m 700 "$GNUPGHOME"
    gpg --batch --quiet --passphrase '' --quick-generate-key 'Tenon test archive <test@tenon.dev>' "$1" sign 1d 2>/dev/null
    key=$(gpg --batch --with-colons --list-secret-keys | awk -F: '$1 == "fpr" {print $10; exit}')
}

# put_into_repository PACKAGE…: that in $root/t/repository, signed with $key.
put_into_repository() {
    "$(dirname "${BASH_SOURCE[0]}")/../../packaging/repository.sh" "$key" "$root/t/repository" "$@" >/dev/null
}
