#include "host/journal/record.h"

#include <algorithm>
#include <array>

#include "host/journal/json_text.h"

namespace tenon::journal {
namespace {

char at(std::string_view text, std::size_t i) {
    return i < text.size() ? text[i] : '\0';
}

/// In the order of RecordType.
constexpr std::array<std::string_view, 13> kTypeNames = {
    "session",    "user",   "assistant", "tool_result", "delivery",  "clear", "redaction",
    "compaction", "mended", "model",     "tools",       "workspace", "usage"};

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
    std::size_t i = json_blanks_end(line, 0);
    if (at(line, i) != '{') return damaged(i);
    i = json_blanks_end(line, i + 1);
    const bool empty = at(line, i) == '}';
    while (!empty) {
        const std::size_t key_from = i;
        const std::size_t key_end = at(line, i) == '"' ? json_value_end(line, i, 0) : line.npos;
        if (key_end == line.npos) return damaged(i);
        i = json_blanks_end(line, key_end);
        if (at(line, i) != ':') return damaged(i);
        i = json_blanks_end(line, i + 1);
        const std::size_t from = i;
        const std::size_t end = json_value_end(line, i, kMaxOwnJsonDepth - 1);
        if (end == line.npos) return damaged(from);
        const std::string_view key = line.substr(key_from, key_end - key_from);
        record.add(key, line.substr(from, end - from));
        i = json_blanks_end(line, end);
        if (at(line, i) == '}') break;
        if (at(line, i) != ',') return damaged(i);
        i = json_blanks_end(line, i + 1);
    }
    if (json_blanks_end(line, i + 1) != line.size()) return damaged(i + 1);
    return record;
}

/// `key` with its quotes. This program escapes no character of a key, but may have to read one.
void Record::add(std::string_view key, std::string_view value) {
    const std::string_view name = key.substr(1, key.size() - 2);
    raw_.emplace(name, value);
    if (name.find('\\') != name.npos && !value.starts_with('"'))
        escaped_[json_string_text(key)] = json_or_null(value);
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
    const std::string_view text = quoted(key);
    return text.empty() ? std::string() : json_string_text(text);
}

const Json& Record::value(const char* key) const {
    const auto raw = raw_.find(key);
    if (raw == raw_.end() || raw->second.starts_with('"')) return member(escaped_, key);
    const auto [parsed, is_new] = parsed_.try_emplace(raw->first);
    if (is_new) parsed->second = json_or_null(raw->second);
    return parsed->second;
}

std::vector<std::string> Record::strings(const char* key) const {
    return strings_in(value(key));
}

}  // namespace tenon::journal
