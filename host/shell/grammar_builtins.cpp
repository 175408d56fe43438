#include "host/shell/grammar_builtins.h"

#include <algorithm>
#include <array>

#include "host/base/is_among.h"

namespace tenon::shell::grammar {
namespace {

/// The builtins of bash 5.2 (`compgen -b`) in three lists. With any words, these do not change the
/// meaning of later commands, run nothing and evaluate nothing.
constexpr std::array<std::string_view, 22> kHarmless = {
    ":",     "break", "cd",   "continue", "dirs",  "disown", "echo", "exit",
    "false", "help",  "kill", "logout",   "popd",  "pushd",  "pwd",  "return",
    "times", "true",  "type", "ulimit",   "umask", "hash"};
/// These are harmless with some words only.
constexpr std::array<std::string_view, 7> kSometimes = {"[",   "command", "jobs", "printf",
                                                        "set", "test",    "wait"};
/// These run code, set variables, options, aliases or functions, or evaluate arithmetic.
constexpr std::array<std::string_view, 32> kNever = {
    ".",       "alias",   "bg",     "bind",    "builtin", "caller",  "compgen",   "complete",
    "compopt", "declare", "enable", "eval",    "exec",    "export",  "fc",        "fg",
    "getopts", "history", "let",    "local",   "mapfile", "read",    "readarray", "readonly",
    "shift",   "shopt",   "source", "suspend", "trap",    "typeset", "unalias",   "unset"};

constexpr std::array<std::string_view, 15> kShellPrograms = {
    "bash", "sh",   "dash", "zsh",   "ksh",  "mksh", "ash", "fish",
    "csh",  "tcsh", "yash", "rbash", "rksh", "posh", "lksh"};
/// Programs that run another program, which gets their input.
constexpr std::array<std::string_view, 49> kRunners = {
    "unbuffer",      "watch",   "entr",    "gosu",     "valgrind", "bwrap",
    "busybox",       "chroot",  "chrt",    "chpst",    "cpulimit", "dbus-run-session",
    "docker",        "doas",    "env",     "fakeroot", "find",     "firejail",
    "flatpak-spawn", "flock",   "ionice",  "kubectl",  "lxc",      "ltrace",
    "nice",          "nohup",   "nsenter", "parallel", "pkexec",   "podman",
    "prlimit",       "proot",   "runuser", "script",   "setarch",  "setpriv",
    "setsid",        "ssh",     "stdbuf",  "strace",   "su",       "sudo",
    "systemd-run",   "taskset", "time",    "timeout",  "toybox",   "unshare",
    "xargs"};
/// Those of them that run a shell if their words name no program.
constexpr std::array<std::string_view, 9> kLogins = {
    "chroot", "doas", "nsenter", "runuser", "script", "ssh", "su", "sudo", "unshare"};

constexpr std::string_view kShellInput = "a shell that reads its commands";

bool is_pattern(const Word& word) {
    return word.pattern;
}

bool has_pattern(WordSpan words) {
    return std::any_of(words.begin(), words.end(), is_pattern);
}

/// -v and -R evaluate the subscript of the next word.
bool is_plain_test(WordSpan words) {
    return std::none_of(words.begin(), words.end(), [](const Word& word) {
        return word.pattern || word.decoded == "-v" || word.decoded == "-R";
    });
}

/// %n in the format sets a variable, and so does the option -v.
bool is_plain_printf(WordSpan words) {
    if (words.empty()) return true;
    if (words[0].decoded == "--")
        words = words.subspan(1);
    else if (words[0].decoded.substr(0, 1) == "-")
        return false;
    if (words.empty()) return true;
    if (words[0].pattern || words[0].tilde) return false;
    const std::string_view format = words[0].decoded;
    for (std::size_t i = format.find('%'); i < format.size(); i = format.find('%', i)) {
        i = format.find_first_not_of("#'-+ 0123456789.*hjlLtz", i + 1);
        if (i < format.size() && format[i] == 'n') return false;
        if (i < format.size() && format[i] == '%') ++i;
    }
    return true;
}

/// -e, -u, -x and pipefail, on and off.
bool is_plain_set(WordSpan words) {
    constexpr std::array<std::string_view, 4> kOptions = {"pipefail", "errexit", "nounset",
                                                          "xtrace"};
    if (words.empty() || has_pattern(words)) return false;
    for (std::size_t i = 0; i < words.size(); ++i) {
        std::string_view word = words[i].decoded;
        if (word.size() < 2 || (word[0] != '-' && word[0] != '+')) return false;
        word.remove_prefix(1);
        const bool named = word.back() == 'o';
        if (named) word.remove_suffix(1);
        if (word.find_first_not_of("eux") != std::string_view::npos) return false;
        if (named && (++i == words.size() || !is_among(kOptions, words[i].decoded))) return false;
    }
    return true;
}

/// Only options from `options`, each in its own word.
bool has_only(WordSpan words, std::string_view options) {
    return std::none_of(words.begin(), words.end(), [options](const Word& word) {
        const std::string_view text = word.decoded;
        if (word.pattern || word.tilde) return true;
        if (text.substr(0, 1) != "-") return false;
        return text.size() != 2 || options.find(text[1]) == std::string_view::npos;
    });
}

BuiltinEffect effect_of_builtin(std::string_view name, WordSpan words);

/// `command -v` only prints what would run.
BuiltinEffect effect_of_command(WordSpan words) {
    if (words.empty()) return {};
    const std::string_view first = words[0].decoded;
    if (!words[0].pattern && (first == "-v" || first == "-V")) return {};
    for (const Word& word : words)
        if (const BuiltinEffect inner = effect_of_builtin(word.decoded, {});
            !inner.shell_change.empty())
            return inner;
    return {"command, which runs another command", {}};
}

bool is_plain(std::string_view name, WordSpan words) {
    if (name == "[" || name == "test") return is_plain_test(words);
    if (name == "printf") return is_plain_printf(words);
    if (name == "set") return is_plain_set(words);
    if (name == "jobs") return has_only(words, "lprs");
    return name == "wait" && has_only(words, "nf");
}

BuiltinEffect effect_of_builtin(std::string_view name, WordSpan words) {
    if (is_among(kNever, name)) return {{}, "the builtin " + std::string(name)};
    if (name == "hash" && !words.empty()) return {{}, "hash, which changes what a name means"};
    if (name == "command") return effect_of_command(words);
    if (is_among(kSometimes, name) && !is_plain(name, words))
        return {{}, std::string(name) + ", which may set a variable, run code or change the shell"};
    return {};
}

bool is_builtin(std::string_view name) {
    return is_among(kHarmless, name) || is_among(kSometimes, name) || is_among(kNever, name);
}

/// Whether a shell with these words reads its commands from its input. A file of /dev or /proc may
/// be the input.
bool reads_commands(WordSpan words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view word = words[i].decoded;
        if (words[i].pattern) return true;
        if (word.substr(0, 1) != "-" && word.substr(0, 1) != "+")
            return word.empty() || word.substr(0, 5) == "/dev/" || word.substr(0, 6) == "/proc/";
        if (word == "--version" || word == "--help") return false;
        if (word.substr(0, 2) == "--" || word == "-") return true;
        if (word.find('s') != std::string_view::npos) return true;
        if (word[0] == '-' && word.find('c') != std::string_view::npos)
            return i + 1 >= words.size();
        if (word.back() == 'o' || word.back() == 'O') ++i;
    }
    return true;
}

bool has_here_input(const Part& part) {
    return std::any_of(part.redirections.begin(), part.redirections.end(),
                       [](const Redirection& r) { return r.op.substr(0, 2) == "<<"; });
}

/// ssh without a command runs a shell. Options as in ssh(1).
bool is_remote_shell(WordSpan words) {
    constexpr std::string_view kWithValue = "BbcDEeFIiJLlmOoPpQRSWw";
    std::size_t i = 0;
    while (i < words.size() && words[i].decoded.substr(0, 1) == "-") {
        const auto taker = words[i].decoded.find_first_of(kWithValue, 1);
        i += taker != std::string::npos && taker + 1 == words[i].decoded.size() ? 2 : 1;
    }
    return i + 1 >= words.size();
}

/// bash, bash5.2, sh.distrib
bool is_shell_program(const Word& word) {
    const std::string_view name = command_name(word);
    return is_among(kShellPrograms,
                    name.substr(0, name.find_first_not_of("abcdefghijklmnopqrstuvwxyz")));
}

/// Whether a shell, or a program that starts one, reads its commands from its input. With a
/// here-document any program may start one; without it, only those that are known to.
bool is_shell_with_input(const Part& part) {
    const WordSpan words(part.words);
    const std::string_view name = command_name(words[0]);
    if (is_shell_program(words[0])) return reads_commands(words.subspan(1));
    const bool runner = is_among(kRunners, name);
    const bool has_input = has_here_input(part);
    if (!runner && !has_input) return false;
    if (name == "ssh" && is_remote_shell(words.subspan(1))) return true;
    int shells = 0;
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (!is_shell_program(words[i])) continue;
        // Each check reads all words after it, so their number is bounded.
        if (++shells > 8 || reads_commands(words.subspan(i + 1))) return true;
    }
    return is_among(kLogins, name) && has_input;
}

}  // namespace

BuiltinEffect effect_of(const Part& part) {
    const std::string_view name = part.words[0].decoded;
    if (is_builtin(name)) {
        BuiltinEffect effect = effect_of_builtin(name, WordSpan(part.words).subspan(1));
        if (effect.shell_change.empty() && !part.assignments.empty())
            effect.opaque = "an assignment before a builtin of the shell";
        return effect;
    }
    if (is_shell_with_input(part)) return {std::string(kShellInput), {}};
    return {};
}

bool changes_directory(const Part& part) {
    const std::string_view name = part.words[0].decoded;
    return name == "cd" || name == "pushd" || name == "popd";
}

bool is_variable_of_bash(std::string_view name) {
    constexpr std::array<std::string_view, 5> kBeginnings = {"BASH", "COMP_", "COPROC", "HIST",
                                                             "READLINE_"};
    constexpr std::array<std::string_view, 44> kNames = {"_",
                                                         "CDPATH",
                                                         "DIRSTACK",
                                                         "ENV",
                                                         "EPOCHREALTIME",
                                                         "EPOCHSECONDS",
                                                         "EUID",
                                                         "EXECIGNORE",
                                                         "FCEDIT",
                                                         "FIGNORE",
                                                         "FUNCNAME",
                                                         "FUNCNEST",
                                                         "GLOBIGNORE",
                                                         "GROUPS",
                                                         "HOSTFILE",
                                                         "IFS",
                                                         "IGNOREEOF",
                                                         "INSIDE_EMACS",
                                                         "LINENO",
                                                         "MAPFILE",
                                                         "OLDPWD",
                                                         "OPTARG",
                                                         "OPTERR",
                                                         "OPTIND",
                                                         "PIPESTATUS",
                                                         "POSIXLY_CORRECT",
                                                         "POSIX_PEDANTIC",
                                                         "PPID",
                                                         "PROMPT_COMMAND",
                                                         "PROMPT_DIRTRIM",
                                                         "PS0",
                                                         "PS1",
                                                         "PS2",
                                                         "PS3",
                                                         "PS4",
                                                         "PWD",
                                                         "RANDOM",
                                                         "REPLY",
                                                         "SECONDS",
                                                         "SHELLOPTS",
                                                         "SHLVL",
                                                         "SRANDOM",
                                                         "TIMEFORMAT",
                                                         "UID"};
    return is_among(kNames, name) ||
           std::any_of(kBeginnings.begin(), kBeginnings.end(), [name](std::string_view beginning) {
               return name.substr(0, beginning.size()) == beginning;
           });
}

}  // namespace tenon::shell::grammar
