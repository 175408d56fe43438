#include <algorithm>

#include "host/shell/grammar_parser.h"

namespace tenon::shell::grammar {
namespace {

/// In a few encodings such a byte and the next one are one character.
bool is_beyond_ascii(char c) {
    return static_cast<unsigned char>(c) >= 0x80;
}

bool is_identifier(std::string_view text) {
    return !text.empty() && is_name_start(text[0]) &&
           std::all_of(text.begin(), text.end(), is_name);
}

/// Unquoted braces around such bytes are not expanded.
bool is_plain_in_braces(char c) {
    return is_name(c) || c == '-' || c == '^' || c == '/' || c == '@';
}

/// Whether each [ of the pattern begins a plain list of ASCII characters and ranges. Programs
/// differ in the other forms.
bool has_plain_brackets(std::string_view pattern) {
    for (std::size_t open = pattern.find('['); open != std::string_view::npos;
         open = pattern.find('[', open)) {
        ++open;
        if (open < pattern.size() && (pattern[open] == '!' || pattern[open] == '^')) ++open;
        const std::size_t close = pattern.find(']', open);
        if (close == std::string_view::npos || close == open) return false;
        for (; open < close; ++open)
            if (pattern[open] == '[' || pattern[open] == '/' || is_beyond_ascii(pattern[open]))
                return false;
    }
    return true;
}

constexpr const char* kBrace = "a brace that may be expanded";
constexpr const char* kExpansion = "an expansion";
constexpr const char* kExpansionInQuotes = "an expansion in double quotes";

}  // namespace

/// Called at a byte that does not end a word.
bool GrammarParser::word(Word& out, WordPlace place) {
    WordReading reading;
    reading.place = place;
    const std::size_t start = at_;
    while (!is_meta(peek())) {
        bool taken = false;
        switch (peek()) {
            case '\\':
                taken = backslash(reading);
                break;
            case '\'':
                taken = single_quoted(reading);
                break;
            case '"':
                taken = double_quoted(reading);
                break;
            case '$':
            case '`':
                return refuse(kExpansion);
            default:
                taken = unquoted(reading);
        }
        if (!taken) return false;
    }
    if (peek() == '(') return refuse("an unexpected (");
    if (peek() == '|' && is_beyond_ascii(before()))
        return refuse("a | right behind a character beyond ASCII");
    return finish_word(reading, start, out);
}

bool GrammarParser::finish_word(WordReading& reading, std::size_t start, Word& out) {
    Word& word = reading.word;
    word.written = text_.substr(start, at_ - start);
    // Decoded, quoted bytes of a pattern could not be distinguished from unquoted ones.
    if (word.pattern && !reading.plain && (reading.quoted_special || reading.open_bracket))
        return refuse("a pattern with quoted parts");
    if (word.pattern && reading.open_bracket && !has_plain_brackets(word.decoded))
        return refuse("a pattern with an odd bracket");
    if (reading.braces && !reading.plain) return refuse("braces and quotes in one word");
    out = std::move(word);
    return true;
}

bool GrammarParser::unquoted(WordReading& reading) {
    Word& word = reading.word;
    const char c = peek();
    if (c == '~') return tilde(reading);
    if (c == '{') return brace(reading);
    if (c == '}') {
        // It could close an earlier {: {a},b} is expanded.
        if (reading.open_brace) return refuse(kBrace);
        reading.braces = true;
    }
    const bool may_assign = c == '[' || (c == '+' && peek(1) == '=');
    if (may_assign && reading.place == WordPlace::kCommand && reading.plain &&
        is_identifier(word.decoded)) {
        if (c == '[') return refuse("a subscript");
        return refuse("an assignment that appends");
    }
    if (c == '*' || c == '?' || (c == ']' && reading.open_bracket)) word.pattern = true;
    if (c == '[') reading.open_bracket = true;
    word.decoded += c;
    if (reading.plain) ++word.plain;
    ++at_;
    return true;
}

/// The home directory at the beginning of a word, or a literal ~ later in it.
bool GrammarParser::tilde(WordReading& reading) {
    Word& word = reading.word;
    if (word.decoded.empty() && reading.plain) {
        if (!is_meta(peek(1)) && peek(1) != '/') return refuse("a ~ with a name behind it");
        word.tilde = true;
    } else if (!word.decoded.empty() &&
               (word.decoded.back() == '=' || word.decoded.back() == ':')) {
        return refuse("a ~ behind = or :");
    }
    word.decoded += '~';
    if (reading.plain) ++word.plain;
    ++at_;
    return true;
}

/// {} alone, or braces around a name: bash does not expand these.
bool GrammarParser::brace(WordReading& reading) {
    Word& word = reading.word;
    std::size_t length = 1;
    while (is_plain_in_braces(peek(length)))
        ++length;
    if (peek(length) == '}') ++length;
    const bool closed = length > 1 && peek(length - 1) == '}';
    const bool alone = word.decoded.empty() && reading.plain && is_meta(peek(length));
    if (!closed || reading.braces || (length == 2 && !alone)) return refuse(kBrace);
    reading.braces = reading.open_brace = true;
    word.decoded += text_.substr(at_, length);
    if (reading.plain) word.plain += length;
    at_ += length;
    return true;
}

void GrammarParser::add_quoted(WordReading& reading, std::string_view bytes) {
    reading.plain = false;
    reading.word.decoded += bytes;
    if (bytes.find_first_of("*?[]\\") != std::string_view::npos) reading.quoted_special = true;
    if (reading.open_bracket && bytes.find(']') != std::string_view::npos)
        reading.word.pattern = true;
}

bool GrammarParser::backslash(WordReading& reading) {
    if (peek(1) == '\n') return refuse("a continued line");
    if (at_ + 1 >= text_.size()) return refuse("a backslash at the end");
    if (is_beyond_ascii(before())) return refuse("a backslash behind a character beyond ASCII");
    add_quoted(reading, text_.substr(at_ + 1, 1));
    at_ += 2;
    return true;
}

bool GrammarParser::single_quoted(WordReading& reading) {
    const std::size_t close = text_.find('\'', at_ + 1);
    if (close == std::string_view::npos) return refuse("an unbalanced quote");
    const std::string_view inside = text_.substr(at_ + 1, close - at_ - 1);
    if (!pending_.empty() && inside.find('\n') != std::string_view::npos)
        return refuse("a quoted newline before a here-document");
    add_quoted(reading, inside);
    at_ = close + 1;
    return true;
}

bool GrammarParser::double_quoted(WordReading& reading) {
    add_quoted(reading, {});
    for (++at_; !end();) {
        const char c = peek();
        if (c == '"') {
            ++at_;
            return true;
        }
        bool taken = true;
        if (c == '`') return refuse(kExpansionInQuotes);
        if (c == '\n' && !pending_.empty())
            return refuse("a quoted newline before a here-document");
        if (c == '$') {
            taken = cat_substitution(reading);
        } else if (c == '\\') {
            taken = backslash_in_double_quotes(reading);
        } else {
            add_quoted(reading, text_.substr(at_, 1));
            ++at_;
        }
        if (!taken) return false;
    }
    return refuse("an unbalanced quote");
}

bool GrammarParser::backslash_in_double_quotes(WordReading& reading) {
    if (is_beyond_ascii(before())) return refuse("a backslash behind a character beyond ASCII");
    const char next = peek(1);
    if (next == '\n') return refuse("a continued line");
    if (at_ + 1 >= text_.size()) return refuse("an unbalanced quote");
    const bool escapes = std::string_view("$`\"\\").find(next) != std::string_view::npos;
    add_quoted(reading, text_.substr(escapes ? at_ + 1 : at_, escapes ? 1 : 2));
    at_ += 2;
    return true;
}

/// $(cat <<'EOF'⏎…⏎EOF⏎) in double quotes: the text of the here-document, without the newlines at
/// its end. Not where an assignment before the command could give it another cat.
bool GrammarParser::cat_substitution(WordReading& reading) {
    constexpr std::string_view kBegin = "$(cat ";
    if (!starts(kBegin) || reading.place != WordPlace::kArgument) return refuse(kExpansionInQuotes);
    at_ += kBegin.size();
    blanks();
    if (!starts("<<") || starts("<<<")) return refuse(kExpansionInQuotes);
    if (!pending_.empty()) return refuse("a here-document before a here-document");
    const bool strip_tabs = starts("<<-");
    at_ += strip_tabs ? 3 : 2;
    blanks();
    Word name;
    if (!delimiter(name)) return false;
    blanks();
    if (peek() != '\n') return refuse(kExpansionInQuotes);
    ++at_;
    std::string body;
    if (!here_document_body(name.decoded, strip_tabs, true, body)) return false;
    while (peek() == ' ' || peek() == '\t' || peek() == '\n')
        ++at_;
    if (peek() != ')') return refuse(kExpansionInQuotes);
    ++at_;
    body.erase(body.find_last_not_of('\n') + 1);
    add_quoted(reading, body);
    return true;
}

}  // namespace tenon::shell::grammar
