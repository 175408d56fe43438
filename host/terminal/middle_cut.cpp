#include "host/terminal/middle_cut.h"

#include <algorithm>

#include "host/base/text_width.h"

namespace tenon::terminal {
namespace {

constexpr std::size_t kNarrow = 40;
// Columns of the text in the row of the mark.
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

std::string beginning(const std::string& row, std::size_t columns) {
    std::string out;
    for (const std::string_view character : characters_of(row)) {
        if (width_of(out) + first_cluster(character).columns > columns) break;
        out += character;
    }
    return out;
}

std::string ending(const std::string& row, std::size_t columns) {
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

struct Mark {
    std::string text;
    bool tells_key = false;
};

std::string counted(std::size_t count, const TextRows& text) {
    return std::to_string(count) + (text.row_a_line ? " line" : " row") + (count == 1 ? "" : "s");
}

/// For a row of its own.
Mark long_mark(const std::string& parts, std::size_t columns, bool with_key) {
    std::string mark = "  … " + parts + " left out" + (with_key ? ", Ctrl-O shows all …" : " …");
    if (width_of(mark) > columns) mark = "…" + parts + (with_key ? " ^O all…" : "…");
    return {std::move(mark), with_key};
}

/// For a row that also holds some of the text.
Mark short_mark(const std::string& parts, std::size_t columns, bool with_key) {
    if (const std::string mark = "…" + parts + " ^O all…";
        with_key && width_of(mark) + kEnoughBeside <= columns)
        return {mark, true};
    if (const std::string mark = "…" + parts + " ^O…";
        with_key && width_of(mark) + kLeastBeside <= columns)
        return {mark, true};
    return {"…" + parts + "…", false};
}

/// One row, with the beginning of one and the end of another.
std::string around(const std::string& first, const std::string& mark, const std::string& last,
                   std::size_t columns) {
    const std::size_t room = columns - std::min(columns, width_of(mark));
    return cut(beginning(first, room - room / 2) + mark + ending(last, room / 2), columns);
}

}  // namespace

TextRows rows_of(const std::vector<std::string>& lines, std::size_t columns) {
    const std::size_t indent = columns < kNarrow ? 2 : 4;
    TextRows text;
    for (const std::string& line : lines) {
        if (width_of(line) <= columns) {
            text.rows.push_back(line);
            continue;
        }
        text.row_a_line = false;
        // The first row has no indentation of ours, so all are folded to what is left beside it.
        const auto folded = fold(line, columns - indent);
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
        const Mark mark = short_mark(counted(count - 1, text), columns, with_key);
        return {{around(text.rows.front(), mark.text, without_indent(last), columns)},
                mark.tells_key};
    }
    if (room == 2) {
        const std::string parts = counted(count - 2, text);
        const Mark mark = columns < kNarrow ? short_mark(parts, columns, with_key)
                                            : long_mark(parts, columns, with_key);
        const std::size_t left = columns - std::min(columns, width_of(mark.text));
        return {{text.rows.front(), cut(mark.text + ending(without_indent(last), left), columns)},
                mark.tells_key};
    }
    const std::size_t above = room / 2;
    const std::size_t below = room - 1 - above;
    const Mark mark = long_mark(counted(count - above - below, text), columns, with_key);
    MiddleCut out{{}, mark.tells_key};
    const auto begin = text.rows.begin();
    out.rows.assign(begin, begin + static_cast<std::ptrdiff_t>(above));
    out.rows.push_back(cut(mark.text, columns));
    out.rows.insert(out.rows.end(), text.rows.end() - static_cast<std::ptrdiff_t>(below),
                    text.rows.end());
    return out;
}

}  // namespace tenon::terminal
