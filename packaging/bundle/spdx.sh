#!/usr/bin/env bash
# spdx.sh BUNDLE VERSION: prints an SPDX 2.3 document (JSON, https://spdx.github.io/spdx-spec/v2.3) that lists what the
# bundled build links in or compiles in, with Debian's version of each.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bundle=$1 version=$2

version_of() { # version_of HOW PACKAGES…
    if [ "$1" = source ] || [ "$1" = original ]; then
        awk -v name="$2" '$1 == name {print $2}' "$bundle/versions"
    else
        dpkg-query -W -f '${Version}' "$2"
    fi
}
package() { # package ID NAME VERSION LICENCE
    cat <<END
    {"SPDXID": "SPDXRef-$1", "name": "$2", "versionInfo": "$3", "downloadLocation": "NOASSERTION",
     "filesAnalyzed": false, "licenseConcluded": "$4", "licenseDeclared": "$4", "copyrightText": "NOASSERTION"}
END
}

cat <<END
{
  "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "tenon-$version",
  "documentNamespace": "https://tenon.dev/spdx/tenon-$version-$(uname -m)",
  "creationInfo": {"created": "$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)", "creators": ["Organization: The Tenon authors"]},
  "documentDescribes": ["SPDXRef-tenon"],
  "packages": [
END
package tenon tenon "$version" Apache-2.0
relationships=''
while read -r name licence how packages; do
    # shellcheck disable=SC2086
    found=$(version_of "$how" $packages)
    [ -n "$found" ] || { echo "spdx.sh: no version of $name" >&2; exit 1; }
    id=${name//+/x}
    echo "    ,"
    package "$id" "$name" "$found" "${licence//_/ }"
    relation=STATIC_LINK
    [ "$how" != header ] || relation=CONTAINS
    relationships="$relationships,
    {\"spdxElementId\": \"SPDXRef-tenon\", \"relationshipType\": \"$relation\", \"relatedSpdxElement\": \"SPDXRef-$id\"}"
done < <(grep -v '^#' "$here/libraries.txt")
cat <<END
  ],
  "relationships": [
    {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-tenon"}$relationships
  ]
}
END
