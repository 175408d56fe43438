#include "host/shell/unwrap.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "host/base/is_among.h"

/// Looks into the parts of a script until nothing new is found.
namespace tenon::shell {
namespace {

/// What is found in one round may be looked into in the next.
constexpr int kMostRounds = 24;
constexpr int kLearningRounds = 16;

constexpr std::array<std::string_view, 12> kEvaluating = {
    "declare", "typeset", "local",     "readonly", "export", "unset",
    "read",    "mapfile", "readarray", "getopts",  "wait",   "printf"};

/// Variables whose value is expanded as a prompt is.
bool is_expanded(std::string_view name) {
    return name == "PS0" || name == "PS1" || name == "PS2" || name == "PS4" || name == "BASH_ENV" ||
           name == "ENV" || name == "MAILPATH";
}

/// Variables whose value bash, or a program, runs.
constexpr std::array<std::string_view, 6> kRunVariables = {"VISUAL",  "LESSOPEN", "LESSCLOSE",
                                                           "BROWSER", "FCEDIT",   "GIT_SSH"};

/// Variables of bash with the integer attribute.
constexpr std::array<std::string_view, 7> kIntegers = {"RANDOM", "SECONDS", "LINENO", "HISTCMD",
                                                       "OPTIND", "SRANDOM", "BASHPID"};

bool ends_with(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

/// Whether the value of the variable is run: PS4, GIT_SSH_COMMAND, GIT_EDITOR, MANPAGER …
bool is_run(std::string_view name) {
    return is_among(kRunVariables, name) || ends_with(name, "_COMMAND") ||
           ends_with(name, "EDITOR") || ends_with(name, "PAGER") ||
           name.substr(0, 10) == "BASH_FUNC_";
}

/// Text that would run something if it were evaluated.
bool could_run(std::string_view text) {
    return text.find('`') != std::string_view::npos || text.find("$(") != std::string_view::npos ||
           text.find("${") != std::string_view::npos || text.find("$[") != std::string_view::npos ||
           (!text.empty() && text.back() == '$');
}

/// Whether what `text` would run ends in another text.
bool is_fragment(std::string_view text) {
    if (text.empty() || !could_run(text)) return false;
    const auto open = text.rfind("$(");
    const bool unclosed =
        open != std::string_view::npos && text.find(')', open) == std::string_view::npos;
    return unclosed || text.back() == '$' || std::count(text.begin(), text.end(), '`') % 2 != 0;
}

bool is_reading(std::string_view name) {
    return name == "read" || name == "mapfile" || name == "readarray";
}

/// Whether a builtin evaluates what its words hold: a subscript, an integer.
bool evaluates_its_words(const std::vector<Word>& words) {
    const std::string_view name = command_name(words[0]);
    if (name == "let") return true;
    const bool test = name == "test" || name == "[";
    if (!test && !is_among(kEvaluating, name)) return false;
    bool subscript = false, option = false;
    for (std::size_t i = 1; i < words.size(); ++i) {
        const std::string_view word = words[i].decoded;
        subscript = subscript || word.find('[') != std::string_view::npos || words[i].expands;
        if (test || name == "printf") option = option || word.substr(0, 2) == "-v" || word == "-R";
        const bool declares = word.size() > 1 && (word[0] == '-' || word[0] == '+') && !test;
        if (declares && name != "read" && word.find_first_of("in", 1) != std::string_view::npos)
            subscript = true;
    }
    return subscript && (option || !(test || name == "printf"));
}

class Unwrapping {
public:
    explicit Unwrapping(ParseState& sink) : sink_(sink), levels_(sink.parts.size(), 0) {
        for (const Part& part : sink.parts)
            seen_.insert(key(part));
    }

    void run() {
        int rounds = 0;
        std::size_t parts = 0, version = 0;
        do {
            parts = sink_.parts.size();
            version = values_.version();
            round();
            if (++rounds > kLearningRounds) values_.freeze();
            if (rounds > kMostRounds) sink_.fail("too complex");
        } while ((parts != sink_.parts.size() || version != values_.version()) &&
                 sink_.failed.empty());
        // Children stand behind their parents.
        for (std::size_t i = sink_.parts.size(); i-- > 0;) {
            const Part& part = sink_.parts[i];
            if (part.parent == Part::kNone || part.opaque.empty()) continue;
            Part& parent = sink_.parts[part.parent];
            if (parent.opaque.empty()) parent.opaque = part.opaque;
        }
        name_directories(sink_);
    }

private:
    static std::string key(const Part& part) {
        std::string out;
        for (const Word& word : part.words)
            (out += word.decoded) += word.makeup ? '\1' : '\0';
        for (const Redirection& redirection : part.redirections)
            out += redirection.op + redirection.target.decoded + '\2' + redirection.body;
        return out;
    }

    void round() {
        // The list grows while it is walked: what was found is looked into in turn.
        for (; unwrapped_ < sink_.parts.size(); ++unwrapped_)
            unwrap(unwrapped_);
        learn();
        if (read_ != values_.version() || read_parts_ != sink_.parts.size()) {
            read_ = values_.version();
            read_parts_ = sink_.parts.size();
            for (std::size_t i = 0; i < read_parts_; ++i)
                read(i);
        }
        if (commands_are_fed_) {
            for (; fed_ < values_.feeds().size(); ++fed_)
                also(std::string(values_.feeds()[fed_]), 0);
        }
        sweep();
    }

    void unwrap(std::size_t index) {
        // Copies: the list grows. Most parts hold nothing.
        const std::vector<Word> words = sink_.parts[index].words;
        InnerCommands inner = look_into(words);
        if (inner.too_many) sink_.fail("too complex");
        look_into_input(index, inner);
        look_into_texts(index);
        if (!words.empty() && evaluates_its_words(words)) sink_.evaluates = true;
        look_into_aliases(words);
        commands_are_fed_ = commands_are_fed_ || inner.reads_commands;
        if (sink_.parts[index].opaque.empty()) sink_.parts[index].opaque = inner.opaque;
        const bool fed = std::find(fed_parts_.begin(), fed_parts_.end(), index) != fed_parts_.end();
        if (!words.empty() && !fed && command_name(words[0]) == "xargs")
            wrappers_of_input_.push_back(index);
        if (inner.commands.empty() && inner.scripts.empty()) return;
        if (levels_[index] >= kMaxDepth) return sink_.fail("nested too deeply");
        values_.learn_arguments(inner.arguments);
        if (!inner.arguments.empty()) values_.learn("0", inner.arguments.front());
        for (std::vector<Word>& command : inner.commands) {
            Part part;
            part.words = std::move(command);
            add_part(std::move(part), index);
        }
        for (const std::string& script : inner.scripts)
            add_script(script, index);
    }

    /// A shell is given its commands by a here-document or here-string of its own or of what wraps
    /// it.
    void look_into_input(std::size_t index, InnerCommands& inner) {
        const std::vector<Part>& parts = sink_.parts;
        if (parts[index].words.empty() || !is_shell(command_name(parts[index].words[0]))) return;
        for (std::size_t i = index; i != Part::kNone; i = parts[i].parent)
            for (const Redirection& redirection : parts[i].redirections) {
                if (redirection.op.substr(0, 2) == "<<") {
                    inner.opaque = "a here-document to a shell";
                    inner.scripts.push_back(redirection.op == "<<<" ? redirection.target.decoded
                                                                    : redirection.body);
                }
                for (const std::string& text : texts_of_file(redirection.target))
                    inner.scripts.push_back(text);
            }
    }

    static std::vector<std::string> texts_of_file(const Word& word) {
        std::vector<std::string> out;
        if (!word.makeup) return out;
        for (const Expansion& expansion : word.makeup->expansions)
            if (expansion.runs_here)
                out.insert(out.end(), expansion.values.begin(), expansion.values.end());
        return out;
    }

    /// The text of an alias is read as if it stood where its name stands: quotes and reserved words
    /// in it change what follows.
    void look_into_aliases(const std::vector<Word>& words) {
        const bool defines = !words.empty() && (command_name(words[0]) == "alias" ||
                                                words[0].decoded.rfind("BASH_ALIASES", 0) == 0);
        if (!defines) return;
        for (const Word& word : words) {
            const std::string value = word.decoded.substr(word.decoded.find('=') + 1);
            if (word.decoded.find('=') == std::string::npos) continue;
            if (value.find_first_of("'\"\\`$(){}<>#;&|\n!") == std::string::npos &&
                (value.empty() || !is_blank(value.back())))
                continue;
            texts_.push_back(value);
            if (sink_.aliases) sink_.fail("an alias that may change how the text is read");
        }
    }

    /// Text that is run or expanded later: PS4='…' and its like, before a command or among the
    /// words of declare, export, env.
    void look_into_texts(std::size_t index) {
        const Part& part = sink_.parts[index];
        // bash expands the word of >& once more when it is no number.
        for (const Redirection& redirection : part.redirections)
            if ((redirection.op == ">&" || redirection.op == "<&") && redirection.target.inert)
                texts_.push_back(redirection.target.decoded);
        for (const auto* words : {&part.assignments, &part.words})
            for (const Word& word : *words) {
                const auto equals = word.decoded.find('=');
                if (equals == std::string::npos || equals == 0) continue;
                std::string_view name = std::string_view(word.decoded).substr(0, equals);
                name = name.substr(0, name.find_first_of("+["));
                if (is_among(kIntegers, name)) sink_.evaluates = true;
                std::string text = word.decoded.substr(equals + 1);
                if (!is_run(name) && !(is_expanded(name) && could_run(text))) continue;
                if (name.substr(0, 10) == "BASH_FUNC_") text = "f " + text;
                texts_.push_back(text);
            }
    }

    bool add_part(Part part, std::size_t parent) {
        for (const Word& word : part.words) {
            if (!part.written.empty()) part.written += ' ';
            part.written += word.written;
        }
        // What a shell reads may be given to one of those around it.
        const bool shell = !part.words.empty() && is_shell(command_name(part.words[0]));
        if (!seen_.insert(key(part) + (shell ? std::to_string(parent) : "")).second) return false;
        if (levels_[parent] >= kMaxDepth) return sink_.fail("nested too deeply"), false;
        // Each word costs far more than its bytes.
        if (!sink_.charge(part.written.size() + 64 * part.words.size())) return false;
        part.whole = part.written;
        part.nested = true;
        part.parent = parent;
        sink_.parts.push_back(std::move(part));
        levels_.push_back(levels_[parent] + 1);
        return true;
    }

    void add_script(const std::string& text, std::size_t parent) {
        if (!scripts_.insert(text).second || !sink_.charge(4 * text.size())) return;
        const std::size_t first = sink_.parts.size();
        ScriptParser(text, sink_, levels_[parent], true).script();
        for (std::size_t i = first; i < sink_.parts.size(); ++i)
            sink_.parts[i].parent = parent;
        levels_.resize(sink_.parts.size(), levels_[parent] + 1);
    }

    /// Text that may be a script, or not: it need not be bash.
    void also(const std::string& text, int level) {
        if (!scripts_.insert(text).second || !sink_.charge(2 * text.size())) return;
        std::string opaque = sink_.opaque;
        std::string failed = sink_.failed;
        const std::size_t first = sink_.parts.size();
        ScriptParser(text, sink_, level + 1, true).script();
        ScriptParser(text, sink_, level + 1, true).expansions();
        levels_.resize(sink_.parts.size(), level + 1);
        for (std::size_t i = first; i < sink_.parts.size(); ++i)
            sink_.parts[i].nested = true;
        if (sink_.budget == 0) return;
        sink_.opaque = std::move(opaque);
        sink_.failed = std::move(failed);
    }

    void learn() {
        for (std::size_t i = 0; i < sink_.parts.size(); ++i) {
            if (!made_by_feed(i)) values_.learn_feed(sink_.parts[i], sink_);
            // A reading has been learned from with the words that it was made of.
            if (readings_.count(i) == 0) values_.learn(sink_.parts[i], sink_);
        }
        for (const auto& [name, word] : sink_.values)
            values_.learn(name, word);
        for (const std::string& text : std::exchange(texts_, {}))
            also(text, 0);
    }

    [[nodiscard]] bool made_by_feed(std::size_t index) const {
        for (; index != Part::kNone && !fed_parts_.empty(); index = sink_.parts[index].parent)
            if (std::find(fed_parts_.begin(), fed_parts_.end(), index) != fed_parts_.end())
                return true;
        return false;
    }

    void read(std::size_t index) {
        const Part part = sink_.parts[index];
        for (Part& reading : values_.readings(part, sink_))
            if (add_part(std::move(reading), index)) readings_.insert(sink_.parts.size() - 1);
        if (part.words.empty()) return;
        alias(part, index);
        const bool fed = std::find(wrappers_of_input_.begin(), wrappers_of_input_.end(), index) !=
                         wrappers_of_input_.end();
        if (fed) feed(part, index);
        // What stands before the command might be an assignment after all.
        if (part.words.size() > 1 && part.words[0].decoded.find('=') != std::string::npos) {
            Part rest;
            rest.words.assign(part.words.begin() + 1, part.words.end());
            add_part(std::move(rest), index);
        }
    }

    /// An alias, or a name that `hash -p` has given to a program.
    void alias(const Part& part, std::size_t index) {
        if (!values_.knows("alias:" + part.words[0].decoded)) return;
        Expansion expansion;
        expansion.name = "alias:" + part.words[0].decoded;
        expansion.written = part.words[0].decoded;
        WordBuilder build;
        build.add(std::move(expansion));
        Part aliased;
        aliased.words = part.words;
        aliased.words[0] = build.finish();
        for (Part& reading : values_.readings(aliased, sink_)) {
            if (reading.words.empty() || reading.words.size() < part.words.size()) continue;
            if (reading.words[0].decoded != part.words[0].decoded)
                add_part(std::move(reading), index);
        }
    }

    /// xargs with what the text may give it: behind its words, or where {} or -I's word stands.
    void feed(const Part& part, std::size_t index) {
        std::vector<std::string> places = {"{}"};
        for (std::size_t i = 1; i + 1 < part.words.size(); ++i)
            if (part.words[i].decoded == "-I" || part.words[i].decoded == "-i")
                places.push_back(part.words[i + 1].decoded);
            else if (part.words[i].decoded.substr(0, 2) == "-I")
                places.push_back(part.words[i].decoded.substr(2));
        const std::vector<std::string> feeds = values_.feeds();
        for (const std::string& feed : feeds) {
            Part fed;
            bool placed = false;
            for (const Word& word : part.words) {
                fed.words.push_back(word);
                std::string& text = fed.words.back().decoded;
                for (const std::string& place : places) {
                    const auto at = place.empty() ? std::string::npos : text.find(place);
                    if (at == std::string::npos || text == place + feed || fed.words.size() < 2 ||
                        text.substr(0, 2) == "-I" ||
                        (part.words[fed.words.size() - 2].decoded == "-I"))
                        continue;
                    text.replace(at, place.size(), feed);
                    fed.words.back().written = text;
                    placed = true;
                    break;
                }
            }
            if (!placed) {
                Word more;
                for (std::size_t from = 0; from < feed.size();) {
                    const std::size_t stop =
                        std::min(feed.find_first_of(" \t\n", from), feed.size());
                    more.decoded = more.written = feed.substr(from, stop - from);
                    if (!more.decoded.empty()) fed.words.push_back(more);
                    from = stop + 1;
                }
            }
            if (add_part(std::move(fed), index)) fed_parts_.push_back(sink_.parts.size() - 1);
        }
    }

    /// Where something evaluates text, quoted text that would run something is looked into; and all
    /// quoted text where one piece of it is the beginning of a substitution, that may be put
    /// together. A here-document counts where something reads it into a variable.
    void sweep() {
        if (!sink_.evaluates) return;
        std::vector<std::string> texts;
        bool fragments = false, reads = false;
        const auto take = [&](const std::string& text) {
            texts.push_back(text);
            fragments = fragments || is_fragment(text);
        };
        const auto look = [&](const Word& word) {
            const bool quoted = word.inert || word.quotes ||
                                word.written.find_first_of("'\"\\") != std::string::npos;
            if (!quoted) return;
            const std::string& text = word.decoded;
            take(text);
            if (const auto equals = text.find('='); equals != std::string::npos)
                take(text.substr(equals + 1));
            if (word.makeup)
                for (const std::string& made : values_.texts(word))
                    take(made);
        };
        for (const Part& part : sink_.parts)
            reads = reads || (!part.words.empty() && is_reading(command_name(part.words[0])));
        for (const Part& part : sink_.parts) {
            for (const auto* words : {&part.assignments, &part.words})
                for (const Word& word : *words)
                    look(word);
            for (const Redirection& redirection : part.redirections) {
                look(redirection.target);
                if (reads || part.nested) take(redirection.body);
            }
        }
        for (const Word& word : sink_.loose)
            look(word);
        for (const std::string& text : values_.all())
            take(text);
        for (const std::string& text : texts)
            if (sink_.budget > 0 && (fragments || could_run(text))) also(text, 1);
    }

    ParseState& sink_;
    VariableValues values_;
    std::vector<int> levels_;
    std::unordered_set<std::string> seen_, scripts_;
    std::unordered_set<std::size_t> readings_;
    std::vector<std::string> texts_;
    std::vector<std::size_t> wrappers_of_input_, fed_parts_;
    std::size_t unwrapped_ = 0, read_ = 0, read_parts_ = 0, fed_ = 0;
    bool commands_are_fed_ = false;
};

}  // namespace

void unwrap(ParseState& sink) {
    Unwrapping(sink).run();
}

}  // namespace tenon::shell
