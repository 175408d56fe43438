#!/usr/bin/env bash
# programs_test.sh PACKAGES: what the programs and plugins of the .deb are linked with, and how.
set -euo pipefail
packages=$1
source=$(cd "$(dirname "$0")/../.." && pwd)
bundle=$("$source/packaging/bundle/build.sh" --print 2>/dev/null || echo "$HOME/")
deb=$(find "$packages" -name 'tenon_*.deb' 2>/dev/null | head -1 || true)
[ -n "$deb" ] || { echo "skipped: no package in $packages; packaging/packages.sh makes it"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dpkg-deb -x "$deb" "$work"
bad=0
complain() { echo "$1: $2"; bad=1; }
count=0
while read -r file; do
    name=${file#"$work"}
    readelf -h "$file" >/dev/null 2>&1 || continue
    count=$((count + 1))
    # Into variables: `grep -q` ends at the first match, and the program before it in a pipeline then fails.
    dynamic=$(readelf -d "$file") header=$(readelf -h "$file") segments=$(readelf -lW "$file") sections=$(readelf -SW "$file")
    # Every job waits for the start of the shim, and has one: it is static and at a fixed address, and so nothing is
    # relocated and its pages are shared.
    [ "$name" = /usr/libexec/tenon/tenon-shim ] || grep -q 'Type:.*DYN' <<<"$header" || complain "$name" "is not position independent"
    grep -q GNU_RELRO <<<"$segments" || complain "$name" "has no RELRO"
    grep -qE 'GNU_STACK.*RWE' <<<"$segments" && complain "$name" "has an executable stack"
    grep -q ' \.symtab ' <<<"$sections" && complain "$name" "is not stripped"
    grep -qE 'R(UN)?PATH' <<<"$dynamic" && complain "$name" "has a run path"
    if grep -q NEEDED <<<"$dynamic"; then
        grep -qE 'BIND_NOW|FLAGS_1.*NOW' <<<"$dynamic" || complain "$name" "binds lazily"
        needed=$(sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' <<<"$dynamic" | grep -vxE 'lib(c|m|gcc_s|ssl|crypto)\.so\.[0-9]+|ld-linux-.*' || true)
        [ -z "$needed" ] || complain "$name" "needs $needed"
    fi
    symbols=$(objdump -T "$file" 2>/dev/null || true)
    grep -q GLIBCXX <<<"$symbols" && complain "$name" "needs the system's libstdc++"
    newest=$(grep -oE 'GLIBC_[0-9.]+' <<<"$symbols" | sort -uV | tail -1 || true)
    [ -z "$newest" ] || [ "$(printf '%s\nGLIBC_2.34\n' "$newest" | sort -V | tail -1)" = GLIBC_2.34 ] || complain "$name" "needs $newest"
    grep -qaF -e "$source/" -e "${bundle%/*}/" "$file" && complain "$name" "names a directory of the machine that built it"
done < <(find "$work" -type f)
[ "$count" -ge 8 ] || complain "$deb" "has only $count programs and plugins"
# Functions with checked lengths: _FORTIFY_SOURCE has had an effect.
symbols=$(objdump -T "$work/usr/bin/tenon")
grep -q '_chk' <<<"$symbols" || complain /usr/bin/tenon "has no fortified function"
grep -q '__stack_chk_fail' <<<"$symbols" || complain /usr/bin/tenon "has no stack protector"
exit $bad
