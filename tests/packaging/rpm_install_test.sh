#!/usr/bin/env bash
# rpm_install_test.sh PACKAGES: installs, verifies, runs and erases the .rpm of the directory PACKAGES, in a Debian root with
# rpm in it; then dnf installs it from a signed repository. The database of rpm is empty there, so a stand-in package
# provides what Tenon's requires, and what is required is checked against what the distributions with rpm have.
set -euo pipefail
packages=$1
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/packaging/root.sh
. "$here/root.sh"
begin "$packages" 'tenon-[0-9]*.rpm' bookworm rpm,dnf,ca-certificates,libssl3,libgcc-s1

echo "-- requires nothing that RHEL 9, Fedora and Leap do not have"
requires=$(rpm -qp --requires "$package" 2>/dev/null | grep -v '^rpmlib(' | sort -u)
echo "$requires"
odd=$(grep -vE '^(bash|/bin/bash|ca-certificates|/bin/sh|config\(tenon\) = .*|rtld\(GNU_HASH\)|lib(c|m|gcc_s|ssl|crypto)\.so\.[0-9]+\(.*\)\(64bit\)|ld-linux-[a-z0-9-]+\.so\.2\(.*\)\(64bit\))$' <<<"$requires" || true)
[ -z "$odd" ] || { echo "unexpected: $odd"; exit 1; }
newest=$(grep -oE 'GLIBC_[0-9.]+' <<<"$requires" | sort -uV | tail -1)
[ "$(printf '%s\nGLIBC_2.34\n' "$newest" | sort -V | tail -1)" = GLIBC_2.34 ] || { echo "needs $newest; RHEL 9 has GLIBC_2.34"; exit 1; }

cat >"$work/stand-in.spec" <<END
Name: stand-in
Version: 1
Release: 1
Summary: What the distribution has
License: Apache-2.0
BuildArch: noarch
$(rpm -qp --requires "$packages"/tenon-[0-9]*.rpm "$packages"/tenon-sdk-*.rpm 2>/dev/null | grep -vE '^(config|rpmlib)\(' | sort -u | sed 's/^/Provides: /')
%description
What the distribution has.
%files
END
rpmbuild -bb --define "_topdir $work/rpm" "$work/stand-in.spec" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cp "$work"/rpm/RPMS/noarch/stand-in-*.rpm "$root/t/stand-in.rpm"
cp "$package" "$root/t/tenon.rpm"
in_root "$root" bash -euo pipefail -c '
    fail() { echo "FAILED: $*"; exit 1; }
    rpm -i --nosignature /t/stand-in.rpm
    rpm -i --nosignature /t/tenon.rpm
    echo "-- verify"
    rpm -V tenon || fail "rpm -V"
    echo "-- run"
    useradd --create-home --shell /bin/bash ada
    su -s /bin/bash ada -c "cd && /usr/share/tenon/examples/quickstart.sh" >/tmp/log 2>&1 || { cat /tmp/log; fail quickstart; }
    grep -q "is completed" /tmp/log || fail "the job did not complete"
    su -s /bin/bash ada -c "cd && tenon --version && tenon config check" || fail "config check"
    echo "-- erase"
    sed -i "s#^</tenon>#  <jobs><keepDays>7</keepDays></jobs>\n</tenon>#" /etc/tenon/tenon.xml
    (rpm -V tenon || true) | grep "c /etc/tenon/tenon.xml" || fail "rpm -V does not see the change"
    rpm -e tenon
    grep -q keepDays /etc/tenon/tenon.xml.rpmsave || fail "the changed tenon.xml was not kept"
    rm /etc/tenon/tenon.xml.rpmsave; rmdir /etc/tenon
    left=$(find / -xdev \( -path /proc -o -path /home -o -path /t -o -path /tmp \) -prune -o -iname "*tenon*" -print)
    [ -z "$left" ] || fail "left: $left"
'

echo "-- from the signed repository"
make_key rsa3072
put_into_repository "$packages"/tenon-*.rpm
in_root "$root" bash -euo pipefail -c '
    fail() { echo "FAILED: $*"; exit 1; }
    mkdir -p /etc/yum.repos.d
    sed "s#https://SERVER#file:///t/repository#" /t/repository/tenon.repo >/etc/yum.repos.d/tenon.repo
    dnf -y --setopt=install_weak_deps=False install tenon tenon-sdk >/tmp/log 2>&1 || { cat /tmp/log; fail "dnf install"; }
    rpm -q tenon tenon-sdk
    tenon --version
    dnf -y remove tenon tenon-sdk >/tmp/log 2>&1 || { cat /tmp/log; fail "dnf remove"; }
    # One changed byte in the metadata, and dnf takes nothing from the repository any more.
    dnf clean all >/dev/null
    sed -i "s/<revision>/<revision>9/" /t/repository/yum/repodata/repomd.xml
    if dnf -y install tenon >/tmp/log 2>&1; then fail "a changed repository was accepted"; fi
    grep -iE "gpg|signature" /tmp/log | head -1 || { cat /tmp/log; fail "refused for another reason"; }
'
echo "all is well with the .rpm"
