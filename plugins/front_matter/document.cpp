#include "plugins/front_matter/document.h"

#include <algorithm>

#include "plugins/front_matter/text.h"

namespace tenon::front_matter {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string with_line_feeds(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n') out += text[i];
    return out;
}

/// Removes the first line from `text` and returns it without its line feed.
std::string_view take_line(std::string_view& text) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    return line;
}

bool is_blank(std::string_view line) {
    return line.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

bool is_border(std::string_view line) {
    return line.substr(0, 3) == "---" && is_blank(line.substr(3));
}

std::string_view without_blank_lines_around(std::string_view text) {
    while (!text.empty() && is_blank(text.substr(0, text.find('\n'))))
        (void)take_line(text);
    return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

/// Removes the front matter from `text` and returns it; `text` is the body then.
std::string take_front_matter(std::string_view& text) {
    if (!is_border(take_line(text)))
        throw Malformed("it does not begin with front matter, which stands between lines of ---");
    const std::string_view begin = text;
    while (!text.empty()) {
        const std::size_t size = begin.size() - text.size();
        if (size > kMaxFrontMatterBytes)
            throw Malformed("its front matter is longer than 64 KiB, or has no end (---)");
        if (is_border(take_line(text))) return std::string(begin.substr(0, size));
    }
    throw Malformed("its front matter has no end (---)");
}

/// The parser also accepts text that is not what its author meant: after an open quote, the keys
/// below become part of a text.
bool lacks_a_key(const Fields& fields, const std::vector<Written>& as_written) {
    return std::any_of(as_written.begin(), as_written.end(), [&fields](const Written& one) {
        return fields.find(one.key) == fields.end();
    });
}

/// Whether the beginning of a text is a tag or an anchor in YAML.
bool begins_with_a_property(std::string_view text) {
    return text.substr(0, 1) == "&" || (text.substr(0, 1) == "!" && text.substr(0, 2) != "!!");
}

bool is_empty_value(std::string_view text) {
    return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL" ||
           text[0] == '"' || text[0] == '\'';
}

}  // namespace

std::string Document::text(std::string_view field) const {
    const auto found = fields.find(field);
    return found == fields.end() ? std::string() : one_line(found->second.text);
}

std::string Document::text_as_written(std::string_view field) const {
    std::string said;
    for (const Written& one : as_written)
        if (one.key == field) said = one.text();
    std::string value = text(field);
    if (value.empty()) return is_empty_value(said) ? std::string() : said;
    return begins_with_a_property(said) ? said : value;
}

bool Document::yes(std::string_view field) const {
    const std::string value = text(field);
    for (const char* word : {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})
        if (value == word) return true;
    return false;
}

bool Document::no(std::string_view field) const {
    const std::string value = text(field);
    for (const char* word : {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})
        if (value == word) return true;
    return false;
}

Document parse(std::string_view bytes) {
    if (bytes.size() > kMaxBytes) throw Malformed("it is larger than 1 MiB");
    if (const auto bad = first_bad_byte(bytes); bad != std::string_view::npos)
        throw Malformed("it is not UTF-8 (byte " + std::to_string(bad + 1) + ")");
    if (bytes.substr(0, kByteOrderMark.size()) == kByteOrderMark)
        bytes.remove_prefix(kByteOrderMark.size());
    const std::string text = with_line_feeds(bytes);
    std::string_view rest = text;
    const std::string front_matter = take_front_matter(rest);

    Document document;
    Yaml yaml = read_yaml(front_matter);
    std::vector<Written> fields = written(front_matter);
    if (!yaml.fields || lacks_a_key(*yaml.fields, fields)) {
        if (fields.empty()) throw Malformed("its front matter is not valid YAML: " + yaml.problem);
        yaml.fields = read_each(fields);
        document.mended = true;
    }
    document.fields = std::move(*yaml.fields);
    document.as_written = std::move(fields);
    document.body = without_blank_lines_around(rest);
    return document;
}

}  // namespace tenon::front_matter
