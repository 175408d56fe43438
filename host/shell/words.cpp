#include <algorithm>
#include <utility>

#include "host/shell/parser.h"

/// Words and their quotes.
namespace tenon::shell {
namespace {

/// Finds [ab], {a,b} and {1..3} in unquoted bytes.
class PatternWatch {
public:
    bool finds(char c) {
        if (c == '{') open_ = true, list_ = false;
        if (c == '[') bracket_ = true;
        if (open_ && (c == ',' || (c == '.' && last_ == '.'))) list_ = true;
        last_ = c;
        return c == '*' || c == '?' || (c == '}' && open_ && list_) || (c == ']' && bracket_);
    }

private:
    bool open_ = false, list_ = false, bracket_ = false;
    char last_ = '\0';
};

bool is_inert(char c) {
    return c == '$' || c == '`';
}

}  // namespace

bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name(char c) {
    return is_name_start(c) || (c >= '0' && c <= '9');
}
bool is_blank(char c) {
    return c == ' ' || c == '\t';
}
bool is_meta(char c) {
    return is_blank(c) ||
           (c != '\0' && std::string_view("\n;&|<>()").find(c) != std::string_view::npos);
}
bool is_identifier(std::string_view text) {
    return !text.empty() && is_name_start(text[0]) &&
           std::all_of(text.begin(), text.end(), is_name);
}

void WordBuilder::add(char c, bool quoted) {
    word.decoded += c;
    structure.units += static_cast<unsigned char>(c) + (quoted ? WordStructure::kQuoted : 0);
    word.inert = word.inert || (quoted && is_inert(c));
}

void WordBuilder::add(std::string_view text, bool quoted) {
    for (const char c : text)
        add(c, quoted);
}

void WordBuilder::add(Expansion expansion) {
    word.decoded += expansion.written;
    word.expands = true;
    structure.units +=
        WordStructure::kExpansion + static_cast<char32_t>(structure.expansions.size());
    structure.expansions.push_back(std::move(expansion));
}

Word WordBuilder::finish() {
    const bool braces = structure.units.find(U'{') != std::u32string::npos &&
                        structure.units.find(U'}') != std::u32string::npos;
    if (!structure.expansions.empty() || braces)
        word.structure = std::make_shared<const WordStructure>(std::move(structure));
    return std::move(word);
}

/// Empty if no word begins here. Stops before the byte that ends the word.
Word ScriptParser::word(WordPlace place) {
    WordBuilder build;
    Word& word = build.word;
    const bool may_assign = std::exchange(before_command_, false);
    bool plain = true;
    PatternWatch pattern;
    end();
    const std::size_t start = at_;
    while (!end()) {
        const char c = peek();
        if (is_meta(c)) {
            if (!metacharacter(build, place, plain)) break;
            plain = false;
        } else if (c == '[' && plain && may_assign && is_identifier(word.decoded)) {
            subscript(build);
            plain = false;
        } else if (quoting_element(build, false)) {
            plain = false;
        } else {
            if (c == '~' && word.decoded.empty() && plain) word.tilde = true;
            if (pattern.finds(c)) word.pattern = true;
            build.add(c, false);
            if (plain) ++word.plain;
            advance();
        }
    }
    word.written = text_.substr(start, at_ - start);
    word.quotes = quoted_word_ = build.quotes;
    return build.finish();
}

/// Reads what the metacharacter begins inside a word; false if it ends the word.
bool ScriptParser::metacharacter(WordBuilder& build, WordPlace place, bool plain) {
    const char c = peek();
    if ((c == '<' || c == '>') && peek(1) == '(') {
        substitution(build, "a process substitution", false);
        return true;
    }
    if (place == WordPlace::kRegex && c == '|') {
        build.add(c, false);
        advance();
        return true;
    }
    if (c != '(') return false;
    const Word& word = build.word;
    if (plain && is_assignment(word) && word.decoded.back() == '=') {
        array(build);
        return true;
    }
    const char last = word.decoded.empty() ? '\0' : word.decoded.back();
    const bool group = last != '\0' && std::string_view("?*+@!").find(last) != std::string::npos;
    if (place == WordPlace::kRegex || (group && (state_.extglob || place == WordPlace::kPattern))) {
        group_of_pattern(build, place == WordPlace::kRegex);
        return true;
    }
    return false;
}

/// ( … ) of a regular expression or of an extended pattern. Without the shell option for patterns,
/// the same text may be a subshell after `!`.
void ScriptParser::group_of_pattern(WordBuilder& build, bool regex) {
    const Nesting level(*this);
    const bool command = !regex && build.word.decoded == "!";
    const std::size_t start = at_;
    build.word.pattern = true;
    build.add('(', false);
    advance();
    until_closed(build, '(', ')');
    if (!command) return;
    const std::string inside = without_continuations(start, at_);
    if (inside.find_first_of("'\"\\#$`") != std::string::npos)
        return fail("a ! that may begin a pattern or a command");
    try_as_script(inside);
}

/// Reads a quote, a backslash or an expansion; false if none begins here.
bool ScriptParser::quoting_element(WordBuilder& build, bool quoted) {
    switch (peek()) {
        case '\\':
            backslash(build);
            return true;
        case '\'':
            single_quoted(build);
            return true;
        case '"':
            double_quoted(build);
            return true;
        case '$':
            dollar(build, quoted);
            return true;
        case '`':
            backtick(build, quoted);
            return true;
        default:
            return false;
    }
}

void ScriptParser::backslash(WordBuilder& build) {
    build.quotes = true;
    if (at_ + 1 >= text_.size()) {
        build.add('\\', true);
        ++at_;
        return;
    }
    build.add(raw(1), true);
    at_ += 2;
}

void ScriptParser::single_quoted(WordBuilder& build) {
    build.quotes = true;
    const auto close = text_.find('\'', at_ + 1);
    if (close == std::string_view::npos) {
        build.add(text_.substr(at_ + 1), true);
        return fail("an unbalanced quote");
    }
    build.add(text_.substr(at_ + 1, close - at_ - 1), true);
    at_ = close + 1;
}

/// Called at the quote after the $.
void ScriptParser::ansi_c_quoted(WordBuilder& build) {
    build.quotes = true;
    std::size_t close = at_ + 1;
    while (close < text_.size() && text_[close] != '\'')
        close += text_[close] == '\\' ? 2 : 1;
    if (close >= text_.size()) return fail("an unbalanced quote");
    build.add(decode_ansi_c(text_.substr(at_ + 1, close - at_ - 1)), true);
    at_ = close + 1;
}

void ScriptParser::double_quoted(WordBuilder& build) {
    const Nesting level(*this);
    build.quotes = true;
    advance();
    while (!end()) {
        const char c = peek();
        if (c == '"') return advance();
        if (c == '$') {
            dollar(build, true);
        } else if (c == '`') {
            backtick(build, true);
        } else if (c == '\\' && at_ + 1 < text_.size()) {
            const char next = raw(1);
            if (std::string_view("$`\"\\").find(next) == std::string_view::npos)
                build.add('\\', true);
            build.add(next, true);
            at_ += 2;
        } else {
            build.add(c, true);
            advance();
        }
    }
    fail("an unbalanced quote");
}

/// NAME[ … ] in a place for an assignment: blanks and operators inside belong to the word.
void ScriptParser::subscript(WordBuilder& build) {
    const Nesting level(*this);
    const std::size_t start = build.word.decoded.size();
    build.add('[', false);
    advance();
    until_closed(build, '[', ']');
    const std::string_view inside = std::string_view(build.word.decoded).substr(start);
    if (inside.find_first_not_of("[]0123456789") != std::string_view::npos) state_.evaluates = true;
    build.word.element = peek() == '=' || (peek() == '+' && peek(1) == '=');
    build.word.pattern = !build.word.element;
}

/// Reads up to and including the byte that closes the `open` before.
void ScriptParser::until_closed(WordBuilder& build, char open, char close) {
    int depth = 1;
    while (!end()) {
        const char c = peek();
        if (quoting_element(build, false)) continue;
        build.add(c, false);
        advance();
        if (c == open) ++depth;
        if (c == close && --depth == 0) return;
    }
    fail(open == '[' ? "an unbalanced [" : "an unbalanced parenthesis");
}

/// NAME=( … )
void ScriptParser::array(WordBuilder& build) {
    const Nesting level(*this);
    const std::size_t start = at_;
    Expansion expansion;
    std::string all;
    advance();
    for (skip_blank_lines(); !end() && peek() != ')'; skip_blank_lines()) {
        Word element;
        if (peek() == '[') {
            WordBuilder index;
            subscript(index);
            index.word.written = index.word.decoded;
            element = index.finish();
        } else {
            element = word();
        }
        if (!element.opaque.empty()) build.note(element.opaque);
        if (element.written.empty()) return fail("an array that is not understood");
        std::string value = element.decoded;
        if (value[0] == '[' || value[0] == '=') value.erase(0, value.find('=') + 1);
        if (!all.empty()) all += ' ';
        all += value;
        if (expansion.values.size() < 16) expansion.values.push_back(std::move(value));
        state_.loose_words.push_back(std::move(element));
    }
    if (end()) return fail("an unbalanced parenthesis");
    advance();
    expansion.values.push_back(std::move(all));
    expansion.written = without_continuations(start, at_);
    build.add(std::move(expansion));
}

}  // namespace tenon::shell
