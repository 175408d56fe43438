#include <algorithm>
#include <array>
#include <utility>

#include "host/shell/unwrap.h"

/// Commands after the options of another command. The options are from the manual pages (coreutils,
/// util-linux, findutils, sudo, doas, busybox …). An option that is not listed may have a value or
/// not: both possibilities are followed.
namespace tenon::shell {
namespace {

struct Wrapper {
    std::string_view name;
    std::string_view valued;       ///< short options whose value may be the next word
    std::string_view plain;        ///< short options without a value
    std::string_view long_valued;  ///< with blanks around each; may be abbreviated
    std::string_view long_plain;
    int operands = 0;  ///< words before the command
    bool assignments = false;
};

constexpr std::string_view kArchitecture = "BFILRSTXZ3v";

constexpr std::array kWrappers = {
    Wrapper{"env", "uCSa", "i0v", " --unset --chdir --split-string --argv0 ",
            " --ignore-environment --null --debug --block-signal --default-signal "
            "--ignore-signal --list-signal-handling ",
            0, true},
    Wrapper{"command", "", "pvV", "", ""},
    Wrapper{"exec", "a", "cl", "", ""},
    Wrapper{"builtin", "", "", "", ""},
    Wrapper{"nohup", "", "", "", ""},
    Wrapper{"nice", "n", "0123456789", " --adjustment ", ""},
    Wrapper{"time", "fo", "apqv", " --format --output ", " --append --portability --verbose ", 0,
            true},
    Wrapper{"timeout", "ks", "fpv", " --kill-after --signal ",
            " --foreground --preserve-status --verbose ", 1},
    Wrapper{"setsid", "", "cfw", "", " --ctty --fork --wait "},
    Wrapper{"xargs", "adEILnPs", "0oprtxeil",
            " --arg-file --delimiter --max-args --max-procs --max-chars --process-slot-var ",
            " --null --open-tty --interactive --no-run-if-empty --verbose --exit --show-limits "
            "--eof --replace --max-lines "},
    Wrapper{"sudo", "ughpCrtTUDRac", "AbBEeHKklNnPSsVvi",
            " --user --group --host --prompt --close-from --role --type --chdir --chroot "
            "--command-timeout --other-user --login-class --auth-type ",
            " --askpass --background --bell --edit --set-home --login --list --non-interactive "
            "--preserve-groups --stdin --shell --preserve-env --reset-timestamp --validate ",
            0, true},
    Wrapper{"doas", "uCa", "Lns", "", "", 0, true},
    Wrapper{"pkexec", "", "", " --user ", " --disable-internal-agent --keep-cwd "},
    Wrapper{"run0", "ugD", "", "", ""},
    Wrapper{"busybox", "", "", "", ""},
    Wrapper{"toybox", "", "", "", ""},
    Wrapper{"ionice", "cnpPu", "t", " --class --classdata --pid --pgid --uid ", " --ignore "},
    Wrapper{"stdbuf", "ioe", "", " --input --output --error ", ""},
    Wrapper{"chroot", "", "", " --groups --userspec ", " --skip-chdir ", 1},
    Wrapper{"strace", "abeIoOpPsSuUEX", "cCdDfFhiknqrtTvVwxyYzZ", "", " --follow-forks "},
    Wrapper{"ltrace", "aADeFlnopsuwx", "bcCfhiLrStTV", "", ""},
    Wrapper{"unshare", "SGRwl", "mnuipUCTfrcC",
            " --root --wd --setuid --setgid --boottime --monotonic --map-user --map-group "
            "--map-users --map-groups --setgroups --propagation --load-interp ",
            " --mount --net --uts --ipc --pid --user --cgroup --time --fork --map-root-user "
            "--map-current-user --mount-proc --kill-child --keep-caps --map-auto "},
    Wrapper{"nsenter", "tSGN", "amuinpUCTrwWFZe", " --target --setuid --setgid --net-socket ",
            " --all --mount --uts --ipc --net --pid --user --cgroup --time --root --wd --wdns "
            "--no-fork --preserve-credentials --follow-context "},
    Wrapper{"flock", "wE", "senuxFov", " --timeout --wait --conflict-exit-code ",
            " --shared --exclusive --unlock --nonblock --nb --close --no-fork --verbose ", 1},
    Wrapper{"runuser", "ugGs", "lmpfP",
            " --user --group --supp-group --shell --whitelist-environment ",
            " --login --preserve-environment --fast --pty "},
    Wrapper{"setpriv", "", "d",
            " --ambient-caps --inh-caps --bounding-set --rgid --egid --regid --ruid --euid --reuid "
            "--groups --securebits --pdeathsig --ptracer --selinux-label --apparmor-profile "
            "--landlock-access --landlock-rule ",
            " --nnp --no-new-privs --clear-groups --init-groups --keep-groups --reset-env --dump "},
    Wrapper{"taskset", "", "acp", "", " --all-tasks --cpu-list --pid ", 1},
    Wrapper{"chrt", "TPD", "abdefimoprRv", " --sched-runtime --sched-period --sched-deadline ", "",
            1},
    Wrapper{"prlimit", "p", "", " --pid --output ", " --noheadings --raw --verbose "},
    Wrapper{"setarch", "", kArchitecture, "", "", 1},
    Wrapper{"setarch", "", kArchitecture, "", ""},
    Wrapper{"linux32", "", kArchitecture, "", ""},
    Wrapper{"linux64", "", kArchitecture, "", ""},
    Wrapper{"i386", "", kArchitecture, "", ""},
    Wrapper{"x86_64", "", kArchitecture, "", ""},
    Wrapper{"uname26", "", kArchitecture, "", ""},
    Wrapper{"catchsegv", "", "", "", ""},
    Wrapper{"unbuffer", "", "p", "", ""},
    Wrapper{"rlwrap", "abCDeFfgHhlMmnoOpPqsStwz", "AciIjkNrRuUvWXYZ", "", ""},
    Wrapper{"xvfb-run", "enfps", "al",
            " --error-file --server-num --auth-file --xauth-protocol --server-args ",
            " --auto-servernum --listen-tcp "},
    Wrapper{"dbus-run-session", "", "", " --config-file --dbus-daemon ", ""},
    Wrapper{"dbus-launch", "", "", " --config-file ", " --exit-with-session --sh-syntax "},
    Wrapper{"systemd-run", "HMputE", "qdrGSt",
            " --host --machine --unit --property --description --slice --service-type --uid --gid "
            "--nice --working-directory --setenv --on-active --on-boot --on-calendar "
            "--timer-property --path-property --socket-property ",
            " --user --system --scope --no-block --wait --pty --pipe --quiet --collect --shell "
            "--remain-after-exit --same-dir --send-sighup --no-ask-password --slice-inherit "},
    Wrapper{"systemd-inhibit", "", "", " --what --who --why --mode ", " --list "},
    Wrapper{"systemd-cat", "tp", "", " --identifier --priority --stderr-priority ", ""},
    Wrapper{"faketime", "", "mf", "", " --exclude-monotonic ", 1},
    Wrapper{"faketime", "f", "m", "", ""},
    Wrapper{"fakeroot", "lbsi", "uvh", " --lib --faked ", " --unknown-is-real "},
    Wrapper{"fakechroot", "dlecb", "sh", " --lib --elfloader ", " --use-system-libs "},
    Wrapper{"valgrind", "", "vqdh", "", ""},
    Wrapper{"heaptrack", "op", "", " --output ", ""},
    Wrapper{"perf", "", "", "", "", 1},
    Wrapper{"rr", "", "", "", "", 1},
    Wrapper{"gdb", "xpcsd", "nqw", " -ex -ix -iex -cd --ex --command --eval-command --directory ",
            " --args -args -batch --batch -quiet --quiet -nx --nx "},
    Wrapper{"chronic", "", "ve", "", ""},
    Wrapper{"entr", "", "acdnprsxz", "", ""},
    Wrapper{"torsocks", "ua", "id", "", ""},
    Wrapper{"torify", "", "vq", "", ""},
    Wrapper{"proxychains", "f", "q", "", ""},
    Wrapper{"proxychains4", "f", "q", "", ""},
    Wrapper{"firejail", "", "", "", ""},
    Wrapper{"bwrap", "", "",
            " --args --chdir --unsetenv --lock-file --sync-fd --remount-ro --proc --dev --tmpfs "
            "--mqueue --dir --seccomp --add-seccomp-fd --block-fd --userns-block-fd --info-fd "
            "--json-status-fd --exec-label --file-label --uid --gid --hostname --perms --size "
            "--userns --userns2 --pidns --cap-add --cap-drop --overlay-src --tmp-overlay "
            "--ro-overlay --argv0 ",
            " --unshare-all --unshare-user --unshare-user-try --unshare-ipc --unshare-pid "
            "--unshare-net --unshare-uts --unshare-cgroup --unshare-cgroup-try --share-net "
            "--clearenv --new-session --die-with-parent --as-pid-1 --disable-userns "
            "--assert-userns-disabled "},
    Wrapper{"proot", "rbqwvki", "0RS", "", ""},
    Wrapper{"dumb-init", "r", "cv", "", ""},
    Wrapper{"tini", "pe", "svgwl", "", ""},
    Wrapper{"catatonit", "", "gP", "", ""},
    Wrapper{"gosu", "", "", "", "", 1},
    Wrapper{"su-exec", "", "", "", "", 1},
    Wrapper{"setuidgid", "", "sv", "", "", 1},
    Wrapper{"envuidgid", "", "", "", "", 1},
    Wrapper{"envdir", "", "", "", "", 1},
    Wrapper{"softlimit", "acdflmoprst", "", "", ""},
    Wrapper{"chpst", "uUbe/nlLmdoprftcC", "vP012", "", ""},
    Wrapper{"cpulimit", "lpeP", "bzimvf", " --limit --pid --exe --path ", ""},
    Wrapper{"numactl", "ipNmCPwl", "aHsb", "", ""},
    Wrapper{"aa-exec", "pn", "div", " --profile --namespace ", ""},
    Wrapper{"runcon", "tulr", "c", " --type --user --level --role ", " --compute ", 1},
    Wrapper{"cgexec", "g", "", "", " --sticky "},
    Wrapper{"daemonize", "ceopElu", "av", "", ""},
    Wrapper{"ld-linux-x86-64.so.2", "", "", "", ""},
    Wrapper{"ssh-agent", "aEOPt", "cDdks", "", ""},
    Wrapper{"ld.so", "", "", "", ""},
};

bool lists(std::string_view list, std::string_view option) {
    return list.find(" " + std::string(option) + " ") != std::string_view::npos;
}

bool lists_beginning(std::string_view list, std::string_view option) {
    return list.find(" " + std::string(option)) != std::string_view::npos;
}

/// Each unknown option doubles the possibilities; one wrapper may have so many commands.
constexpr std::size_t kMostCommands = 16;

/// Options of bwrap with two values.
constexpr std::string_view kWithTwoValues =
    " --bind --bind-try --dev-bind --dev-bind-try --ro-bind --ro-bind-try --bind-fd --ro-bind-fd "
    "--symlink --file --bind-data --ro-bind-data --setenv --chmod ";

/// How many words an option may take, including itself.
struct OptionReading {
    bool one = false, two = false, three = false;
};

OptionReading long_reading(std::string_view option, const Wrapper& wrapper) {
    if (option.find('=') != std::string_view::npos) return {true, false};
    if (lists(wrapper.long_plain, option)) return {true, false};
    if (wrapper.name == "bwrap" && lists(kWithTwoValues, option)) return {false, false, true};
    if (lists(wrapper.long_valued, option)) return {false, true};
    const bool plain = lists_beginning(wrapper.long_plain, option);
    const bool valued = lists_beginning(wrapper.long_valued, option);
    if (!plain && !valued) return {true, true};
    return {plain, valued};
}

OptionReading reading(std::string_view option, const Wrapper& wrapper) {
    if (option.substr(0, 2) == "--" || lists(wrapper.long_plain, option) ||
        lists(wrapper.long_valued, option))
        return long_reading(option, wrapper);
    // In a cluster the first option with a value takes the rest of the word, or the next word.
    for (std::size_t i = 1; i < option.size(); ++i) {
        const bool last = i + 1 == option.size();
        if (wrapper.valued.find(option[i]) != std::string_view::npos) return {!last, last};
        if (wrapper.plain.find(option[i]) == std::string_view::npos) return {true, last};
    }
    return {true, false};
}

/// The text of `env -S` at the first word, and how many words it takes; 0 if it is not there.
std::size_t split_string(WordSpan words, std::string& text) {
    const std::string_view option = words[0].decoded;
    std::size_t value = std::string_view::npos;
    if (option.substr(0, 2) == "--") {
        const std::string_view name = option.substr(0, option.find('='));
        if (name.size() < 3 || std::string_view("--split-string").substr(0, name.size()) != name)
            return 0;
        value = name.size() < option.size() ? name.size() + 1 : std::string_view::npos;
    } else {
        const auto at = option.find_first_of("SuCa", 1);
        if (at == std::string_view::npos || option[at] != 'S') return 0;
        value = at + 1 < option.size() ? at + 1 : std::string_view::npos;
    }
    if (value != std::string_view::npos) {
        text = option.substr(value);
        return 1;
    }
    if (words.size() < 2) return 0;
    text = words[1].decoded;
    return 2;
}

Word word_of_env(const std::string& text) {
    ParseState state;
    state.budget = text.size() + 4096;
    if (text.find("${") != std::string::npos) return ScriptParser(text, state, 0, true).env_word();
    Word word;
    word.written = word.decoded = text;
    return word;
}

/// env(1), -S: quotes, and the escapes \c \f \n \r \t \v \_ \# \$ \" \' and a double backslash.
class EnvSplitter {
public:
    explicit EnvSplitter(std::string_view text) : text_(text) {}

    std::vector<Word> split() {
        for (; at_ < text_.size(); ++at_)
            if (!take(text_[at_])) break;
        finish();
        return std::move(out_);
    }

private:
    void finish() {
        if (inside_) out_.push_back(word_of_env(word_));
        word_.clear();
        inside_ = false;
    }
    void put(char c) {
        inside_ = true;
        word_ += c;
    }
    /// False: the rest is ignored.
    bool take(char c) {
        if (c == '\\' && at_ + 1 < text_.size()) return escape(text_[at_ + 1]);
        if (quote_ != '\0' && c == quote_) {
            quote_ = '\0';
        } else if (quote_ != '\0') {
            put(c);
        } else if (is_blank(c) || (c >= '\n' && c <= '\r')) {
            finish();
        } else if (c == '#' && !inside_) {
            return false;
        } else if (c == '\'' || c == '"') {
            quote_ = c;
            inside_ = true;
        } else {
            put(c);
        }
        return true;
    }
    bool escape(char c) {
        if (quote_ == '\'' && c != '\'' && c != '\\') {
            put('\\');
            return true;
        }
        ++at_;
        if (c == 'c' && quote_ == '\0') return false;
        if (quote_ == '\0' && std::string_view("_fnrtv").find(c) != std::string_view::npos) {
            finish();
        } else {
            put(c == '_' ? ' ' : c);
        }
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::vector<Word> out_;
    std::string word_;
    bool inside_ = false;
    char quote_ = '\0';
};

class WrapperReader {
public:
    WrapperReader(const Wrapper& wrapper, WordSpan words, InnerCommands& inner)
        : wrapper_(wrapper), words_(words), inner_(inner), seen_(words.size(), false) {}

    void run() {
        open_.push_back(1);
        while (!open_.empty() && !inner_.too_many) {
            const std::size_t at = open_.back();
            open_.pop_back();
            if (at < words_.size() && !seen_[at]) look_at(at);
        }
    }

private:
    void look_at(std::size_t at) {
        seen_[at] = true;
        const Word& word = words_[at];
        if (word.decoded == "--") return command_at(at + 1);
        if (word.decoded == "-" && wrapper_.name == "env") return open_.push_back(at + 1);
        if (!is_option(word.decoded)) return command_at(at);
        // command -v and -V only print what would run.
        if (wrapper_.name == "command" && word.decoded.find_first_of("vV") != std::string::npos)
            return;
        if (wrapper_.name == "env" && split(at)) return;
        const auto [one, two, three] = reading(word.decoded, wrapper_);
        if (one) open_.push_back(at + 1);
        if (two) open_.push_back(at + 2);
        if (three) open_.push_back(at + 3);
    }

    /// env splits a text into words, which take the place of the option.
    bool split(std::size_t at) {
        std::string text;
        const std::size_t count = split_string(words_.subspan(at), text);
        if (count == 0) return false;
        std::vector<Word> command = {words_[0]};
        for (Word& word : EnvSplitter(text).split())
            command.push_back(std::move(word));
        const WordSpan rest = words_.subspan(at + count);
        command.insert(command.end(), rest.begin(), rest.end());
        inner_.commands.push_back(std::move(command));
        return true;
    }

    void command_at(std::size_t at) {
        // The shell's own time takes the shell's assignments, the others anything with a =.
        const auto assigns = [this](const Word& word) {
            return wrapper_.name == "time" ? is_assignment(word)
                                           : word.decoded.find('=') != std::string::npos;
        };
        while (wrapper_.assignments && at < words_.size() && assigns(words_[at]))
            ++at;
        at += static_cast<std::size_t>(wrapper_.operands);
        inner_.too_many = inner_.commands.size() >= kMostCommands;
        if (at >= words_.size() || inner_.too_many) return;
        if (wrapper_.operands > 0 && is_option(words_[at].decoded)) {
            // Some have options after their operand: perf stat -e x, setarch x86_64 -R.
            Wrapper rest = wrapper_;
            rest.operands = 0;
            WrapperReader(rest, words_.subspan(at - 1), inner_).run();
        } else {
            inner_.commands.emplace_back(words_.begin() + static_cast<std::ptrdiff_t>(at),
                                         words_.end());
        }
    }

    const Wrapper& wrapper_;
    WordSpan words_;
    InnerCommands& inner_;
    std::vector<bool> seen_;
    std::vector<std::size_t> open_;
};

}  // namespace

bool look_into_wrapper(std::string_view name, WordSpan words, InnerCommands& inner) {
    bool found = false;
    for (const Wrapper& wrapper : kWrappers) {
        if (wrapper.name != name) continue;
        found = true;
        WrapperReader(wrapper, words, inner).run();
        // The reserved word knows -p alone: another option is the command.
        for (std::size_t i = 1; name == "time" && i < words.size() && i < kMostCommands; ++i) {
            if (!is_option(words[i].decoded)) break;
            inner.commands.emplace_back(words.begin() + static_cast<std::ptrdiff_t>(i),
                                        words.end());
        }
    }
    return found;
}

}  // namespace tenon::shell
