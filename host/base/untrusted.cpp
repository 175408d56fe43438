#include "host/base/untrusted.h"

#include <algorithm>
#include <cstdio>

#include "host/base/character.h"
#include "host/base/utf8.h"

namespace tenon {
namespace {

constexpr std::size_t kTabStop = 4;
constexpr int kMostMarks = 8;
constexpr char32_t kEscapeCode = 0x1B;
constexpr std::size_t kLongestLine = 2000;
constexpr std::size_t kLongestQuote = 80;
constexpr std::string_view kBlanks = " \t\r\n";
constexpr char32_t kBell = 0x07;
constexpr char32_t kStringEnd = 0x9C;

struct Range {
    char32_t first, last;
};
// Controls; zero-width and direction marks; line separators; the byte order mark; tags.
constexpr Range kInvisible[] = {{0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},
                                {0x61C, 0x61C},   {0x200B, 0x200F}, {0x2028, 0x202E},
                                {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xE0000, 0xE007F}};

bool is_invisible(char32_t code) {
    for (const Range& range : kInvisible) {
        if (code >= range.first && code <= range.last) return true;
    }
    return false;
}

/// Joiners are part of emoji and of several scripts.
bool is_joiner(char32_t code) {
    return code == 0x200C || code == 0x200D;
}

/// The introducers of ECMA-48 that a string follows, as the byte after ESC: DCS, SOS, OSC, PM, APC.
bool takes_string(char final) {
    return final == 'P' || final == 'X' || final == ']' || final == '^' || final == '_';
}

std::size_t count_of(std::string_view text, char low, char high) {
    const auto outside =
        std::find_if(text.begin(), text.end(), [&](char c) { return c < low || c > high; });
    return static_cast<std::size_t>(outside - text.begin());
}

bool is_control(char32_t code) {
    return code < 0x20 || (code >= 0x7F && code <= 0x9F);
}

/// The string and its terminator, or nothing when the line ends or another control comes before it.
std::size_t string_bytes(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const Character next = first_character(text.substr(at));
        at += next.bytes;
        if (!is_control(next.code)) continue;
        if (next.code == kBell || next.code == kStringEnd) return at;
        return text.substr(at - 1, 2) == "\x1b\\" ? at + 1 : 0;
    }
    return 0;
}

/// The part of a sequence after its introducer, which is given as the byte of its ESC form.
std::size_t rest_of_sequence(char introducer, std::string_view text) {
    if (takes_string(introducer)) return string_bytes(text);
    if (introducer != '[') return 0;
    std::size_t bytes = count_of(text, 0x30, 0x3F);
    bytes += count_of(text.substr(bytes), 0x20, 0x2F);
    const bool complete = bytes < text.size() && text[bytes] >= 0x40 && text[bytes] <= 0x7E;
    return complete ? bytes + 1 : bytes;
}

/// The bytes of the escape sequence that `text` begins with.
std::size_t sequence_bytes(std::string_view text) {
    std::size_t at = 1 + count_of(text.substr(1), 0x20, 0x2F);
    if (at >= text.size() || text[at] < 0x30 || text[at] > 0x7E) return at;
    const char introducer = at == 1 ? text[at] : '\0';
    ++at;
    return at + rest_of_sequence(introducer, text.substr(at));
}

/// The same for an introducer of one character, U+0080 to U+009F.
std::size_t c1_bytes(Character control, std::string_view text) {
    const char as_escape = static_cast<char>(control.code - 0x40);
    return control.bytes + rest_of_sequence(as_escape, text.substr(control.bytes));
}

/// How many printable characters of ASCII the text begins with: most text is taken in such runs.
std::size_t printable_run(std::string_view text) {
    return count_of(text, 0x20, 0x7E);
}

/// Harmless text, a character or a run of them at a time.
class Cleaner {
public:
    explicit Cleaner(std::size_t size) { out_.reserve(size); }

    /// How many bytes it took.
    std::size_t take(std::string_view text) {
        if (const std::size_t run = printable_run(text); run > 0) {
            put_run(text.substr(0, run));
            return run;
        }
        const Character c = first_character(text);
        if (c.code == kEscapeCode) return sequence_bytes(text);
        if (c.code >= 0x80 && c.code <= 0x9F) return c1_bytes(c, text);
        if (c.code == '\n' || c.code == '\r') {
            end_line();
        } else if (c.code == '\t') {
            put_tab();
        } else if (!is_invisible(c.code) || is_joiner(c.code)) {
            put(c, text);
        }
        return text.substr(0, 2) == "\r\n" ? 2 : c.bytes;
    }

    std::string finish() { return std::move(out_); }

private:
    void end_line() {
        out_ += '\n';
        columns_ = 0;
        marks_ = 0;
    }
    void put_tab() {
        const std::size_t blanks = kTabStop - columns_ % kTabStop;
        out_.append(blanks, ' ');
        columns_ += blanks;
        marks_ = 0;
    }
    void put_run(std::string_view run) {
        out_ += run;
        columns_ += run.size();
        marks_ = 0;
    }
    void put(Character c, std::string_view text) {
        marks_ = continues_cluster(c.code) ? marks_ + 1 : 0;
        if (marks_ > kMostMarks) return;
        out_ += text.substr(0, c.bytes);
        columns_ += columns_of(c.code);
    }

    std::string out_;
    std::size_t columns_ = 0;
    int marks_ = 0;
};

std::string escape(char32_t code) {
    char text[16];
    std::snprintf(text, sizeof text, code < 0x100 ? "\\x%02x" : "\\u%04x",
                  static_cast<unsigned>(code));
    return text;
}

/// As JSON writes it: above U+FFFF, two surrogates.
std::string json_escape(char32_t code) {
    char text[16];
    if (code < 0x10000) {
        std::snprintf(text, sizeof text, "\\u%04x", static_cast<unsigned>(code));
    } else {
        const auto above = static_cast<unsigned>(code - 0x10000);
        std::snprintf(text, sizeof text, "\\u%04x\\u%04x", 0xD800U + (above >> 10U),
                      0xDC00U + (above & 0x3FFU));
    }
    return text;
}

bool is_plain(std::string_view bytes) {
    return std::all_of(bytes.begin(), bytes.end(),
                       [](char c) { return c == '\n' || (c >= 0x20 && c < 0x7F); });
}

}  // namespace

std::string harmless(std::string_view bytes) {
    if (is_plain(bytes)) return std::string(bytes);
    const std::string text = utf8::repair(bytes);
    Cleaner cleaner(text.size());
    for (std::string_view rest = text; !rest.empty();)
        rest.remove_prefix(cleaner.take(rest));
    return cleaner.finish();
}

std::string harmless_line(std::string_view bytes) {
    std::string line = harmless(bytes);
    std::replace(line.begin(), line.end(), '\n', ' ');
    return line;
}

std::string visible(std::string_view bytes, bool keep_lines) {
    const std::string text = utf8::repair(bytes);
    std::string out;
    for (std::string_view rest = text; !rest.empty();) {
        if (const std::size_t run = printable_run(rest); run > 0) {
            out += rest.substr(0, run);
            rest.remove_prefix(run);
            continue;
        }
        const Character c = first_character(rest);
        const bool kept = keep_lines && (c.code == '\n' || c.code == '\t');
        if (is_invisible(c.code) && !kept) {
            out += escape(c.code);
        } else {
            out += rest.substr(0, c.bytes);
        }
        rest.remove_prefix(c.bytes);
    }
    return out;
}

std::string visible_json(std::string_view json) {
    const std::string text = utf8::repair(json);
    std::string out;
    for (std::string_view rest = text; !rest.empty();) {
        const Character c = first_character(rest);
        if (is_invisible(c.code) && c.code != '\n') {
            out += json_escape(c.code);
        } else {
            out += rest.substr(0, c.bytes);
        }
        rest.remove_prefix(c.bytes);
    }
    return out;
}

std::string first_line(std::string_view bytes) {
    bytes = utf8::trimmed(bytes, kBlanks);
    const std::string_view line = bytes.substr(0, bytes.find('\n'));
    const std::string_view kept = utf8::trimmed(line, kBlanks);
    return visible(utf8::first_bytes(kept, kLongestLine)) +
           (line.size() < bytes.size() ? " …" : "");
}

std::string without_tabs(std::string_view text) {
    if (text.find('\t') == std::string_view::npos) return std::string(text);
    Cleaner cleaner(text.size());
    for (std::string_view rest = text; !rest.empty();)
        rest.remove_prefix(cleaner.take(rest));
    return cleaner.finish();
}

std::string in_quotes(std::string_view bytes) {
    // Four bytes a character at most: a hostile value of a megabyte is not walked through.
    const std::string text = visible(bytes.substr(0, 4 * kLongestQuote + 4));
    std::string out = "\"" + std::string(utf8::first(text, kLongestQuote)) + "\"";
    if (utf8::length(text) > kLongestQuote) out += "…";
    return out;
}

}  // namespace tenon
