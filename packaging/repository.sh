#!/usr/bin/env bash
# Makes a signed apt repository and a signed yum repository from packages.
#   repository.sh KEY OUTPUT PACKAGE…
# KEY is the id or fingerprint of a secret key in the keyring of gpg (GNUPGHOME). PACKAGE is a .deb or .rpm, as
# packages.sh makes them. What OUTPUT gets:
#   apt/               a repository with the suite `stable`, the component `main`, and a package tenon-archive-keyring
#   yum/               a repository, its metadata signed
#   tenon-archive-keyring.gpg, RPM-GPG-KEY-tenon    the public key, for apt and for dnf
#   tenon.sources, tenon.repo                       what users install; put the address of your server into it
# A later call puts a newer version into both. apt/ keeps the newest of each package, yum/ all of them. Nothing of OUTPUT is
# secret.
set -euo pipefail
[ $# -ge 3 ] || { echo "usage: repository.sh KEY OUTPUT PACKAGE…" >&2; exit 2; }
key=$1 output=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
for tool in gpg reprepro createrepo_c dpkg-deb; do
    command -v $tool >/dev/null || { echo "repository.sh: $tool is missing: packaging/install-deps.sh package" >&2; exit 1; }
done
fingerprint=$(gpg --batch --with-colons --list-secret-keys "$key" 2>/dev/null | awk -F: '$1 == "fpr" {print $10; exit}')
[ -n "$fingerprint" ] || { echo "repository.sh: gpg has no secret key '$key'; see 'gpg --list-secret-keys'" >&2; exit 1; }
debs=() rpms=()
for package in "$@"; do
    [ -f "$package" ] || { echo "repository.sh: no such file: $package" >&2; exit 1; }
    case $package in
    *.deb) debs+=("$(realpath "$package")") ;;
    *.rpm) rpms+=("$(realpath "$package")") ;;
    *) echo "repository.sh: $package is neither a .deb nor a .rpm" >&2; exit 2 ;;
    esac
done
mkdir -p "$output"
output=$(cd "$output" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

gpg --batch --yes --export "$fingerprint" >"$output/tenon-archive-keyring.gpg"
gpg --batch --yes --armor --export "$fingerprint" >"$output/RPM-GPG-KEY-tenon"
cat >"$output/tenon.sources" <<'END'
Types: deb
URIs: https://SERVER/apt
Suites: stable
Components: main
Signed-By: /usr/share/keyrings/tenon-archive-keyring.gpg
END
cat >"$output/tenon.repo" <<'END'
[tenon]
name=Tenon
baseurl=https://SERVER/yum
gpgkey=https://SERVER/RPM-GPG-KEY-tenon
repo_gpgcheck=1
gpgcheck=1
END

if [ ${#debs[@]} -gt 0 ]; then
    echo "== keyring package"
    # The last change of the key, such as a later date of expiry, is its newest signature.
    SOURCE_DATE_EPOCH=$(gpg --batch --with-colons --list-sigs "$fingerprint" | awk -F: '$1 ~ /^(pub|sig)$/ && $6 > last {last = $6} END {print last}')
    export SOURCE_DATE_EPOCH
    mkdir -p "$work/keyring"
    cp -r "$here/keyring" "$work/keyring/debian"
    cp "$output/tenon-archive-keyring.gpg" "$work/keyring"
    cat >"$work/keyring/debian/changelog" <<END
tenon-archive-keyring ($(date -u -d "@$SOURCE_DATE_EPOCH" +%Y.%m.%d.%H%M%S)) stable; urgency=medium

  * The key $fingerprint.

 -- The Tenon authors <maintainers@tenon.dev>  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
END
    (cd "$work/keyring" && dpkg-buildpackage --build=binary --no-sign --no-pre-clean --no-check-builddeps) >"$work/log" 2>&1 ||
        { tail -30 "$work/log" >&2; exit 1; }
    debs+=("$work"/tenon-archive-keyring_*.deb)
    rm -f "$output"/tenon-archive-keyring_*.deb
    cp "$work"/tenon-archive-keyring_*.deb "$output"

    echo "== apt"
    mkdir -p "$output/apt" "$work/conf"
    cat >"$work/conf/distributions" <<END
Origin: Tenon
Label: Tenon
Suite: stable
Codename: stable
Architectures: amd64 arm64
Components: main
Description: Tenon, a native agent host
SignWith: $fingerprint
END
    reprepro --silent --confdir "$work/conf" --dbdir "$output/.reprepro" --outdir "$output/apt" --ignore=undefinedtarget \
        -C main includedeb stable "${debs[@]}"
fi

if [ ${#rpms[@]} -gt 0 ]; then
    echo "== yum"
    mkdir -p "$output/yum"
    cp "${rpms[@]}" "$output/yum"
    # Not the package that the caller keeps: its copy is signed.
    for package in "${rpms[@]}"; do
        rpmsign --define "__gpg $(command -v gpg)" --define "_gpg_name $fingerprint" --addsign "$output/yum/${package##*/}" >"$work/log" 2>&1 ||
            { cat "$work/log" >&2; exit 1; }
    done
    createrepo_c --quiet --update "$output/yum"
    gpg --batch --yes --local-user "$fingerprint" --detach-sign --armor "$output/yum/repodata/repomd.xml"
fi
echo "The repositories are in $output; tenon.sources and tenon.repo there need the address of your server."
