# Completion of tenon for fish. The program itself knows what may stand where: see `tenon __complete`.

function __tenon_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l previous $words[-1]
    set -e words[1]
    set -l lines (tenon __complete $words "$current" 2>/dev/null)
    set -l rest none
    for line in $lines
        switch $line
            case ':*'
                set rest (string sub -s 2 -- $line)
            case '*'
                echo $line
        end
    end
    test $rest = none; and return
    # The value of `--option=` or `-D key=` begins after the sign.
    set -l before ''
    if string match -q -- '-*' "$current"; or contains -- "$previous" -D --define
        set before (string match -r -- '^.*=' "$current")
    end
    set -l path (string sub -s (math (string length -- "$before") + 1) -- "$current")
    if test $rest = dirs
        for name in (__fish_complete_directories "$path" '')
            echo "$before$name"
        end
    else
        for name in (__fish_complete_path "$path" '')
            echo "$before$name"
        end
    end
end

complete -c tenon -f -a '(__tenon_complete)'
