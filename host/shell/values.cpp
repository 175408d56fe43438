#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "host/shell/unwrap.h"

/// The literal values of variables.
namespace tenon::shell {
namespace {

/// Further values of one variable are not kept.
constexpr std::size_t kMostValues = 32;
/// With more combinations of values, each value is only tried by itself.
constexpr std::size_t kMostReadings = 64;
constexpr std::size_t kLongestLearned = 4'096;
/// How often a value may be made from an earlier one.
constexpr std::size_t kMostGenerations = 8;
constexpr std::size_t kMostFeeds = 64;
constexpr std::size_t kMostBraces = 4'096;

constexpr std::array<std::string_view, 5> kDeclaring = {"declare", "typeset", "local", "export",
                                                        "readonly"};
/// Values that bash itself and the host's environment give.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kKnown = {
    {{"BASH", "/bin/bash"}, {"SHELL", "/bin/bash"}, {"0", "bash"}, {"#", "0"}, {"?", "0"}}};

std::string alias_key(std::string_view name) {
    return "alias:" + std::string(name);
}

/// The name in NAME=, NAME+=, NAME[…]=; `rest` gets the place of the =.
std::string_view assigned_name(std::string_view text, std::size_t& rest) {
    std::size_t length = 0;
    while (length < text.size() && is_name(text[length]))
        ++length;
    if (length == 0 || !is_name_start(text[0])) return {};
    rest = length;
    if (rest < text.size() && text[rest] == '[') rest = text.find("]", rest) + 1;
    if (rest > 0 && rest < text.size() && text[rest] == '+') ++rest;
    return rest > 0 && rest < text.size() && text[rest] == '=' ? text.substr(0, length)
                                                               : std::string_view();
}

bool separates(char32_t unit, const std::string& separators) {
    return unit < 0x100 && separators.find(static_cast<char>(unit)) != std::string::npos;
}

std::string key_of(const Expansion& expansion) {
    return expansion.name.empty()
               ? " " + expansion.written
               : (expansion.indirect ? "!" : "") + expansion.name + " " + expansion.operation;
}

/// A word of only unquoted expansions disappears if they are empty.
bool vanishes(const Word& word) {
    if (!word.structure) return false;
    const std::vector<Expansion>& expansions = word.structure->expansions;
    return !expansions.empty() && expansions.size() == word.structure->units.size() &&
           std::all_of(expansions.begin(), expansions.end(),
                       [](const Expansion& e) { return !e.quoted || e.many; });
}

/// A word while it is built from the units of one item of a brace expansion.
struct FieldBuilder {
    Word word;
    bool plain = true, any = false;

    void add(char c, bool quoted) {
        word.decoded += c;
        any = true;
        plain = plain && !quoted;
        if (plain) ++word.plain;
        word.pattern = word.pattern || (!quoted && (c == '*' || c == '?' || c == '['));
    }
};

}  // namespace

void VariableValues::learn(std::string_view name, std::string value, int generation) {
    if (name.empty()) return;
    auto found = table_.find(name);
    if (found == table_.end()) found = table_.emplace(name, std::vector<std::string>()).first;
    auto& values = found->second;
    if (std::find(values.begin(), values.end(), value) != values.end()) return;
    if (frozen_ || values.size() >= kMostValues) {
        overflowing_.emplace(name);
        return;
    }
    if (name == "IFS") separators_ += value;
    if (generation > 0) generations_[std::string(name) + '=' + value] = generation;
    values.push_back(std::move(value));
    ++version_;
}

void VariableValues::learn(std::string_view name, const Word& value) {
    for (std::string& text : texts(value))
        learn(name, std::move(text));
}

/// Each of $1 and further, and all that remain after a shift.
void VariableValues::learn_arguments(const std::vector<std::string>& arguments) {
    std::string all;
    for (std::size_t i = std::min<std::size_t>(arguments.size(), kMostValues); i-- > 0;) {
        all = all.empty() ? arguments[i] : arguments[i] + " " + all;
        learn("1", arguments[i]);
        learn("@", all);
    }
}

void VariableValues::learn_assignment(std::string_view name, bool adds, const Word& word,
                                      std::size_t from) {
    const bool refers =
        word.structure &&
        std::any_of(word.structure->expansions.begin(), word.structure->expansions.end(),
                    [&](const Expansion& e) { return e.name == name; });
    // The texts of the word if the variable itself had only the values `before`.
    const auto texts_from = [&](const std::vector<std::string>& before) {
        std::vector<std::string> held = before;
        const auto found = table_.find(name);
        if (refers && found != table_.end()) std::swap(found->second, held);
        std::vector<std::string> out;
        for (const std::string& text : texts(word))
            if (from <= text.size() && text.size() < kLongestLearned)
                out.push_back((adds && !before.empty() ? before[0] : "") + text.substr(from));
        if (refers && found != table_.end()) std::swap(found->second, held);
        return out;
    };
    for (std::string& text : texts_from({}))
        learn(name, std::move(text));
    if (!adds && !refers) return;
    // x=${x}b and x+=b apply to each earlier value; each such assignment is counted once.
    auto& growing = growing_[std::string(name)];
    growing.insert(word.written);
    const auto found = table_.find(name);
    if (found == table_.end()) return;
    const std::vector<std::string> values = found->second;
    for (const std::string& value : values) {
        const auto known = generations_.find(std::string(name) + '=' + value);
        const int generation = known == generations_.end() ? 0 : known->second;
        if (generation >= static_cast<int>(std::min(growing.size(), kMostGenerations))) continue;
        for (std::string& text : texts_from({value}))
            learn(name, std::move(text), generation + 1);
    }
}

void VariableValues::learn(const Part& part, const ParseState& state) {
    const auto assign = [this](const Word& word) {
        std::size_t equals = 0;
        const std::string_view name = assigned_name(word.decoded, equals);
        if (name.empty()) return;
        if (name == "BASH_CMDS" || name == "BASH_ALIASES") {
            const auto close = word.decoded.find(']');
            if (close > name.size() && close < equals)
                learn(alias_key(word.decoded.substr(name.size() + 1, close - name.size() - 1)),
                      word.decoded.substr(equals + 1));
        }
        const bool adds = equals > 0 && word.decoded[equals - 1] == '+';
        learn_assignment(name, adds, word, equals + 1);
    };
    for (const Word& word : part.assignments)
        assign(word);
    for (const auto* words : {&part.assignments, &part.words})
        for (const Word& word : *words)
            if (word.structure)
                for (const Expansion& expansion : word.structure->expansions)
                    if (expansion.assigns)
                        for (const std::string& value : expansion.values)
                            learn(expansion.name, value);
    if (part.words.empty()) return;
    const std::vector<Word>& words = part.words;
    const std::string_view name = command_name(words[0]);
    if (!words.back().expands) learn("_", words.back().decoded);
    if (state.functions.count(words[0].decoded) != 0 || name == "set") {
        std::vector<std::string> arguments;
        bool options = name == "set";
        for (std::size_t i = 1; i < words.size(); ++i) {
            options = options && words[i].decoded.find_first_of("-+") == 0;
            if (!options)
                for (std::string& text : texts(words[i]))
                    if (arguments.size() < kMostValues) arguments.push_back(std::move(text));
        }
        learn_arguments(arguments);
    }
    if (std::find(kDeclaring.begin(), kDeclaring.end(), name) != kDeclaring.end())
        std::for_each(words.begin() + 1, words.end(), assign);
    if (name == "alias")
        for (const Word& word : words)
            if (const auto equals = word.decoded.find('='); equals != std::string::npos)
                learn(alias_key(word.decoded.substr(0, equals)), word.decoded.substr(equals + 1));
    if (name == "hash" && words.size() > 3 && words[1].decoded == "-p")
        learn(alias_key(words[3].decoded), words[2].decoded);
    if (name == "printf" && words.size() > 3 && words[1].decoded == "-v")
        learn(words[2].decoded, formatted(words, 3));
    if (name == "read" || name == "mapfile" || name == "readarray") {
        for (std::size_t i = 1; i < words.size(); ++i) {
            const std::string variable = words[i].decoded.substr(0, words[i].decoded.find('['));
            if (is_identifier(variable))
                for (const std::string& feed : feeds_)
                    learn(variable, feed);
        }
        for (const std::string& feed : feeds_)
            learn(name == "read" ? "REPLY" : "MAPFILE", feed);
    }
}

void VariableValues::add_feed(std::string text, ParseState& state) {
    while (!text.empty() && text.back() == '\n')
        text.pop_back();
    if (text.empty() || std::find(feeds_.begin(), feeds_.end(), text) != feeds_.end()) return;
    if (frozen_ || feeds_.size() >= kMostFeeds || !state.charge(text.size())) return;
    feeds_.push_back(std::move(text));
    ++version_;
}

void VariableValues::learn_feed(const Part& part, ParseState& state) {
    const auto whole_and_lines = [&](const std::string& text) {
        add_feed(text, state);
        for (std::size_t from = 0; from < text.size() && feeds_.size() < kMostFeeds;) {
            const std::size_t stop = std::min(text.find('\n', from), text.size());
            if (stop - from < text.size()) add_feed(text.substr(from, stop - from), state);
            from = stop + 1;
        }
    };
    for (const Redirection& redirection : part.redirections)
        if (redirection.op == "<<<") {
            for (const std::string& text : texts(redirection.target))
                whole_and_lines(text);
        } else if (redirection.op.substr(0, 2) == "<<") {
            whole_and_lines(redirection.body);
        }
    if (part.words.size() < 2) return;
    const std::string_view name = command_name(part.words[0]);
    if (name == "printf") whole_and_lines(formatted(part.words, 1));
    if (name != "echo" && name != "printf") return;
    std::string all;
    for (std::size_t i = 1; i < part.words.size(); ++i) {
        const std::string& text = part.words[i].decoded;
        if (all.empty() && text.size() > 1 && text[0] == '-') continue;
        all += (all.empty() ? "" : " ") + text;
    }
    whole_and_lines(all);
}

/// The values that ${…} may have: those of the variable, and the results of its operator.
std::vector<std::string> VariableValues::candidates(const Expansion& expansion) const {
    std::vector<std::string> out = expansion.values;
    const auto take = [&](std::string_view name) {
        const auto found = table_.find(name);
        if (found == table_.end()) return;
        for (const std::string& value : found->second) {
            if (out.size() >= 2 * kMostValues) return;
            out.push_back(value);
            for (std::string& made : transformed(value, expansion.operation))
                out.push_back(std::move(made));
        }
    };
    const std::string& name = expansion.name;
    if (name.empty()) return out;
    const bool positional = name == "*" || (name[0] >= '1' && name[0] <= '9');
    take(positional && name != "1" ? (name == "*" ? "@" : "1") : name);
    for (const auto& [known, value] : kKnown)
        if (name == known) out.emplace_back(value);
    // A reference to another variable: ${!x}, declare -n.
    const std::vector<std::string> direct = out;
    for (const std::string& value : direct)
        if (is_identifier(value) && value != name) take(value);
    return out;
}

std::vector<std::string> VariableValues::texts(const Word& word) const {
    if (!word.structure || word.structure->expansions.empty()) return {word.decoded};
    std::vector<std::string> out = {""};
    for (const char32_t unit : word.structure->units) {
        if (unit < WordStructure::kExpansion) {
            for (std::string& text : out)
                text += static_cast<char>(unit & 0xFFU);
            continue;
        }
        const auto values =
            candidates(word.structure->expansions[unit - WordStructure::kExpansion]);
        std::vector<std::string> longer;
        for (const std::string& text : out)
            for (const std::string& value : values)
                if (longer.size() < kMostValues && value.size() < 4'096)
                    longer.push_back(text + value);
        if (!longer.empty()) out = std::move(longer);
    }
    return out;
}

std::vector<std::string> VariableValues::all() const {
    std::vector<std::string> out;
    for (const auto& [name, values] : table_)
        out.insert(out.end(), values.begin(), values.end());
    return out;
}

/// The expansions for which a reading of `part` must choose a value, with the values. An expansion
/// may be empty only in the command name or as a whole word.
std::vector<VariableValues::ExpansionValues> VariableValues::keys(const Part& part,
                                                                  ParseState& state) const {
    std::vector<ExpansionValues> keys;
    std::set<std::string> never_empty;
    const auto look = [&](const Word& word, bool command) {
        if (!word.structure) return;
        const std::vector<Expansion>& expansions = word.structure->expansions;
        const bool may_vanish = vanishes(word);
        const bool part_of_name = command && word.structure->units.size() > 1;
        for (const Expansion& expansion : expansions) {
            const std::string key = key_of(expansion);
            const bool empty = may_vanish || part_of_name;
            if (!empty) never_empty.insert(key);
            if (command && overflowing_.count(expansion.name) != 0)
                state.fail("too many values of a variable that is a command");
            const bool seen =
                std::any_of(keys.begin(), keys.end(),
                            [&](const ExpansionValues& other) { return other.first == key; });
            if (seen) continue;
            keys.emplace_back(key, candidates(expansion));
            // If the output of a command is not known, it may be the known output of another.
            if (command && expansion.name.empty() && keys.back().second.empty())
                keys.back().second = feeds_;
        }
    };
    bool command = true;
    for (const Word& word : part.words) {
        look(word, command);
        command = command && vanishes(word);
    }
    for (const Redirection& redirection : part.redirections)
        look(redirection.target, false);
    for (ExpansionValues& key : keys)
        if (never_empty.count(key.first) == 0) key.second.emplace_back();
    keys.erase(std::remove_if(keys.begin(), keys.end(),
                              [](const ExpansionValues& key) { return key.second.empty(); }),
               keys.end());
    return keys;
}

std::vector<Word> VariableValues::fields(const Word& word, const std::vector<std::u32string>& items,
                                         const ChosenValues& choice) const {
    std::vector<Word> out;
    for (const std::u32string& units : items) {
        FieldBuilder field;
        bool keep = false;
        const auto finish = [&] {
            if (!field.any && !keep) return;
            field.word.written = field.any ? field.word.decoded : "''";
            field.word.tilde = word.tilde && out.empty();
            out.push_back(std::exchange(field, FieldBuilder()).word);
        };
        for (const char32_t unit : units) {
            if (unit < WordStructure::kExpansion) {
                field.add(static_cast<char>(unit & 0xFFU), unit >= WordStructure::kQuoted);
                continue;
            }
            const Expansion& expansion =
                word.structure->expansions[unit - WordStructure::kExpansion];
            const auto chosen = choice.find(key_of(expansion));
            if (chosen == choice.end()) {
                field.word.expands = true;
                for (const char c : expansion.written)
                    field.add(c, true);
                continue;
            }
            if (expansion.quoted && !expansion.many) keep = true;
            for (const char c : chosen->second) {
                const bool splits = (!expansion.quoted || expansion.many) &&
                                    separates(static_cast<unsigned char>(c), separators_);
                if (splits) {
                    if (field.any) finish();
                } else {
                    field.add(c, expansion.quoted);
                }
            }
        }
        finish();
    }
    return out;
}

std::vector<Part> VariableValues::readings(const Part& part, ParseState& state) const {
    const bool made =
        std::any_of(part.words.begin(), part.words.end(),
                    [](const Word& word) { return word.structure != nullptr; }) ||
        std::any_of(part.redirections.begin(), part.redirections.end(),
                    [](const Redirection& r) { return r.target.structure != nullptr; });
    std::vector<Part> out;
    if (!made || (!part.words.empty() && part.words[0].decoded.substr(0, 2) == "((")) return out;
    std::vector<std::vector<std::u32string>> items;
    for (const Word& word : part.words) {
        items.emplace_back();
        if (!word.structure) continue;
        items.back() = expand_braces(word.structure->units, kMostBraces);
        if (items.back().empty()) return state.fail("too many words from braces"), out;
    }
    std::set<std::string> seen = {part.decoded()};
    const auto add = [&](const ChosenValues& choice) {
        Part reading;
        for (std::size_t i = 0; i < part.words.size(); ++i) {
            if (!part.words[i].structure) {
                reading.words.push_back(part.words[i]);
                continue;
            }
            for (Word& word : fields(part.words[i], items[i], choice))
                reading.words.push_back(std::move(word));
        }
        std::string key = reading.decoded();
        for (const Redirection& redirection : part.redirections) {
            if (!redirection.target.structure || redirection.op.substr(0, 2) == "<<") continue;
            const auto targets =
                fields(redirection.target, {redirection.target.structure->units}, choice);
            if (targets.size() != 1 || targets[0].expands || targets[0].decoded.empty()) continue;
            reading.redirections.push_back(redirection);
            reading.redirections.back().target = targets[0];
            key += '\n' + redirection.op + targets[0].decoded;
        }
        if ((!reading.words.empty() || !reading.redirections.empty()) &&
            seen.insert(std::move(key)).second)
            out.push_back(std::move(reading));
    };
    const std::vector<ExpansionValues> keys = this->keys(part, state);
    add({});
    std::vector<ChosenValues> choices = {{}};
    for (const auto& [key, values] : keys) {
        std::vector<ChosenValues> more;
        for (const ChosenValues& choice : choices)
            for (const std::string& value : values) {
                if (more.size() >= kMostReadings) break;
                more.push_back(choice);
                more.back()[key] = value;
            }
        choices = std::move(more);
    }
    for (const ChosenValues& choice : choices)
        add(choice);
    if (choices.size() < kMostReadings) return out;
    // Not all combinations were tried: at least each value by itself.
    for (const auto& [key, values] : keys)
        for (const std::string& value : values)
            add({{key, value}});
    return out;
}

}  // namespace tenon::shell
