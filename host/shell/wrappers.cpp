#include <algorithm>
#include <array>

#include "host/shell/unwrap.h"

/// Commands that another command gets as text or in a special place: of shells, eval, trap, find …
namespace tenon::shell {
namespace {

constexpr std::array<std::string_view, 16> kShells = {
    "bash", "sh",   "dash", "zsh", "ksh",  "ash",   "rbash", "mksh",
    "yash", "posh", "fish", "csh", "tcsh", "ksh93", "lksh",  "hush"};

/// Programs with a command as the text after -c.
constexpr std::array<std::string_view, 6> kWithCommandOption = {"su",    "runuser", "script",
                                                                "flock", "sg",      "capsh"};

std::vector<Word> copied(WordSpan words) {
    return {words.begin(), words.end()};
}

std::string decoded_words(WordSpan words) {
    std::string out;
    for (const Word& word : words) {
        if (!out.empty()) out += ' ';
        out += word.decoded;
    }
    return out;
}

void look_into_find(WordSpan words, InnerCommands& inner) {
    for (std::size_t i = 1; i < words.size(); ++i) {
        const std::string_view word = words[i].decoded;
        if (word != "-exec" && word != "-execdir" && word != "-ok" && word != "-okdir") continue;
        const std::size_t begin = i + 1;
        while (i + 1 < words.size() && words[i + 1].decoded != ";" &&
               !(words[i + 1].decoded == "+" && words[i].decoded == "{}"))
            ++i;
        if (i >= begin) inner.commands.push_back(copied(words.subspan(begin, i + 1 - begin)));
    }
}

/// fd -x command, fd --exec-batch command.
void look_into_fd(WordSpan words, InnerCommands& inner) {
    for (std::size_t i = 1; i + 1 < words.size(); ++i) {
        const std::string_view word = words[i].decoded;
        if (word == "-x" || word == "-X" || word == "--exec" || word == "--exec-batch")
            return inner.commands.push_back(copied(words.subspan(i + 1)));
    }
}

/// The commands in a named file: known if the file is <(…); else it may be the standard input.
void look_into_file(const Word& word, InnerCommands& inner) {
    const std::string_view path = word.decoded;
    if (path == "-" || path.substr(0, 5) == "/dev/" || path.substr(0, 6) == "/proc/")
        inner.reads_commands = true;
    if (!word.structure) return;
    for (const Expansion& expansion : word.structure->expansions)
        if (expansion.runs_here)
            inner.scripts.insert(inner.scripts.end(), expansion.values.begin(),
                                 expansion.values.end());
}

/// A script that is not in the directory is searched for like a command.
void look_into_script(WordSpan words, InnerCommands& inner) {
    look_into_file(words[0], inner);
    if (words[0].decoded.find('/') == std::string::npos && words[0].decoded != "-")
        inner.commands.push_back(copied(words));
}

/// Reads the words as bash's main() does: first long options, with one or two dashes, then clusters
/// in which each o and O takes the next word. Other shells are similar.
class ShellReader {
public:
    ShellReader(WordSpan words, InnerCommands& inner) : words_(words), inner_(inner) {}

    void run() {
        while (long_option()) {
        }
        while (cluster()) {
        }
        const bool operand = at_ < words_.size();
        if (!text_ || input_) {
            if ((!operand && !informs_) || input_) {
                inner_.opaque = "a shell that reads its commands";
                inner_.reads_commands = true;
            }
            if (operand && !input_) look_into_script(words_.subspan(at_), inner_);
        }
        if (!text_ || !operand) return;
        inner_.scripts.push_back(words_[at_].decoded);
        if (!words_[at_].literal()) inner_.opaque = "a shell whose command holds expansions";
        for (const Word& word : words_.subspan(at_ + 1))
            inner_.arguments.push_back(word.decoded);
    }

private:
    bool long_option() {
        if (at_ >= words_.size() || words_[at_].decoded.size() < 3) return false;
        std::string_view word = words_[at_].decoded;
        if (word[0] != '-') return false;
        const bool two = word[1] == '-';
        word.remove_prefix(two ? 2 : 1);
        const bool file = word == "rcfile" || word == "init-file";
        const bool known = file || word == "norc" || word == "noprofile" || word == "login" ||
                           word == "posix" || word == "restricted" || word == "noediting";
        if (!two && !known) return false;
        ++at_;
        informs_ = informs_ || word == "version" || word == "help";
        const std::string_view name = word.substr(0, word.find('='));
        const bool command = two && (name == "command" || name == "init-command");  // fish
        if (command && name.size() < word.size())
            inner_.scripts.emplace_back(word.substr(name.size() + 1));
        else if (command && at_ < words_.size())
            inner_.scripts.push_back(words_[at_++].decoded);
        if (file && at_ < words_.size()) look_into_file(words_[at_++], inner_);
        return true;
    }
    bool cluster() {
        if (at_ >= words_.size()) return false;
        const std::string_view word = words_[at_].decoded;
        if (word.empty() || (word[0] != '-' && word[0] != '+')) return false;
        ++at_;
        if (word == "-" || word == "--") return false;
        for (const char c : word.substr(1)) {
            text_ = text_ || c == 'c' || c == 'C';
            input_ = input_ || c == 's';
            if ((c == 'o' || c == 'O') && at_ < words_.size()) ++at_;
        }
        return true;
    }

    WordSpan words_;
    InnerCommands& inner_;
    std::size_t at_ = 1;
    bool text_ = false, input_ = false, informs_ = false;
};

/// -c TEXT, --command TEXT, in all their forms.
void look_for_command_option(WordSpan words, InnerCommands& inner) {
    const auto next = [&](std::size_t i) {
        if (i + 1 < words.size()) inner.scripts.push_back(words[i + 1].decoded);
    };
    for (std::size_t i = 1; i < words.size(); ++i) {
        const std::string_view word = words[i].decoded;
        if (!is_option(word)) continue;
        if (word.substr(0, 2) == "--") {
            const std::string_view name = word.substr(0, word.find('='));
            const auto begins = [&](std::string_view option) {
                return name.size() > 3 && option.substr(0, name.size()) == name;
            };
            if (!begins("--command") && !begins("--session-command")) continue;
            if (name.size() < word.size())
                inner.scripts.emplace_back(word.substr(name.size() + 1));
            else
                next(i);
        } else if (const auto at = word.find('c', 1); at != std::string_view::npos) {
            if (at + 1 < word.size()) inner.scripts.emplace_back(word.substr(at + 1));
            next(i);
        }
    }
}

/// The words after the options as one text: watch, parallel, hyperfine. `valued`: the short options
/// with a value, then the long ones.
void look_into_text(WordSpan words, std::string_view valued, InnerCommands& inner) {
    std::size_t i = 1;
    for (; i < words.size() && is_option(words[i].decoded); ++i) {
        const std::string_view word = words[i].decoded;
        if (word == "--") {
            ++i;
            break;
        }
        const bool value = word.substr(0, 2) == "--"
                               ? valued.find(std::string(word) + " ") != std::string_view::npos
                               : word.size() == 2 && valued.find(word[1]) < valued.find(' ');
        if (value) ++i;
    }
    std::size_t stop = i;
    while (stop < words.size() && words[stop].decoded.substr(0, 3) != ":::")
        ++stop;
    if (i < stop) inner.scripts.push_back(decoded_words(words.subspan(i, stop - i)));
    const bool each = stop == i || command_name(words[0]) == "hyperfine";
    for (std::size_t k = each ? i : words.size(); k < words.size(); ++k)
        inner.scripts.push_back(words[k].decoded);
}

/// The value of a short option that is a command: mapfile -C, complete -C.
void look_for_option(WordSpan words, char option, InnerCommands& inner) {
    for (std::size_t i = 1; i < words.size(); ++i) {
        const std::string_view word = words[i].decoded;
        const auto at = is_option(word) ? word.find(option, 1) : std::string_view::npos;
        if (at == std::string_view::npos) continue;
        inner.opaque = "a command in the words of another";
        if (at + 1 < word.size()) inner.scripts.emplace_back(word.substr(at + 1));
        if (i + 1 < words.size()) inner.scripts.push_back(words[i + 1].decoded);
    }
}

/// bind -x '"\C-a": command'
void look_into_bind(WordSpan words, InnerCommands& inner) {
    for (const Word& word : words.subspan(1)) {
        const auto colon = word.decoded.find(':');
        if (colon == std::string::npos) continue;
        inner.opaque = "a command that is bound to a key";
        const std::string text = word.decoded.substr(colon + 1);
        inner.scripts.push_back(text);
        const auto open = text.find('"');
        const auto close = text.rfind('"');
        if (open < close) inner.scripts.push_back(text.substr(open + 1, close - open - 1));
    }
}

/// The index of the first word, after `--` if that is there.
std::size_t first_operand(WordSpan words) {
    return words.size() > 1 && words[1].decoded == "--" ? 2 : 1;
}

/// Builtins of bash that run text or words.
bool look_into_builtin(std::string_view name, WordSpan words, InnerCommands& inner) {
    const std::size_t operand = first_operand(words);
    if (name == "eval") {
        inner.opaque = "eval";
        inner.scripts.push_back(decoded_words(words.subspan(operand)));
    } else if (name == "source" || name == ".") {
        inner.opaque = name;
        if (operand < words.size()) look_into_script(words.subspan(operand), inner);
    } else if (name == "trap" && words.size() > 1) {
        inner.opaque = name;
        if (operand < words.size()) inner.scripts.push_back(words[operand].decoded);
    } else if (name == "mapfile" || name == "readarray" || name == "complete") {
        look_for_option(words, 'C', inner);
    } else if (name == "compgen") {
        look_for_option(words, 'C', inner);
        look_for_option(words, 'W', inner);
    } else if (name == "bind") {
        look_into_bind(words, inner);
    } else if (name == "jobs") {
        if (words.size() > 2 && words[1].decoded.find('x') != std::string::npos)
            inner.commands.push_back(copied(words.subspan(2)));
    } else if (name == "enable") {
        if (words.size() > 1 && words[1].decoded.find('f') != std::string::npos)
            inner.opaque = "a builtin that is loaded";
    } else {
        return false;
    }
    return true;
}

bool look_into_program(std::string_view name, WordSpan words, InnerCommands& inner) {
    if (name == "find") {
        look_into_find(words, inner);
    } else if (name == "fd" || name == "fdfind") {
        look_into_fd(words, inner);
    } else if (name == "watch") {
        look_into_text(words, "nq --interval --equexit ", inner);
    } else if (name == "parallel" || name == "sem") {
        look_into_text(words,
                       "jIaLnNPSsEd --jobs --arg-file --max-args --colsep --delay --results "
                       "--joblog ",
                       inner);
    } else if (name == "hyperfine") {
        look_into_text(words,
                       "wmMrnpcsiSLPuN --warmup --runs --min-runs --max-runs --prepare --setup "
                       "--cleanup ",
                       inner);
    } else {
        return false;
    }
    return true;
}

}  // namespace

bool is_option(std::string_view word) {
    return word.size() > 1 && word[0] == '-';
}

bool is_shell(std::string_view name) {
    return std::find(kShells.begin(), kShells.end(), name) != kShells.end();
}

InnerCommands look_into(WordSpan words) {
    InnerCommands inner;
    if (words.empty()) return inner;
    const std::string_view name = command_name(words[0]);
    if (!words[0].literal()) inner.opaque = "a variable or pattern as command";
    if (is_shell(name)) {
        ShellReader(words, inner).run();
    } else if (!look_into_builtin(name, words, inner) && !look_into_program(name, words, inner)) {
        const bool texts = std::find(kWithCommandOption.begin(), kWithCommandOption.end(), name) !=
                           kWithCommandOption.end();
        if (texts) look_for_command_option(words, inner);
        if (name == "sg" && words.size() > 2) inner.scripts.push_back(words[2].decoded);
        look_into_wrapper(name, words, inner);
    }
    return inner;
}

}  // namespace tenon::shell
