#include "host/terminal/middle_cut.h"

#include <algorithm>

#include "host/base/text_width.h"

namespace tenon::terminal {
namespace {

constexpr std::size_t kNarrowScreen = 40;
// Columns of text beside a mark in its row.
constexpr std::size_t kLeastBeside = 3;
constexpr std::size_t kEnoughBeside = 10;

std::vector<std::string_view> characters_of(std::string_view row) {
    std::vector<std::string_view> characters;
    while (!row.empty()) {
        const std::size_t bytes = first_cluster(row).bytes;
        if (row[0] != '\033') characters.push_back(row.substr(0, bytes));
        row.remove_prefix(bytes);
    }
    return characters;
}

std::string beginning_of(const std::string& row, std::size_t columns) {
    std::string out;
    for (const std::string_view character : characters_of(row)) {
        if (width_of(out) + first_cluster(character).columns > columns) break;
        out += character;
    }
    return out;
}

std::string end_of(const std::string& row, std::size_t columns) {
    const auto characters = characters_of(row);
    std::size_t used = 0;
    std::string out;
    for (auto character = characters.rbegin(); character != characters.rend(); ++character) {
        used += first_cluster(*character).columns;
        if (used > columns) break;
        out.insert(0, *character);
    }
    return out;
}

std::string without_indent(const std::string& row) {
    const auto first = row.find_first_not_of(' ');
    return first == std::string::npos ? std::string() : row.substr(first);
}

struct CutMark {
    std::string text;
    bool names_key = false;
};

std::string count_left_out(std::size_t count, const TextRows& text) {
    return std::to_string(count) + (text.one_row_each ? " line" : " row") + (count == 1 ? "" : "s");
}

/// A mark that has a row to itself.
CutMark long_mark(const std::string& parts, std::size_t columns, bool with_key) {
    std::string mark = "  … " + parts + " left out" + (with_key ? ", Ctrl-O shows all …" : " …");
    if (width_of(mark) > columns) mark = "…" + parts + (with_key ? " ^O all…" : "…");
    return {std::move(mark), with_key};
}

/// A mark that shares its row with text.
CutMark short_mark(const std::string& parts, std::size_t columns, bool with_key) {
    if (const std::string mark = "…" + parts + " ^O all…";
        with_key && width_of(mark) + kEnoughBeside <= columns)
        return {mark, true};
    if (const std::string mark = "…" + parts + " ^O…";
        with_key && width_of(mark) + kLeastBeside <= columns)
        return {mark, true};
    return {"…" + parts + "…", false};
}

/// One row: the beginning of `first`, the mark, the end of `last`.
std::string in_one_row(const std::string& first, const std::string& mark, const std::string& last,
                       std::size_t columns) {
    const std::size_t room = columns - std::min(columns, width_of(mark));
    return cut(beginning_of(first, room - room / 2) + mark + end_of(last, room / 2), columns);
}

}  // namespace

TextRows rows_of(const std::vector<std::string>& lines, std::size_t columns, LineBreaks breaks) {
    const std::size_t indent = columns < kNarrowScreen ? 2 : 4;
    TextRows text;
    for (const std::string& line : lines) {
        if (width_of(line) <= columns) {
            text.rows.push_back(line);
            continue;
        }
        text.one_row_each = false;
        // Also the first row, which is not indented, is folded to the width of the others.
        const std::size_t room = columns - indent;
        const auto folded = breaks == LineBreaks::kAtBlanks ? wrap(line, room) : fold(line, room);
        for (std::size_t i = 0; i < folded.size(); ++i)
            text.rows.push_back((i == 0 ? "" : std::string(indent, ' ')) + folded[i]);
    }
    return text;
}

MiddleCut cut_middle(const TextRows& text, std::size_t room, std::size_t columns, bool with_key) {
    const std::size_t count = text.rows.size();
    if (count <= room) return {text.rows, false};
    const std::string& last = text.rows.back();
    if (room == 1) {
        const CutMark mark = short_mark(count_left_out(count - 1, text), columns, with_key);
        return {{in_one_row(text.rows.front(), mark.text, without_indent(last), columns)},
                mark.names_key};
    }
    if (room == 2) {
        const std::string parts = count_left_out(count - 2, text);
        const CutMark mark = columns < kNarrowScreen ? short_mark(parts, columns, with_key)
                                                     : long_mark(parts, columns, with_key);
        const std::size_t left = columns - std::min(columns, width_of(mark.text));
        return {{text.rows.front(), cut(mark.text + end_of(without_indent(last), left), columns)},
                mark.names_key};
    }
    const std::size_t above = room / 2;
    const std::size_t below = room - 1 - above;
    const CutMark mark = long_mark(count_left_out(count - above - below, text), columns, with_key);
    MiddleCut out{{}, mark.names_key};
    const auto begin = text.rows.begin();
    out.rows.assign(begin, begin + static_cast<std::ptrdiff_t>(above));
    out.rows.push_back(cut(mark.text, columns));
    out.rows.insert(out.rows.end(), text.rows.end() - static_cast<std::ptrdiff_t>(below),
                    text.rows.end());
    return out;
}

}  // namespace tenon::terminal
