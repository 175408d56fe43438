#!/usr/bin/env bash
# deb_install_test.sh PACKAGES SUITE: installs, uses, upgrades, removes and purges the .deb of the directory PACKAGES in a
# minimal root of the Debian release SUITE (administrator.sh), then installs it from a signed repository.
set -euo pipefail
packages=$1 suite=$2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/packaging/root.sh
. "$here/root.sh"
begin "$packages" 'tenon_*.deb' "$suite"
cp "$package" "$root/t/tenon.deb"

# The next version: other bytes in every text file of /etc, a higher number.
dpkg-deb -R "$package" "$work/newer"
sed -i 's/^Version: .*/&+next/' "$work/newer/DEBIAN/control"
sed -i 's#^<tenon>#<!-- The next version. -->\n<tenon>#' "$work/newer/etc/tenon/tenon.xml"
grep -q 'next version' "$work/newer/etc/tenon/tenon.xml"
dpkg-deb --root-owner-group -Zxz -b "$work/newer" "$root/t/newer.deb" >/dev/null

cc -std=c11 -shared -fPIC -O2 -fvisibility=hidden -I "$here/../../sdk/include" -Wl,--version-script="$here/../../sdk/cmake/plugin.map" \
    "$here/../../examples/plugins/hello-c/hello.c" -o "$root/t/hello.so"
cp "$here/session.jsonl" "$here/administrator.sh" "$root/t/"
in_root "$root" bash /t/administrator.sh

echo "-- from the signed repository"
make_key ed25519
put_into_repository "$packages"/tenon_*.deb "$packages"/tenon-sdk_*.deb
in_root "$root" bash -euo pipefail -c '
    dpkg -i /t/repository/tenon-archive-keyring_*.deb >/dev/null
    sed "s#https://SERVER#file:/t/repository#" /t/repository/tenon.sources >/etc/apt/sources.list.d/tenon.sources
    apt-get update -q >/tmp/update.log 2>&1 || { cat /tmp/update.log; exit 1; }
    if grep -E "^(W|E):" /tmp/update.log; then exit 1; fi
    apt-get install -y -q --no-install-recommends tenon tenon-sdk >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; exit 1; }
    apt-cache policy tenon tenon-sdk tenon-archive-keyring
    [ "$(apt-cache policy tenon tenon-sdk tenon-archive-keyring | grep -c "file:/t/repository/apt stable/main")" = 3 ]
    tenon --version
    tenon plugin new greeter --lang c >/dev/null && [ -e greeter/plugin.c ]
'

echo "-- a later version, and a later date of expiry of the key"
gpg --batch --quiet --quick-set-expire "$key" 2d 2>/dev/null
put_into_repository "$root/t/newer.deb"
in_root "$root" bash -euo pipefail -c '
    apt-get update -q >/tmp/update.log 2>&1 || { cat /tmp/update.log; exit 1; }
    apt-get install -y -q --no-install-recommends tenon >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; exit 1; }
    [ "$(dpkg-query -W -f "\${Version}" tenon)" = "$(dpkg-deb -f /t/newer.deb Version)" ]
    # One changed byte in the index, and apt takes nothing from the repository any more.
    find /t/repository/apt/dists -name "*Release*" -exec sed -i "s/Tenon/Tonen/" {} +
    rm -rf /var/lib/apt/lists/*stable*
    if apt-get update -q >/tmp/update.log 2>&1 && ! grep -qE "^(W|E):" /tmp/update.log; then echo "a changed repository was accepted"; exit 1; fi
    grep -E "signature|BADSIG" /tmp/update.log | head -1
'
echo "all is well on $suite"
