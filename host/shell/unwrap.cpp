#include "host/shell/unwrap.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "host/base/is_among.h"

/// Finds the commands in the parts of a script, round by round, until a round finds nothing new.
namespace tenon::shell {
namespace {

/// More rounds fail the parse.
constexpr int kMostRounds = 24;
constexpr int kLearningRounds = 16;

constexpr std::array<std::string_view, 12> kEvaluating = {
    "declare", "typeset", "local",     "readonly", "export", "unset",
    "read",    "mapfile", "readarray", "getopts",  "wait",   "printf"};

/// Variables whose value bash expands like a prompt or a file name.
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

/// Whether the text could run something if it were evaluated.
bool could_run(std::string_view text) {
    return text.find('`') != std::string_view::npos || text.find("$(") != std::string_view::npos ||
           text.find("${") != std::string_view::npos || text.find("$[") != std::string_view::npos ||
           (!text.empty() && text.back() == '$');
}

/// Whether the command in `text` may end in another text.
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
    explicit Unwrapping(ParseState& state) : state_(state), levels_(state.parts.size(), 0) {
        for (const Part& part : state.parts)
            seen_.insert(key(part));
    }

    void run() {
        int rounds = 0;
        std::size_t parts = 0, version = 0;
        do {
            parts = state_.parts.size();
            version = values_.version();
            round();
            if (++rounds > kLearningRounds) values_.freeze();
            if (rounds > kMostRounds) state_.fail("too complex");
        } while ((parts != state_.parts.size() || version != values_.version()) &&
                 state_.failed.empty());
        // Children come after their parents.
        for (std::size_t i = state_.parts.size(); i-- > 0;) {
            const Part& part = state_.parts[i];
            if (part.parent == Part::kNone || part.opaque.empty()) continue;
            Part& parent = state_.parts[part.parent];
            if (parent.opaque.empty()) parent.opaque = part.opaque;
        }
        name_directories(state_);
    }

private:
    static std::string key(const Part& part) {
        std::string out;
        for (const Word& word : part.words)
            (out += word.decoded) += word.structure ? '\1' : '\0';
        for (const Redirection& redirection : part.redirections)
            out += redirection.op + redirection.target.decoded + '\2' + redirection.body;
        return out;
    }

    void round() {
        // The list grows in this loop: new parts are unwrapped in turn.
        for (; unwrapped_ < state_.parts.size(); ++unwrapped_)
            unwrap(unwrapped_);
        learn();
        if (read_ != values_.version() || read_parts_ != state_.parts.size()) {
            read_ = values_.version();
            read_parts_ = state_.parts.size();
            for (std::size_t i = 0; i < read_parts_; ++i)
                read(i);
        }
        if (commands_are_fed_) {
            for (; fed_ < values_.feeds().size(); ++fed_)
                try_as_script(std::string(values_.feeds()[fed_]), 0);
        }
        sweep();
    }

    void unwrap(std::size_t index) {
        // Copies, since the list grows. Most parts contain nothing.
        const std::vector<Word> words = state_.parts[index].words;
        InnerCommands inner = look_into(words);
        if (inner.too_many) state_.fail("too complex");
        look_into_input(index, inner);
        look_into_texts(index);
        if (!words.empty() && evaluates_its_words(words)) state_.evaluates = true;
        look_into_aliases(words);
        commands_are_fed_ = commands_are_fed_ || inner.reads_commands;
        if (state_.parts[index].opaque.empty()) state_.parts[index].opaque = inner.opaque;
        const bool fed = std::find(fed_parts_.begin(), fed_parts_.end(), index) != fed_parts_.end();
        if (!words.empty() && !fed && command_name(words[0]) == "xargs")
            wrappers_of_input_.push_back(index);
        if (inner.commands.empty() && inner.scripts.empty()) return;
        if (levels_[index] >= kMaxDepth) return state_.fail("nested too deeply");
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

    /// The commands in a here-document or here-string of a shell, or of a wrapper around it.
    void look_into_input(std::size_t index, InnerCommands& inner) {
        const std::vector<Part>& parts = state_.parts;
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
        if (!word.structure) return out;
        for (const Expansion& expansion : word.structure->expansions)
            if (expansion.runs_here)
                out.insert(out.end(), expansion.values.begin(), expansion.values.end());
        return out;
    }

    /// The text of an alias replaces its name before parsing: quotes and reserved words in it
    /// change how the rest is parsed.
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
            if (state_.aliases) state_.fail("an alias that may change how the text is read");
        }
    }

    /// Text that is run or expanded later: PS4='…' and similar, before a command or in the words of
    /// declare, export or env.
    void look_into_texts(std::size_t index) {
        const Part& part = state_.parts[index];
        // bash expands the word of >& again if it is not a number.
        for (const Redirection& redirection : part.redirections)
            if ((redirection.op == ">&" || redirection.op == "<&") && redirection.target.inert)
                texts_.push_back(redirection.target.decoded);
        for (const auto* words : {&part.assignments, &part.words})
            for (const Word& word : *words) {
                const auto equals = word.decoded.find('=');
                if (equals == std::string::npos || equals == 0) continue;
                std::string_view name = std::string_view(word.decoded).substr(0, equals);
                name = name.substr(0, name.find_first_of("+["));
                if (is_among(kIntegers, name)) state_.evaluates = true;
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
        // A shell may get its input from one of the parts around it.
        const bool shell = !part.words.empty() && is_shell(command_name(part.words[0]));
        if (!seen_.insert(key(part) + (shell ? std::to_string(parent) : "")).second) return false;
        if (levels_[parent] >= kMaxDepth) return state_.fail("nested too deeply"), false;
        // A word needs much more memory than its bytes.
        if (!state_.charge(part.written.size() + 64 * part.words.size())) return false;
        part.whole = part.written;
        part.nested = true;
        part.parent = parent;
        state_.parts.push_back(std::move(part));
        levels_.push_back(levels_[parent] + 1);
        return true;
    }

    void add_script(const std::string& text, std::size_t parent) {
        if (!scripts_.insert(text).second || !state_.charge(4 * text.size())) return;
        const std::size_t first = state_.parts.size();
        ScriptParser(text, state_, levels_[parent], true).script();
        for (std::size_t i = first; i < state_.parts.size(); ++i)
            state_.parts[i].parent = parent;
        levels_.resize(state_.parts.size(), levels_[parent] + 1);
    }

    /// Text that may be a script: if it cannot be parsed, nothing has failed.
    void try_as_script(const std::string& text, int level) {
        if (!scripts_.insert(text).second || !state_.charge(2 * text.size())) return;
        std::string opaque = state_.opaque;
        std::string failed = state_.failed;
        const std::size_t first = state_.parts.size();
        ScriptParser(text, state_, level + 1, true).script();
        ScriptParser(text, state_, level + 1, true).expansions();
        levels_.resize(state_.parts.size(), level + 1);
        for (std::size_t i = first; i < state_.parts.size(); ++i)
            state_.parts[i].nested = true;
        if (state_.budget == 0) return;
        state_.opaque = std::move(opaque);
        state_.failed = std::move(failed);
    }

    void learn() {
        for (std::size_t i = 0; i < state_.parts.size(); ++i) {
            if (!made_by_feed(i)) values_.learn_feed(state_.parts[i], state_);
            // The values of a reading were learned from the words that it was made of.
            if (readings_.count(i) == 0) values_.learn(state_.parts[i], state_);
        }
        for (const auto& [name, word] : state_.values)
            values_.learn(name, word);
        for (const std::string& text : std::exchange(texts_, {}))
            try_as_script(text, 0);
    }

    [[nodiscard]] bool made_by_feed(std::size_t index) const {
        for (; index != Part::kNone && !fed_parts_.empty(); index = state_.parts[index].parent)
            if (std::find(fed_parts_.begin(), fed_parts_.end(), index) != fed_parts_.end())
                return true;
        return false;
    }

    void read(std::size_t index) {
        const Part part = state_.parts[index];
        for (Part& reading : values_.readings(part, state_))
            if (add_part(std::move(reading), index)) readings_.insert(state_.parts.size() - 1);
        if (part.words.empty()) return;
        alias(part, index);
        const bool fed = std::find(wrappers_of_input_.begin(), wrappers_of_input_.end(), index) !=
                         wrappers_of_input_.end();
        if (fed) feed(part, index);
        // The first word might be an assignment after all.
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
        for (Part& reading : values_.readings(aliased, state_)) {
            if (reading.words.empty() || reading.words.size() < part.words.size()) continue;
            if (reading.words[0].decoded != part.words[0].decoded)
                add_part(std::move(reading), index);
        }
    }

    /// xargs with the input that the text may give it: after its words, or in the place of {} or of
    /// the word of -I.
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
            if (add_part(std::move(fed), index)) fed_parts_.push_back(state_.parts.size() - 1);
        }
    }

    /// If something evaluates text, parses each quoted text that could run something; and all
    /// quoted text if a piece is the beginning of a substitution, since pieces may be joined. A
    /// here-document counts if something reads it into a variable.
    void sweep() {
        if (!state_.evaluates) return;
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
            if (word.structure)
                for (const std::string& made : values_.texts(word))
                    take(made);
        };
        for (const Part& part : state_.parts)
            reads = reads || (!part.words.empty() && is_reading(command_name(part.words[0])));
        for (const Part& part : state_.parts) {
            for (const auto* words : {&part.assignments, &part.words})
                for (const Word& word : *words)
                    look(word);
            for (const Redirection& redirection : part.redirections) {
                look(redirection.target);
                if (reads || part.nested) take(redirection.body);
            }
        }
        for (const Word& word : state_.loose_words)
            look(word);
        for (const std::string& text : values_.all())
            take(text);
        for (const std::string& text : texts)
            if (state_.budget > 0 && (fragments || could_run(text))) try_as_script(text, 1);
    }

    ParseState& state_;
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

void unwrap(ParseState& state) {
    Unwrapping(state).run();
}

}  // namespace tenon::shell
