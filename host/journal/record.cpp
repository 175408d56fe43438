#include "host/journal/record.h"

#include <algorithm>
#include <array>

#include "host/base/utf8.h"

namespace tenon::journal {
namespace {

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// The value of \uXXXX at `at`, or -1.
int unit_at(std::string_view text, std::size_t at) {
    if (text.substr(at, 2) != "\\u" || at + 6 > text.size()) return -1;
    for (std::size_t i = at + 2; i < at + 6; ++i) {
        if (!is_hex(text[i])) return -1;
    }
    return std::stoi(std::string(text.substr(at + 2, 4)), nullptr, 16);
}

/// The length of the escape at `at`; 0: there is none.
std::size_t escape_length(std::string_view text, std::size_t at) {
    if (at + 1 >= text.size()) return 0;
    if (text[at + 1] != 'u') {
        return std::string_view("\"\\/bfnrt").find(text[at + 1]) == std::string_view::npos ? 0 : 2;
    }
    const int unit = unit_at(text, at);
    if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF)) return 0;
    if (unit < 0xD800 || unit > 0xDBFF) return 6;
    const int second = unit_at(text, at + 6);
    return second >= 0xDC00 && second <= 0xDFFF ? 12 : 0;
}

/// The position after the JSON string that begins at `at`; npos: it is not a string (RFC 8259,
/// section 7).
std::size_t string_end(std::string_view text, std::size_t at) {
    bool ascii = true;
    for (std::size_t i = at + 1; i < text.size();) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c == '"') {
            const bool valid = ascii || utf8::is_valid(text.substr(at, i - at));
            return valid ? i + 1 : std::string_view::npos;
        }
        if (c < 0x20) return std::string_view::npos;
        const std::size_t length = c == '\\' ? escape_length(text, i) : 1;
        if (length == 0) return std::string_view::npos;
        ascii = ascii && c < 0x80;
        i += length;
    }
    return std::string_view::npos;
}

/// Where a value that is not a string ends: at the comma or brace after it. The parser checks the
/// value itself.
std::size_t value_end(std::string_view text, std::size_t at) {
    std::size_t depth = 0;
    for (std::size_t i = at; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"') {
            i = string_end(text, i);
            if (i == std::string_view::npos) return i;
            --i;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (depth == 0 && (c == ',' || c == '}')) {
            return i;
        } else if (c == '}' || c == ']') {
            if (depth == 0) return std::string_view::npos;
            --depth;
        }
    }
    return std::string_view::npos;
}

std::size_t skip_blanks(std::string_view text, std::size_t at) {
    return std::min(text.find_first_not_of(" \t\r\n", at), text.size());
}

char at(std::string_view text, std::size_t i) {
    return i < text.size() ? text[i] : '\0';
}

/// In the order of RecordType.
constexpr std::array<std::string_view, 12> kTypeNames = {
    "session",   "user",       "assistant", "tool_result", "delivery", "clear",
    "redaction", "compaction", "mended",    "model",       "tools",    "workspace"};

Error damaged(std::size_t where) {
    return Error{"no JSON object from column " + std::to_string(where + 1) + " on"};
}

}  // namespace

RecordType record_type(std::string_view name) {
    if (name.empty()) return RecordType::kNone;
    const auto at = std::find(kTypeNames.begin(), kTypeNames.end(), name);
    if (at == kTypeNames.end()) return RecordType::kUnknown;
    return static_cast<RecordType>(at - kTypeNames.begin());
}

RecordType Record::type() const {
    return record_type(string("type"));
}

Result<Record> Record::read(std::string_view line) {
    Record record;
    std::string others;  // the members that are not strings, for the parser
    std::size_t i = skip_blanks(line, 0);
    if (at(line, i) != '{') return damaged(i);
    i = skip_blanks(line, i + 1);
    const bool empty = at(line, i) == '}';
    while (!empty) {
        const std::size_t key_from = i;
        const std::size_t key_end = at(line, i) == '"' ? string_end(line, i) : line.npos;
        if (key_end == line.npos) return damaged(i);
        i = skip_blanks(line, key_end);
        if (at(line, i) != ':') return damaged(i);
        i = skip_blanks(line, i + 1);
        const std::size_t from = i;
        const bool is_string = at(line, i) == '"';
        const std::size_t end = is_string ? string_end(line, i) : value_end(line, i);
        if (end == line.npos) return damaged(from);
        const std::string_view key = line.substr(key_from, key_end - key_from);
        record.raw_.emplace(key.substr(1, key.size() - 2), line.substr(from, end - from));
        if (!is_string) {
            others += others.empty() ? '{' : ',';
            others.append(key).append(":").append(line.substr(from, end - from));
        }
        i = skip_blanks(line, end);
        if (at(line, i) == '}') break;
        if (at(line, i) != ',') return damaged(i);
        i = skip_blanks(line, i + 1);
    }
    if (skip_blanks(line, i + 1) != line.size()) return damaged(i + 1);
    auto members = parse_json(others.empty() ? "{}" : others + "}", kMaxOwnJsonDepth);
    if (!members) return members.error();
    record.members_ = std::move(*members);
    return record;
}

std::string_view Record::raw(std::string_view key) const {
    const auto it = raw_.find(key);
    return it == raw_.end() ? std::string_view() : it->second;
}

std::string_view Record::quoted(std::string_view key) const {
    const std::string_view text = raw(key);
    return text.starts_with('"') ? text : std::string_view();
}

std::string Record::string(const char* key) const {
    const Json parsed = json_or_null(quoted(key));
    const std::string* text = string_in(parsed);
    return text == nullptr ? std::string() : *text;
}

const Json& Record::value(const char* key) const {
    return member(members_, key);
}

std::vector<std::string> Record::strings(const char* key) const {
    return strings_in(value(key));
}

}  // namespace tenon::journal
