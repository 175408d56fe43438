#include "plugins/front_matter/written.h"

#include <algorithm>

#include "plugins/front_matter/text.h"

namespace tenon::front_matter {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kOfKeys =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

bool begins_with(std::string_view text, std::string_view beginning) {
    return text.substr(0, beginning.size()) == beginning;
}

struct KeyLine {
    std::string_view key, value;  // no key: the line begins no field
};

KeyLine split(std::string_view line) {
    const bool quoted = !line.empty() && (line[0] == '"' || line[0] == '\'');
    const std::size_t begin = quoted ? 1 : 0;
    const std::size_t end = std::min(line.find_first_not_of(kOfKeys, begin), line.size());
    std::size_t colon = end;
    if (quoted && (colon == line.size() || line[colon++] != line[0])) return {};
    colon = std::min(line.find_first_not_of(kBlanks, colon), line.size());
    if (end == begin || line[begin] == '-' || colon == line.size() || line[colon] != ':') return {};
    const std::string_view value = line.substr(colon + 1);
    // A colon in an address or in a C++ name does not end a key.
    if (begins_with(value, "//") || begins_with(value, ":")) return {};
    return {line.substr(begin, end - begin), trimmed(value)};
}

/// `|` and `>`, with what YAML allows after them: the text is in the lines below.
bool begins_block(std::string_view value) {
    return !value.empty() && (value[0] == '|' || value[0] == '>') &&
           value.find_first_not_of("+-0123456789", 1) == std::string_view::npos;
}

bool is_item(std::string_view line) {
    return line == "-" || begins_with(line, "- ") || begins_with(line, "-\t");
}

/// Without the quotes around it, if there is exactly one pair.
std::string unquoted(std::string_view text) {
    const bool pair = text.size() >= 2 && (text[0] == '"' || text[0] == '\'') &&
                      text.find(text[0], 1) == text.size() - 1;
    return std::string(pair ? text.substr(1, text.size() - 2) : text);
}

std::vector<std::string_view> without_blank_lines(const std::vector<std::string>& lines) {
    std::vector<std::string_view> out;
    for (const std::string& line : lines)
        if (const std::string_view text = trimmed(line); !text.empty()) out.push_back(text);
    return out;
}

/// The written text, for a value that is not YAML.
Field literal(const Written& field) {
    const std::vector<std::string_view> lines = without_blank_lines(field.lines);
    Field out;
    if (field.value.empty() && !lines.empty() && std::all_of(lines.begin(), lines.end(), is_item)) {
        out.type = FieldType::kTexts;
        for (const std::string_view line : lines)
            out.texts.push_back(unquoted(trimmed(line.substr(1))));
        return out;
    }
    out.type = FieldType::kText;
    out.text = unquoted(field.text());
    return out;
}

Field read(const Written& field) {
    std::string yaml = "k: " + field.value + "\n";
    for (const std::string& line : field.lines)
        yaml += line + "\n";
    Yaml alone = read_yaml(yaml);
    if (!alone.fields || alone.fields->size() != 1) return literal(field);
    return std::move(alone.fields->begin()->second);
}

}  // namespace

std::string Written::text() const {
    std::string out = begins_block(value) ? std::string() : value;
    for (const std::string& line : lines)
        out.append(" ").append(line);
    return one_line(out);
}

std::vector<Written> written(std::string_view yaml) {
    std::vector<Written> out;
    std::size_t indentation = 0;
    while (!yaml.empty()) {
        const std::string_view line = yaml.substr(0, yaml.find('\n'));
        yaml.remove_prefix(std::min(yaml.size(), line.size() + 1));
        const std::size_t blanks = std::min(line.find_first_not_of(kBlanks), line.size());
        if (out.empty()) indentation = blanks;
        const std::string_view text = line.substr(blanks);
        const KeyLine key = blanks == indentation ? split(text) : KeyLine{};
        if (!key.key.empty()) {
            out.push_back({std::string(key.key), std::string(key.value), {}});
        } else if (!out.empty() && (blanks > indentation || !begins_with(text, "#"))) {
            out.back().lines.emplace_back(line);
        }
    }
    return out;
}

Fields read_each(const std::vector<Written>& fields) {
    Fields out;
    for (const Written& field : fields)
        out.insert_or_assign(field.key, read(field));
    return out;
}

}  // namespace tenon::front_matter
