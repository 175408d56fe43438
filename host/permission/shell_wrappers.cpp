#include <algorithm>
#include <array>
#include <span>

#include "host/permission/shell_parser.h"

/// Commands whose words hold another command. Options as in their manual pages (coreutils,
/// util-linux, findutils, sudo, doas, busybox) and bash(1).
namespace tenon::permission::shell {
namespace {

using Words = std::span<const Word>;

struct Wrapper {
    std::string_view name;
    std::string_view with_value;       ///< short options whose value may be the next word
    std::string_view long_with_value;  ///< long ones, blanks around each
    int operands = 0;                  ///< words of its own before the command
    bool assignments = false;
};

constexpr std::array<Wrapper, 18> kWrappers = {{
    {"env", "uCS", " --unset --chdir --split-string ", 0, true},
    {"command", "", "", 0, false},
    {"exec", "a", "", 0, false},
    {"builtin", "", "", 0, false},
    {"nohup", "", "", 0, false},
    {"nice", "n", " --adjustment ", 0, false},
    {"time", "fo", " --format --output ", 0, true},
    {"timeout", "ks", " --kill-after --signal ", 1, false},
    {"setsid", "", "", 0, false},
    {"xargs", "adEILnPs",
     " --arg-file --delimiter --max-args --max-procs --max-chars --process-slot-var ", 0, false},
    {"sudo", "ughpCrtTUDR",
     " --user --group --host --prompt --close-from --role --type --chdir --chroot ", 0, true},
    {"doas", "uC", "", 0, false},
    {"busybox", "", "", 0, false},
    {"toybox", "", "", 0, false},
    {"ionice", "cnp", " --class --classdata --pid ", 0, false},
    {"stdbuf", "ioe", " --input --output --error ", 0, false},
    {"chroot", "", "", 1, false},
    {"strace", "eoEpsu", "", 0, false},
}};

constexpr std::array<std::string_view, 7> kShells = {"bash", "sh",  "dash", "zsh",
                                                     "ksh",  "ash", "rbash"};

/// What the words of a part hold.
struct Inner {
    std::vector<Words> commands;
    std::vector<std::string> scripts;
    std::string opaque;
};

bool is_shell(std::string_view name) {
    return std::find(kShells.begin(), kShells.end(), name) != kShells.end();
}

bool is_option(const Word& word) {
    return word.decoded.size() > 1 && word.decoded[0] == '-';
}

/// How many words the option at words[0] takes: 1, or 2 when its value is the next one.
std::size_t option_words(std::string_view option, const Wrapper& wrapper) {
    if (option.substr(0, 2) == "--")
        return wrapper.long_with_value.find(" " + std::string(option) + " ") !=
                       std::string_view::npos
                   ? 2
                   : 1;
    // In a cluster the first option that takes a value takes what is left of the word, or the next.
    const auto taker = option.find_first_of(wrapper.with_value, 1);
    return taker != std::string_view::npos && taker + 1 == option.size() ? 2 : 1;
}

std::string split_string_of_env(std::string_view option, Words rest) {
    if (option == "-S" || option == "--split-string")
        return rest.size() > 1 ? rest[1].decoded : std::string();
    if (option.substr(0, 15) == "--split-string=") return std::string(option.substr(15));
    if (option.substr(0, 2) == "--") return {};
    const auto at = option.find('S');
    if (at == std::string_view::npos) return {};
    return at + 1 < option.size() ? std::string(option.substr(at + 1))
           : rest.size() > 1      ? rest[1].decoded
                                  : "";
}

void look_into_wrapper(const Wrapper& wrapper, Words words, Inner& inner) {
    std::size_t i = 1;
    for (; i < words.size(); ++i) {
        const std::string_view word = words[i].decoded;
        if (word == "--") {
            ++i;
            break;
        }
        if (word == "-" && wrapper.name == "env") continue;
        if (!is_option(words[i])) break;
        // command -v and -V only say what would run.
        if (wrapper.name == "command" && word.find_first_of("vV") != std::string_view::npos) return;
        if (wrapper.name == "env") {
            if (auto text = split_string_of_env(word, words.subspan(i)); !text.empty())
                inner.scripts.push_back(std::move(text));
        }
        i += option_words(word, wrapper) - 1;
    }
    // The shell's own time takes the shell's assignments, the others anything with a =.
    const auto assigns = [&wrapper](const Word& word) {
        return wrapper.name == "time" ? is_assignment(word)
                                      : word.decoded.find('=') != std::string::npos;
    };
    while (wrapper.assignments && i < words.size() && assigns(words[i]))
        ++i;
    i += static_cast<std::size_t>(wrapper.operands);
    if (i < words.size()) inner.commands.push_back(words.subspan(i));
}

void look_into_find(Words words, Inner& inner) {
    for (std::size_t i = 1; i < words.size(); ++i) {
        const std::string_view word = words[i].decoded;
        if (word != "-exec" && word != "-execdir" && word != "-ok" && word != "-okdir") continue;
        const std::size_t begin = i + 1;
        while (i + 1 < words.size() && words[i + 1].decoded != ";" &&
               !(words[i + 1].decoded == "+" && words[i].decoded == "{}"))
            ++i;
        if (i >= begin) inner.commands.push_back(words.subspan(begin, i + 1 - begin));
    }
}

std::string joined(Words words) {
    std::string out;
    for (const Word& word : words) {
        if (!out.empty()) out += ' ';
        out += word.decoded;
    }
    return out;
}

void look_into_shell(Words words, Inner& inner) {
    bool text = false, other = false;
    std::size_t i = 1;
    for (; i < words.size(); ++i) {
        const std::string_view word = words[i].decoded;
        if (word == "--" || word == "-") {
            ++i;
            break;
        }
        if (word.size() < 2 || (word[0] != '-' && word[0] != '+')) break;
        if (word.substr(0, 2) == "--") {
            other = other || word == "--version" || word == "--help";
            if (word == "--rcfile" || word == "--init-file") ++i;
            continue;
        }
        text = text || (word[0] == '-' && word.find('c') != std::string_view::npos);
        if (word.back() == 'o' || word.back() == 'O') ++i;
    }
    if (!text) {
        if (i >= words.size() && !other) inner.opaque = "a shell that reads its commands";
        return;
    }
    if (i >= words.size()) return;
    inner.scripts.push_back(words[i].decoded);
    if (!words[i].literal()) inner.opaque = "a shell whose command holds expansions";
}

Inner look_into(Words words) {
    Inner inner;
    if (words.empty()) return inner;
    const std::string_view name = command_name(words[0]);
    if (!words[0].literal()) {
        inner.opaque = "a variable or pattern as command";
    } else if (name == "eval") {
        inner.opaque = "eval";
        inner.scripts.push_back(joined(words.subspan(1)));
    } else if (name == "source" || name == ".") {
        inner.opaque = name;
    } else if (name == "trap" && words.size() > 1) {
        inner.opaque = name;
        inner.scripts.push_back(words[1].decoded);
    } else if (name == "find") {
        look_into_find(words, inner);
    } else if (is_shell(name)) {
        look_into_shell(words, inner);
    } else {
        const auto* wrapper = std::find_if(kWrappers.begin(), kWrappers.end(),
                                           [&](const Wrapper& w) { return w.name == name; });
        if (wrapper != kWrappers.end()) look_into_wrapper(*wrapper, words, inner);
    }
    return inner;
}

/// A shell is given its commands by a here-document or here-string of its own or of what wraps it.
void look_into_input(const std::vector<Part>& parts, std::size_t index, Inner& inner) {
    if (parts[index].words.empty() || !is_shell(command_name(parts[index].words[0]))) return;
    for (std::size_t i = index; i != Part::kNone; i = parts[i].parent)
        for (const Redirection& redirection : parts[i].redirections) {
            if (redirection.op.substr(0, 2) != "<<") continue;
            inner.opaque = "a here-document to a shell";
            inner.scripts.push_back(redirection.op == "<<<" ? redirection.target.decoded
                                                            : redirection.body);
        }
}

class Unwrapping {
public:
    explicit Unwrapping(Sink& sink) : sink_(sink), levels_(sink.parts.size(), 0) {}

    void run() {
        // The list grows while it is walked: what was found is looked into in turn.
        for (std::size_t i = 0; i < sink_.parts.size(); ++i)
            unwrap(i);
        // Children stand behind their parents.
        for (std::size_t i = sink_.parts.size(); i-- > 0;) {
            const Part& part = sink_.parts[i];
            if (part.parent == Part::kNone || part.opaque.empty()) continue;
            Part& parent = sink_.parts[part.parent];
            if (parent.opaque.empty()) parent.opaque = part.opaque;
        }
    }

private:
    void unwrap(std::size_t index) {
        // A copy: spans into it stay valid while the list grows. Most parts hold nothing.
        const std::vector<Word> words = sink_.parts[index].words;
        Inner inner = look_into(words);
        look_into_input(sink_.parts, index, inner);
        if (sink_.parts[index].opaque.empty()) sink_.parts[index].opaque = inner.opaque;
        if (inner.commands.empty() && inner.scripts.empty()) return;
        if (levels_[index] >= kMaxDepth) return sink_.fail("nested too deeply");
        for (const Words command : inner.commands)
            add_command(command, index);
        for (const std::string& script : inner.scripts)
            add_script(script, index);
    }

    void add_command(Words words, std::size_t parent) {
        Part part;
        part.words.assign(words.begin(), words.end());
        for (const Word& word : words) {
            if (!part.written.empty()) part.written += ' ';
            part.written += word.written;
        }
        // Each word costs far more than its bytes.
        if (!sink_.charge(part.written.size() + 64 * words.size())) return;
        part.whole = part.written;
        part.nested = true;
        part.parent = parent;
        sink_.parts.push_back(std::move(part));
        levels_.push_back(levels_[parent] + 1);
    }

    void add_script(const std::string& text, std::size_t parent) {
        if (!sink_.charge(text.size())) return;
        const std::size_t first = sink_.parts.size();
        Parser(text, sink_, levels_[parent], true).script();
        for (std::size_t i = first; i < sink_.parts.size(); ++i)
            sink_.parts[i].parent = parent;
        levels_.resize(sink_.parts.size(), levels_[parent] + 1);
    }

    Sink& sink_;
    std::vector<int> levels_;
};

}  // namespace

void unwrap(Sink& sink) {
    Unwrapping(sink).run();
}

}  // namespace tenon::permission::shell
