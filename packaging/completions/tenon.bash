# Completion of tenon for bash. The program itself knows what may stand where: see `tenon __complete`.
# It works with and without the package bash-completion.

# Sets `words` to the words after the program's name up to the cursor. bash has cut the line at the characters
# of COMP_WORDBREAKS too, such as "=" and ":"; what the line shows without a blank between is one word again.
_tenon_words() {
    local line=${COMP_LINE:0:COMP_POINT} word i
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $i -gt 0 && $line != [[:space:]]* ]]; then
            words[-1]+=${line:0:${#word}}
        else
            line=${line#"${line%%[![:space:]]*}"}
            words+=("${line:0:${#word}}")
        fi
        line=${line:${#word}}
    done
    words=("${words[@]:1}")
    words=("${words[@]//[\\\"\']/}")
}

# Adds files or directories to COMPREPLY. The value of `--option=` or `-D key=` begins after the sign.
_tenon_add_files() {
    local kind=-f current=$2 before=$3 previous=$4 name path
    [[ $1 == dirs ]] && kind=-d
    path=$current
    [[ $current == -* || $previous == -D || $previous == --define ]] && path=${current##*=}
    local lead=${current%"$path"} home=''
    [[ $path == '~/'* ]] && home=$HOME/ path=$HOME/${path:2}
    while IFS= read -r name; do
        [[ -n $home ]] && name='~/'${name#"$home"}
        name=$lead$name
        COMPREPLY+=("${name#"$before"}")
    done < <(compgen "$kind" -- "$path")
    compopt -o filenames 2>/dev/null
}

_tenon() {
    local words line candidate description rest=none
    _tenon_words
    local current='' candidates=()
    ((${#words[@]} > 0)) && current=${words[-1]}
    while IFS= read -r line; do
        IFS=$'\t' read -r candidate description <<<"$line"
        case $line in
        :*) rest=${line#:} ;;
        *) candidates+=("$candidate") ;;
        esac
    done < <(tenon __complete "${words[@]}" 2>/dev/null)

    # bash replaces only what follows the last of its own word breaks.
    local before='' breaks=${COMP_WORDBREAKS//[^=:]/}
    [[ -n $breaks ]] && before=${current%"${current##*["$breaks"]}"}
    COMPREPLY=()
    for candidate in "${candidates[@]}"; do
        COMPREPLY+=("${candidate#"$before"}")
    done
    local previous=''
    ((${#words[@]} > 1)) && previous=${words[-2]}
    [[ $rest == none ]] || _tenon_add_files "$rest" "$current" "$before" "$previous"
    case ${COMPREPLY[0]-} in
    */ | *.so) compopt -o filenames 2>/dev/null ;;
    esac
    case ${COMPREPLY[0]-} in
    *[=./:] | *\() [[ ${#COMPREPLY[@]} -eq 1 ]] && compopt -o nospace 2>/dev/null ;;
    esac
    return 0
}

complete -F _tenon tenon
