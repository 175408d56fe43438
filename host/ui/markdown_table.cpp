#include "host/ui/markdown_table.h"

#include <algorithm>

namespace tenon::ui {
namespace {

constexpr std::size_t kMostColumns = 100;
constexpr std::size_t kCodeIndent = 4;

}  // namespace

std::string with_breaks(std::string_view cell) {
    std::string out;
    while (true) {
        const std::size_t at = cell.find("<br");
        out += cell.substr(0, at);
        if (at == std::string_view::npos) return out;
        const std::size_t end = cell.find_first_not_of(" /", at + 3);
        const bool element = end != std::string_view::npos && cell[end] == '>';
        out += element ? "\n" : "<br";
        cell.remove_prefix(element ? end + 1 : at + 3);
    }
}

std::string without_escaped_bars(std::string_view code) {
    std::string out;
    for (const char c : code) {
        if (c == '|' && !out.empty() && out.back() == '\\') out.pop_back();
        out += c;
    }
    return out;
}

bool has_endless_table(std::string_view source) {
    while (!source.empty()) {
        const std::string_view line = source.substr(0, source.find('\n'));
        const auto bars = static_cast<std::size_t>(std::count(line.begin(), line.end(), '|'));
        if (bars > kMostColumns && line.find_first_not_of("|-: >") == std::string_view::npos)
            return true;
        source.remove_prefix(std::min(line.size() + 1, source.size()));
    }
    return false;
}

bool is_table_rule(std::string_view line) {
    return line.find('|') != std::string_view::npos && line.find('-') != std::string_view::npos &&
           line.find_first_not_of("|-: ") == std::string_view::npos;
}

std::string with_long_dashes(std::string_view rule) {
    std::string out;
    for (const char c : rule)
        out += c == '-' ? (out.empty() || out.back() != '-' ? "---" : "") : std::string(1, c);
    return out;
}

std::string without_definition(std::string_view line) {
    std::string out(line);
    const std::size_t begin = line.find_first_not_of(' ');
    const std::size_t end = line.find(']');
    if (begin < kCodeIndent && line[begin] == '[' && end != std::string_view::npos &&
        line.substr(end, 2) == "]:")
        out.insert(begin, 1, '\\');
    return out;
}

std::string with_empty_cells(std::string_view row) {
    std::string out;
    for (const char c : row) {
        if (c == '|' && !out.empty() && out.back() == '|') out += ' ';
        out += c;
    }
    return out;
}

}  // namespace tenon::ui
