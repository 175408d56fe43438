#include <algorithm>
#include <utility>

#include "host/shell/parser.h"

/// Expansions: what $, backquotes and <( begin.
namespace tenon::shell {
namespace {

constexpr const char* kCommandSubstitution = "a command substitution";

/// Whether arithmetic or ${…} is simple enough to be understood.
bool is_simple_arithmetic(std::string_view text) {
    return text.find_first_of("'\"\\`;[\n") == std::string_view::npos &&
           text.find("$(") == std::string_view::npos;
}

/// Whether evaluating `text` could evaluate the value of a variable.
bool names_variables(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        return is_name_start(c) || c == '$' || c == '`' || c == '@' || c == '*' || c == '\'';
    });
}

/// The literal texts that an expansion may become, from the values of the expansions inside it.
std::vector<std::string> own_values(const WordBuilder& build) {
    std::vector<std::string> out = {""};
    for (const char32_t unit : build.structure.units) {
        if (unit < WordStructure::kExpansion) {
            for (std::string& text : out)
                text += static_cast<char>(unit & 0xFFU);
            continue;
        }
        const auto& values = build.structure.expansions[unit - WordStructure::kExpansion].values;
        if (values.empty()) continue;
        std::vector<std::string> longer;
        for (const std::string& text : out)
            for (const std::string& value : values)
                if (longer.size() < 16) longer.push_back(text + value);
        out = std::move(longer);
    }
    return out;
}

std::string decoded_words_from(const std::vector<Word>& words, std::size_t from) {
    std::string out;
    for (std::size_t i = from; i < words.size(); ++i) {
        if (i > from) out += ' ';
        out += words[i].decoded;
    }
    return out;
}

}  // namespace

void ScriptParser::dollar(WordBuilder& build, bool quoted) {
    const Nesting level(*this);
    const char next = peek(1);
    if (!quoted && (next == '\'' || next == '"')) {
        advance();
        end();
        return next == '"' ? double_quoted(build) : ansi_c_quoted(build);
    }
    if (next == '(') return dollar_parenthesis(build, quoted);
    if (next == '{') return parameter(build, quoted);
    if (next == '[') return old_arithmetic(build, quoted);
    Expansion expansion;
    expansion.quoted = quoted;
    advance();
    if (is_name_start(next)) {
        for (; is_name(peek()); advance())
            expansion.name += peek();
    } else if ((next >= '0' && next <= '9') ||
               (next != '\0' && std::string_view("@*#?-$!").find(next) != std::string_view::npos)) {
        expansion.name = next;
        advance();
    } else {
        return build.add('$', quoted);
    }
    expansion.many = expansion.name == "@";
    expansion.written = "$" + expansion.name;
    build.add(std::move(expansion));
}

/// $(…) or $((…)). As in bash, arithmetic is tried first: its two parentheses must close together,
/// outside of quotes. Otherwise the text inside is commands.
void ScriptParser::dollar_parenthesis(WordBuilder& build, bool quoted) {
    if (peek(2) != '(') return substitution(build, kCommandSubstitution, quoted);
    const std::size_t start = at_;
    const std::size_t first = state_.parts.size();
    auto pending = std::exchange(pending_, {});
    advance(3);
    const std::size_t open = at_;
    WordBuilder inside;
    const bool arithmetic = arithmetic_body(inside);
    pending_ = std::move(pending);
    if (!state_.charge(at_ - start)) return fail("too complex");
    if (arithmetic) {
        const std::string text = without_continuations(open, std::max(open, at_ - 2));
        note_arithmetic(build, text);
        if (!inside.word.opaque.empty()) build.note(inside.word.opaque);
        Expansion expansion;
        expansion.quoted = quoted;
        expansion.written = without_continuations(start, at_);
        return build.add(std::move(expansion));
    }
    if (!state_.failed.empty() && end()) return;
    // bash finds the end by parentheses and quotes before it parses commands.
    until_closed(inside, '(', ')');
    const std::size_t close = at_;
    if (!state_.charge(close - start)) return fail("too complex");
    if (!state_.failed.empty() && end()) return;
    state_.parts.resize(std::min(first, state_.parts.size()));
    at_ = start;
    substitution(build, kCommandSubstitution, quoted);
    if (at_ != close) fail("a command substitution that looks like arithmetic");
}

/// Called after `((`: reads up to and including `))`. False: the parentheses do not close together;
/// then at_ is after the one that closes the inner one.
bool ScriptParser::arithmetic_body(WordBuilder& inside) {
    int depth = 1;
    while (!end()) {
        if (quoting_element(inside, false)) continue;
        const char c = peek();
        inside.add(c, false);
        advance();
        if (c == '(') ++depth;
        if (c == ')' && --depth == 0) {
            if (peek() != ')') return false;
            advance();
            return true;
        }
    }
    fail("an unbalanced parenthesis");
    return true;
}

void ScriptParser::note_arithmetic(WordBuilder& build, std::string_view inside) {
    if (!is_simple_arithmetic(inside)) build.note("arithmetic that is not simple");
    if (names_variables(inside)) state_.evaluates = true;
    // Text that is not arithmetic after all would run as commands.
    if (inside.find_first_of("'\"\\`") != std::string_view::npos)
        try_as_script(std::string(inside));
}

/// $[ … ]
void ScriptParser::old_arithmetic(WordBuilder& build, bool quoted) {
    const std::size_t start = at_;
    advance(2);
    WordBuilder inside;
    until_closed(inside, '[', ']');
    build.note("an old-style arithmetic expansion");
    if (!inside.word.opaque.empty()) build.note(inside.word.opaque);
    state_.evaluates = true;
    Expansion expansion;
    expansion.quoted = quoted;
    expansion.written = without_continuations(start, at_);
    build.add(std::move(expansion));
}

/// Called at $( or <( or >(. The word gets the text as it is written; the commands up to the
/// closing parenthesis are parsed.
void ScriptParser::substitution(WordBuilder& build, const char* what, bool quoted) {
    end();
    const std::size_t start = at_;
    const std::size_t first = state_.parts.size();
    const bool process = peek() != '$';
    advance(2);
    build.note(what);
    ++substitutions_;
    // The body of a here-document from outside follows a newline outside.
    auto pending = std::exchange(pending_, {});
    list(Until::kParen);
    if (!pending_.empty()) state_.fail("a here-document that begins behind its substitution");
    pending_ = std::move(pending);
    --substitutions_;
    Expansion expansion;
    expansion.written = without_continuations(start, at_);
    expansion.quoted = quoted;
    expansion.runs_here = process;
    expansion.values = outputs_since(first);
    build.add(std::move(expansion));
}

/// The output of the parts from `first` on, as far as it is obvious.
std::vector<std::string> ScriptParser::outputs_since(std::size_t first) {
    std::vector<std::string> out;
    const auto add = [&](std::string text) {
        while (!text.empty() && text.back() == '\n')
            text.pop_back();
        if (!text.empty() && out.size() < 8 && state_.charge(text.size()))
            out.push_back(std::move(text));
    };
    for (std::size_t i = first; i < state_.parts.size() && out.size() < 8; ++i) {
        const Part& part = state_.parts[i];
        for (const Redirection& redirection : part.redirections)
            if (redirection.op.substr(0, 2) == "<<")
                add(redirection.op == "<<<" ? redirection.target.decoded : redirection.body);
        if (part.words.size() < 2) continue;
        const std::string_view name = command_name(part.words[0]);
        if (name == "printf") {
            add(formatted(part.words, 1));
            add(decoded_words_from(part.words, 2));
        } else if (name == "echo") {
            std::size_t from = 1;
            while (from < part.words.size() && part.words[from].decoded.size() > 1 &&
                   part.words[from].decoded[0] == '-')
                ++from;
            add(decoded_words_from(part.words, from));
        } else if (part.words.size() <= 4 &&
                   (name == "which" || name == "command" || name == "type" || name == "realpath" ||
                    name == "readlink" || name == "basename")) {
            add(part.words.back().decoded);
        }
    }
    return out;
}

void ScriptParser::parameter(WordBuilder& build, bool quoted) {
    const std::size_t start = at_;
    advance(2);
    Expansion expansion;
    expansion.quoted = quoted;
    const bool runs = is_blank(peek()) || peek() == '\n' || peek() == '|';
    parameter_name(expansion);
    const std::size_t open = at_;
    WordBuilder inside;
    if (!parameter_rest(inside, quoted)) return fail("an unbalanced ${");
    expansion.operation = without_continuations(open, at_ - 1);
    expansion.written = without_continuations(start, at_);
    if (runs) {
        // bash 5.3 runs ${ command; } and ${| command; }.
        build.note(kCommandSubstitution);
        std::string text = expansion.written.substr(2, expansion.written.size() - 3);
        if (!text.empty() && text[0] == '|') text.erase(0, 1);
        try_as_script(text);
    }
    if (!inside.word.opaque.empty()) build.note(inside.word.opaque);
    std::string_view operation = expansion.operation;
    if (!operation.empty() && operation[0] == ':') operation.remove_prefix(1);
    if (!operation.empty() &&
        std::string_view("-=+").find(operation[0]) != std::string_view::npos) {
        expansion.assigns = operation[0] == '=';
        for (std::string& value : own_values(inside)) {
            value.erase(0, expansion.operation.size() - operation.size() + 1);
            expansion.values.push_back(std::move(value));
        }
    }
    if (inside.word.inert) {
        inside.word.written = inside.word.decoded;
        state_.loose_words.push_back(inside.word);
    }
    judge_parameter(build, expansion);
    build.add(std::move(expansion));
}

/// Called after ${: reads [!|#] and NAME, digits or a special parameter, and looks for [@].
void ScriptParser::parameter_name(Expansion& expansion) {
    if (peek() == '!' && peek(1) != '}') {
        expansion.indirect = true;
        advance();
    } else if (peek() == '#' && (is_name(peek(1)) || peek(1) == '@' || peek(1) == '*')) {
        advance();
    }
    if (is_name_start(peek())) {
        for (; is_name(peek()); advance())
            expansion.name += peek();
    } else if (peek() >= '0' && peek() <= '9') {
        for (; peek() >= '0' && peek() <= '9'; advance())
            expansion.name += peek();
    } else if (peek() != '\0' &&
               std::string_view("@*#?-$!").find(peek()) != std::string_view::npos) {
        expansion.name = peek();
        advance();
    }
    expansion.many = expansion.name == "@" || (peek() == '[' && peek(1) == '@' && peek(2) == ']');
}

/// Up to and including the }; false at the end of the text. In a quoted ${…}, single quotes are
/// special only after some operators.
bool ScriptParser::parameter_rest(WordBuilder& inside, bool quoted) {
    const std::size_t start = at_;
    bool single = false, process = false;
    while (!end() && peek() != '}') {
        const char c = peek();
        const bool literal = c == '\'' && quoted;
        single = single || literal;
        if (!literal && quoting_element(inside, quoted)) continue;
        if (!quoted && (c == '<' || c == '>') && peek(1) == '(') {
            process = true;
            substitution(inside, "a process substitution", false);
        } else {
            inside.add(c, quoted);
            advance();
        }
    }
    if (end()) return false;
    const std::string_view written = text_.substr(start, at_ - start);
    advance();
    // The end could depend on the operator or on the version of bash.
    if (single && (written.find_first_of("\"$`\\") != std::string_view::npos ||
                   std::count(written.begin(), written.end(), '\'') % 2 != 0))
        fail("a single quote inside of a quoted ${");
    if (process && written.find('}') != std::string_view::npos)
        fail("a process substitution inside of a ${");
    return true;
}

/// Notes what ${…} does besides giving the value of a variable.
void ScriptParser::judge_parameter(WordBuilder& build, const Expansion& expansion) {
    const std::string_view operation = expansion.operation;
    const bool simple =
        operation.find_first_of("\\'\"`<>\n@") == std::string_view::npos && !expansion.indirect;
    if (!simple) build.note("a parameter expansion that is not simple");
    if (operation.empty() && !expansion.indirect) return;
    if (operation.substr(0, 3) == "[@]" || operation.substr(0, 3) == "[*]") {
        if (operation.size() == 3 && !expansion.indirect) return;
    }
    const std::string_view rest = operation.substr(operation.empty() ? 0 : 1);
    const bool subscript =
        !operation.empty() && operation[0] == '[' &&
        rest.substr(0, rest.find(']')).find_first_not_of("0123456789@*") != std::string_view::npos;
    const bool offset =
        operation.find(':') != std::string_view::npos &&
        (operation[0] == '[' ||
         (operation[0] == ':' &&
          (rest.empty() || std::string_view("-=?+").find(rest[0]) == std::string_view::npos))) &&
        names_variables(rest);
    const bool transforms = operation.find('@') != std::string_view::npos && operation[0] != '[';
    if (expansion.indirect || subscript || offset || transforms) state_.evaluates = true;
}

/// Follows the expansions of a text in which quotes have no meaning of their own.
void ScriptParser::scan(WordBuilder& build) {
    while (!end()) {
        const char c = peek();
        if (c == '$') {
            dollar(build, true);
        } else if (c == '`') {
            backtick(build, true);
        } else if (c == '\\') {
            at_ = std::min(text_.size(), at_ + 2);
        } else {
            advance();
        }
    }
}

std::string ScriptParser::expansions() {
    WordBuilder build;
    scan(build);
    return build.word.opaque;
}

Word ScriptParser::env_word() {
    WordBuilder build;
    while (!end()) {
        if (peek() == '$' && peek(1) == '{') {
            parameter(build, true);
        } else {
            build.add(peek(), true);
            advance();
        }
    }
    build.word.written = text_;
    return build.finish();
}

void ScriptParser::backtick(WordBuilder& build, bool quoted) {
    const std::size_t start = at_;
    std::string inside, other;
    for (advance(); !end() && peek() != '`'; ++at_) {
        const char next = raw(1);
        if (peek() == '\\') {
            const bool drops = next == '`' || next == '\\' || next == '$';
            if (!drops) other += '\\';
            if (!drops && !(quoted && next == '"')) inside += '\\';
            if (++at_ >= text_.size()) break;
        }
        inside += text_[at_];
        other += text_[at_];
    }
    build.note(kCommandSubstitution);
    if (end())
        fail("an unbalanced backtick");
    else
        ++at_;
    Expansion expansion;
    expansion.quoted = quoted;
    expansion.written = without_continuations(start, at_);
    const Nesting level(*this);
    const std::size_t first = state_.parts.size();
    if (depth_ <= kMaxDepth && state_.charge(inside.size()))
        ScriptParser(inside, state_, depth_, true).script();
    if (other != inside) try_as_script(other);
    expansion.values = outputs_since(first);
    build.add(std::move(expansion));
}

/// Takes `script` apart in addition to another reading of the same text: it need not be bash at
/// all, so that it fails is no failure of the whole.
void ScriptParser::try_as_script(const std::string& script) {
    const Nesting level(*this);
    if (depth_ > kMaxDepth || !state_.charge(script.size())) return;
    std::string opaque = state_.opaque;
    std::string failed = state_.failed;
    ScriptParser(script, state_, depth_, true).script();
    if (state_.charge(script.size())) ScriptParser(script, state_, depth_, true).expansions();
    if (state_.budget == 0) return;
    state_.opaque = std::move(opaque);
    state_.failed = std::move(failed);
}

}  // namespace tenon::shell
