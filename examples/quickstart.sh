#!/bin/bash
# Tenon's main job without network and key: a recorded model drives the real host, the real plugins and real
# processes. In a source tree, this first installs what is missing and builds Tenon; beside an installed Tenon it runs
# that one.
set -euo pipefail
examples=$(cd "$(dirname "$0")" && pwd)
source=$examples/..
log=$(mktemp)
workspace=$(mktemp -d)
trap 'rm -rf "$log" "$workspace"' EXIT

started=$SECONDS
# Shows the lines of a command as one line that changes, on a terminal, else nothing but each step that is ten per cent
# further. Lines that begin with [n/m] are the steps of a build.
progress() {
    local line step part last=-1
    while IFS= read -r line; do
        printf '%s\n' "$line" >>"$log"
        step=''
        if [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]]; then
            part=$((10 * BASH_REMATCH[1] / BASH_REMATCH[2]))
            step="step ${BASH_REMATCH[1]} of ${BASH_REMATCH[2]}"
        elif [[ $line =~ ^(Get:[0-9]+|Unpacking|Setting\ up) ]]; then
            part=-1
            step=$line
        fi
        [ -n "$step" ] || continue
        if [ -t 1 ]; then
            printf '\r\033[K  %ss: %.70s' $((SECONDS - started)) "$step"
        elif [ "$part" -gt "$last" ]; then
            echo "  $((SECONDS - started))s: $step"
            last=$part
        fi
    done
    [ ! -t 1 ] || printf '\r\033[K'
}
# with_progress TITLE COMMAND…
with_progress() {
    echo "$1 …"
    shift
    "$@" 2>&1 | progress || { tail -40 "$log" >&2; exit 1; }
}
if [ -e "$source/CMakeLists.txt" ]; then
    cd "$source"
    with_progress "Installing what the build needs, if something is missing" packaging/install-deps.sh build
    with_progress "Configuring" cmake --preset release
    with_progress "Building Tenon (some minutes the first time)" cmake --build --preset release
    tenon=build/release/bin/tenon
else
    tenon=$(cd "$examples/../../.." && pwd)/bin/tenon
    [ -x "$tenon" ] && [ "$tenon" != "$(command -v tenon)" ] || tenon=tenon
fi

member() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"$2"; }
show_events() {
    while IFS= read -r line; do
        case $line in
        *'"type":"assistant"'*) echo "model:  $(member text "$line")" ;;
        *'"type":"job"'*) echo "job:    $(member id "$line") is $(member status "$line"): $(member command "$line")" ;;
        *'<background-results>'*) echo "host:   tells the model what the job printed" ;;
        *'"type":"result"'*) printf '\nanswer: %s\n' "$(member result "$line")" ;;
        esac
    done
}
echo
TENON_STATE_DIR=$workspace/.state "$tenon" --workspace "$workspace" --yes \
    --replay "$examples/quickstart.jsonl" --output-format stream-json \
    -p 'Count to three in the background, and write a poem into poem.txt meanwhile.' </dev/null | show_events
printf '\npoem.txt, written while the job ran:\n'
cat "$workspace/poem.txt"
echo
echo "Next: '$tenon doctor' says what a model of your own needs, '$tenon --help' what there is."
