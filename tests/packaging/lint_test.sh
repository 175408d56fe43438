#!/usr/bin/env bash
# lint_test.sh PACKAGES: lintian and rpmlint find no error and no warning. What is overridden, and why, is in
# packaging/debian/*.lintian-overrides and packaging/rpm/rpmlint.toml.
set -euo pipefail
packages=$1
here=$(cd "$(dirname "$0")" && pwd)
[ -n "$(find "$packages" -name '*.deb' 2>/dev/null)" ] || { echo "skipped: no package in $packages; packaging/packages.sh makes it"; exit 77; }
for tool in lintian rpmlint; do
    command -v $tool >/dev/null || { echo "skipped: $tool is missing"; exit 77; }
done
lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$packages"/*.deb
# An error makes it fail; a warning must be looked for.
result=$(rpmlint --config "$here/../../packaging/rpm/rpmlint.toml" "$packages"/*.rpm) || { echo "$result"; exit 1; }
echo "$result"
if grep -E ': [EW]: ' <<<"$result"; then exit 1; fi
