#include <algorithm>
#include <cstdint>
#include <utility>

#include "host/permission/shell_parser.h"

namespace tenon::permission::shell {
namespace {

constexpr const char* kCommandSubstitution = "a command substitution";

void take(Word& word, std::string_view text) {
    word.decoded += text;
}

void note(Word& word, std::string_view why) {
    if (word.opaque.empty()) word.opaque = why;
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0U | (code >> 6U));
        put(0x80U | (code & 0x3FU));
    } else if (code < 0x10000) {
        put(0xE0U | (code >> 12U));
        put(0x80U | ((code >> 6U) & 0x3FU));
        put(0x80U | (code & 0x3FU));
    } else {
        put(0xF0U | ((code >> 18U) & 0x07U));
        put(0x80U | ((code >> 12U) & 0x3FU));
        put(0x80U | ((code >> 6U) & 0x3FU));
        put(0x80U | (code & 0x3FU));
    }
}

/// The inside of $'…' after a backslash, bash(1) QUOTING.
class AnsiC {
public:
    explicit AnsiC(std::string_view text) : text_(text) {}

    std::string decode() {
        std::string out;
        while (at_ < text_.size()) {
            const char c = text_[at_++];
            if (c != '\\' || at_ == text_.size()) {
                out += c;
                continue;
            }
            // A NUL ends the string for bash, whatever follows up to the quote.
            if (!escape(out)) return out;
        }
        return out;
    }

private:
    std::uint32_t digits(int base, int max) {
        std::uint32_t value = 0;
        for (; max > 0 && at_ < text_.size(); --max, ++at_) {
            const int digit = hex_value(text_[at_]);
            if (digit < 0 || digit >= base) break;
            value = value * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit);
        }
        return value;
    }
    static bool put_byte(std::string& out, std::uint32_t value) {
        value &= 0xFFU;
        if (value != 0) out += static_cast<char>(value);
        return value != 0;
    }
    bool number(std::string& out, char kind) {
        const std::size_t start = at_;
        const std::uint32_t value = digits(16, kind == 'x' ? 2 : kind == 'u' ? 4 : 8);
        if (at_ == start) {
            out += '\\';
            out += kind;
            return true;
        }
        if (kind == 'x') return put_byte(out, value);
        if (value != 0) append_utf8(out, value);
        return value != 0;
    }
    bool control(std::string& out) {
        if (at_ == text_.size()) {
            out += "\\c";
            return true;
        }
        char c = text_[at_++];
        if (c == '\\' && at_ < text_.size() && text_[at_] == c) ++at_;
        if (c == '?') return put_byte(out, 0x7F);
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        return put_byte(out, static_cast<unsigned char>(c) & 0x1FU);
    }
    bool escape(std::string& out) {
        const char c = text_[at_++];
        constexpr std::string_view kFrom = "abeEfnrtv\\'\"?";
        constexpr std::string_view kTo = "\a\b\x1B\x1B\f\n\r\t\v\\'\"?";
        if (const auto which = kFrom.find(c); which != std::string_view::npos) {
            out += kTo[which];
            return true;
        }
        if (c >= '0' && c <= '7') {
            --at_;
            return put_byte(out, digits(8, 3));
        }
        if (c == 'x' || c == 'u' || c == 'U') return number(out, c);
        if (c == 'c') return control(out);
        out += '\\';
        out += c;
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

/// Arithmetic and ${…} that hold no more than this are understood.
bool is_simple_arithmetic(std::string_view text) {
    return text.find_first_of("'\"\\`;[\n") == std::string_view::npos &&
           text.find("$(") == std::string_view::npos;
}

bool is_identifier(std::string_view text) {
    return !text.empty() && is_name_start(text[0]) &&
           std::all_of(text.begin(), text.end(), is_name);
}

/// Watches unquoted bytes for [ab], {a,b} and {1..3}.
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

/// Empty when no word begins here. Stops before the byte that ends it.
Word Parser::word() {
    Word word;
    const std::size_t start = at_;
    const bool may_assign = std::exchange(before_command_, false);
    bool plain = true;
    PatternWatch pattern;
    while (!end()) {
        const char c = peek();
        if (is_meta(c)) {
            if ((c == '<' || c == '>') && peek(1) == '(') {
                at_ += 2;
                substitution(word, "a process substitution");
            } else if (c == '(' && plain && is_assignment(word) && word.decoded.back() == '=') {
                array(word);
            } else {
                break;
            }
            plain = false;
        } else if (c == '[' && plain && may_assign && is_identifier(word.decoded)) {
            subscript(word);
            plain = false;
        } else if (c == '\\') {
            plain = plain && peek(1) == '\n';
            backslash(word);
        } else if (c == '\'' || c == '"' || c == '$' || c == '`') {
            plain = false;
            if (c == '\'') single_quoted(word);
            if (c == '"') double_quoted(word);
            if (c == '$') dollar(word, false);
            if (c == '`') backtick(word, false);
        } else {
            if (c == '~' && word.decoded.empty() && plain) word.tilde = true;
            if (pattern.finds(c)) word.pattern = true;
            word.decoded += c;
            if (plain) ++word.plain;
            ++at_;
        }
    }
    word.written = text_.substr(start, at_ - start);
    return word;
}

void Parser::backslash(Word& word) {
    if (peek(1) == '\n' && at_ + 1 < text_.size()) {
        at_ += 2;
        return;
    }
    if (at_ + 1 >= text_.size()) {
        word.decoded += '\\';
        ++at_;
        return;
    }
    word.decoded += peek(1);
    at_ += 2;
}

void Parser::single_quoted(Word& word) {
    const auto close = text_.find('\'', at_ + 1);
    if (close == std::string_view::npos) {
        take(word, text_.substr(at_ + 1));
        return fail("an unbalanced quote");
    }
    take(word, text_.substr(at_ + 1, close - at_ - 1));
    at_ = close + 1;
}

void Parser::ansi_c_quoted(Word& word) {
    std::size_t close = at_ + 2;
    while (close < text_.size() && text_[close] != '\'')
        close += text_[close] == '\\' ? 2 : 1;
    if (close >= text_.size()) return fail("an unbalanced quote");
    take(word, AnsiC(text_.substr(at_ + 2, close - at_ - 2)).decode());
    at_ = close + 1;
}

void Parser::double_quoted(Word& word) {
    const Level level(*this);
    ++at_;
    while (!end()) {
        const char c = peek();
        if (c == '"') {
            ++at_;
            return;
        }
        if (c == '$') {
            dollar(word, true);
        } else if (c == '`') {
            backtick(word, true);
        } else if (c == '\\' && at_ + 1 < text_.size()) {
            const char next = peek(1);
            if (std::string_view("$`\"\\\n").find(next) == std::string_view::npos)
                word.decoded += '\\';
            if (next != '\n') word.decoded += next;
            at_ += 2;
        } else {
            word.decoded += c;
            ++at_;
        }
    }
    fail("an unbalanced quote");
}

void Parser::dollar(Word& word, bool quoted) {
    const Level level(*this);
    const std::size_t start = at_;
    const char next = peek(1);
    if (!quoted && next == '\'') return ansi_c_quoted(word);
    if (!quoted && next == '"') {
        ++at_;
        return double_quoted(word);
    }
    if (next == '(') {
        if (const auto close = peek(2) == '(' ? arithmetic_end(at_ + 1) : 0; close != 0)
            return arithmetic(word, close);
        at_ = std::min(text_.size(), at_ + 2);
        return substitution(word, kCommandSubstitution);
    }
    if (next == '{') return parameter(word, quoted);
    if (next == '[') note(word, "an old-style arithmetic expansion");
    std::size_t length = 1;
    if (is_name_start(next)) {
        while (is_name(peek(length)))
            ++length;
    } else if ((next >= '0' && next <= '9') ||
               (next != '\0' &&
                std::string_view("@*#?-$![").find(next) != std::string_view::npos)) {
        length = 2;
    }
    if (length > 1) word.expands = true;
    at_ = std::min(text_.size(), start + length);
    take(word, text_.substr(start, at_ - start));
}

/// `word` gets the text as written; what it holds is parsed as commands up to the closing
/// parenthesis.
void Parser::substitution(Word& word, const char* what) {
    const std::size_t start = at_ >= 2 ? at_ - 2 : 0;
    word.expands = true;
    note(word, what);
    ++substitutions_;
    // A here-document announced outside has its body behind the line that ends outside.
    auto pending = std::exchange(pending_, {});
    list(Until::kParen);
    pending_ = std::move(pending);
    --substitutions_;
    take(word, text_.substr(start, at_ - start));
}

void Parser::parameter(Word& word, bool quoted) {
    const std::size_t start = at_;
    Word inside;
    bool simple = true;
    word.expands = true;
    at_ += 2;
    // bash 5.3 runs ${ command; } and ${| command; }.
    if (is_blank(peek()) || peek() == '\n' || peek() == '|') note(word, kCommandSubstitution);
    while (!end() && peek() != '}') {
        const char c = peek();
        if (c == '$') {
            dollar(inside, quoted);
            continue;
        }
        simple = simple && std::string_view("\\'\"`<>\n").find(c) == std::string_view::npos;
        if (c == '`') {
            backtick(inside, quoted);
        } else if (c == '"') {
            double_quoted(inside);
        } else if (c == '\'' && !quoted) {
            single_quoted(inside);
        } else {
            at_ = std::min(text_.size(), at_ + (c == '\\' ? 2U : 1U));
        }
    }
    if (end()) return fail("an unbalanced ${");
    ++at_;
    const std::string_view written = text_.substr(start, at_ - start);
    take(word, written);
    if (!inside.opaque.empty()) note(word, inside.opaque);
    if (!simple || written[2] == '!' || written.find('@') != std::string_view::npos)
        note(word, "a parameter expansion that is not simple");
}

/// Where `((` at `open` ends, when its second parenthesis closes right before the first; else 0.
/// bash decides in the same way between arithmetic and a subshell at the beginning of a
/// substitution.
std::size_t Parser::arithmetic_end(std::size_t open) {
    int depth = 0;
    for (std::size_t i = open; i < text_.size(); ++i) {
        const char c = text_[i];
        if (c == '\\') ++i;
        if (c == '\'' || c == '"') {
            do
                i += i + 1 < text_.size() && text_[i] == '\\' ? 2 : 1;
            while (i < text_.size() && text_[i] != c);
        }
        if (c == '(') ++depth;
        if (c == ')' && --depth == 1) {
            if (!sink_.charge(i - open)) return 0;
            return i + 1 < text_.size() && text_[i + 1] == ')' ? i + 2 : 0;
        }
    }
    sink_.charge(text_.size() - open);
    return 0;
}

void Parser::arithmetic(Word& word, std::size_t close) {
    const std::size_t start = at_;
    const std::string_view written = text_.substr(start, close - start);
    word.expands = true;
    const std::size_t open = written.find('(') + 2;
    if (!is_simple_arithmetic(written.substr(open))) note(word, "arithmetic that is not simple");
    at_ = start + open;
    Word inside;
    scan_to(close, inside);
    if (!inside.opaque.empty()) note(word, inside.opaque);
    at_ = std::max(at_, close);
    take(word, text_.substr(start, at_ - start));
}

/// Follows the expansions up to `close`, where quotes have no meaning of their own.
void Parser::scan_to(std::size_t close, Word& word) {
    while (!end() && at_ < close) {
        const char c = peek();
        if (c == '$') {
            dollar(word, true);
        } else if (c == '`') {
            backtick(word, true);
        } else {
            at_ = std::min(text_.size(), at_ + (c == '\\' ? 2U : 1U));
        }
    }
}

std::string Parser::expansions() {
    Word word;
    scan_to(text_.size(), word);
    return word.opaque;
}

void Parser::backtick(Word& word, bool quoted) {
    const std::size_t start = at_;
    std::string inside;
    for (++at_; !end() && peek() != '`'; ++at_) {
        const char next = peek(1);
        if (peek() == '\\' &&
            (next == '`' || next == '\\' || next == '$' || (quoted && next == '"')))
            ++at_;
        inside += peek();
    }
    word.expands = true;
    note(word, kCommandSubstitution);
    if (end())
        fail("an unbalanced backtick");
    else
        ++at_;
    take(word, text_.substr(start, at_ - start));
    const Level level(*this);
    if (depth_ <= kMaxDepth && sink_.charge(inside.size()))
        Parser(inside, sink_, depth_, true).script();
}

/// NAME[ … ] where an assignment may stand: blanks and operators inside belong to the word.
void Parser::subscript(Word& word) {
    const Level level(*this);
    int open = 0;
    while (!end()) {
        const char c = peek();
        if (c == '\\') {
            backslash(word);
        } else if (c == '\'') {
            single_quoted(word);
        } else if (c == '"') {
            double_quoted(word);
        } else if (c == '$') {
            dollar(word, false);
        } else if (c == '`') {
            backtick(word, false);
        } else {
            word.decoded += c;
            ++at_;
            if (c == '[') ++open;
            if (c == ']' && --open == 0) break;
        }
    }
    if (end() && open > 0) return fail("an unbalanced [");
    while (peek() == '\\' && peek(1) == '\n')
        at_ += 2;
    word.element = peek() == '=' || (peek() == '+' && peek(1) == '=');
    word.pattern = !word.element;
}

/// NAME=( … )
void Parser::array(Word& word) {
    const Level level(*this);
    const std::size_t start = at_++;
    word.expands = true;
    for (skip_blank_lines(); !end() && peek() != ')'; skip_blank_lines()) {
        const Word element = this->word();
        if (!element.opaque.empty()) note(word, element.opaque);
        if (element.written.empty()) return fail("an array that is not understood");
    }
    if (end()) return fail("an unbalanced parenthesis");
    ++at_;
    take(word, text_.substr(start, at_ - start));
}

}  // namespace tenon::permission::shell
