#include "host/terminal/live_layout.h"

#include <algorithm>

#include "host/base/character.h"
#include "host/base/text_width.h"

namespace tenon::terminal {
namespace {

constexpr std::size_t kRowsForStatus = 3;  // a screen with fewer has none
constexpr std::size_t kTab = 4;
constexpr std::string_view kReplacement = "\xef\xbf\xbd";

/// Controls beyond ASCII, and characters that change the direction of the line.
bool is_harmful(char32_t c) {
    return (c >= 0x80 && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

class InputLayout {
public:
    InputLayout(std::string_view prompt, std::size_t columns)
        : indent_(width_of(prompt)),
          room_(std::max<std::size_t>(2, columns - std::min(columns, indent_))) {
        result_.rows.emplace_back(prompt);
    }

    void add(std::string_view text) {
        while (!text.empty()) {
            const auto byte = static_cast<unsigned char>(text[0]);
            if (byte < 0x20 || byte == 0x7f) {
                add_control(static_cast<char>(byte));
                text.remove_prefix(1);
                continue;
            }
            const Cluster cluster = first_cluster(text);
            const std::string_view bytes = text.substr(0, cluster.bytes);
            if (is_harmful(first_character(text).code))
                put(kReplacement, 1);
            else
                put(bytes, cluster.columns);
            text.remove_prefix(cluster.bytes);
        }
    }
    /// `in_word`: what follows belongs to the word before the cursor.
    void put_cursor(bool in_word) {
        if (column_ >= room_) wrap(in_word);
        result_.cursor_row = result_.rows.size() - 1;
        result_.cursor_column = indent_ + column_;
    }
    InputRows take() { return std::move(result_); }

private:
    void add_control(char c) {
        if (c == '\n') {
            begin_row();
        } else if (c == '\t') {
            do
                put(" ", 1);
            while (column_ % kTab != 0 && column_ < room_);
        } else {
            const char shown[] = {'^', static_cast<char>(c ^ 0x40)};
            put({shown, 2}, 2);
        }
    }
    void put(std::string_view bytes, std::size_t columns) {
        const bool is_blank = bytes == " ";
        if (column_ + columns > room_) wrap(!is_blank);
        if (column_ + columns > room_) begin_row();  // also with its word in a row of its own
        result_.rows.back() += bytes;
        column_ += columns;
        if (is_blank) begin_word();
    }
    /// Begins a row. The word that has just been put goes there, unless it fills its row.
    void wrap(bool in_word) {
        if (!in_word || word_column_ == 0) return begin_row();
        const std::size_t moved_from = word_column_, moved = column_ - word_column_;
        std::string word = result_.rows.back().substr(word_byte_);
        result_.rows.back().erase(word_byte_);
        const bool has_cursor = result_.cursor_row == result_.rows.size() - 1 &&
                                result_.cursor_column >= indent_ + moved_from;
        begin_row();
        result_.rows.back() += word;
        column_ = moved;
        if (!has_cursor) return;
        ++result_.cursor_row;
        result_.cursor_column -= moved_from;
    }
    void begin_row() {
        result_.rows.emplace_back(indent_, ' ');
        column_ = 0;
        begin_word();
    }
    void begin_word() {
        word_byte_ = result_.rows.back().size();
        word_column_ = column_;
    }

    std::size_t indent_, room_;
    std::size_t column_ = 0;
    std::size_t word_byte_ = 0, word_column_ = 0;  // where the last word begins in the last row
    InputRows result_;
};

}  // namespace

InputRows lay_out_input(std::string_view before, std::string_view after, std::string_view prompt,
                        std::size_t columns) {
    InputLayout layout(prompt, columns);
    layout.add(before);
    layout.put_cursor(!after.empty() && after[0] != ' ' && after[0] != '\n');
    layout.add(after);
    return layout.take();
}

void append_last(std::vector<std::string>& rows, const std::vector<std::string>& lines,
                 std::size_t count, std::size_t columns) {
    for (std::size_t i = lines.size() - std::min(lines.size(), count); i < lines.size(); ++i)
        rows.push_back(cut(lines[i], columns));
}

void append_input(LiveRows& live, const InputRows& input, std::size_t count, std::size_t columns) {
    const std::size_t half = count / 2;
    const std::size_t wanted = input.cursor_row > half ? input.cursor_row - half : 0;
    const std::size_t first = std::min(wanted, input.rows.size() - count);
    live.cursor_row = live.rows.size() + input.cursor_row - first;
    live.cursor_column = std::min(input.cursor_column, columns - 1);
    for (std::size_t i = first; i < first + count; ++i)
        live.rows.push_back(cut(input.rows[i], columns));
}

LiveRows lay_out(const LiveParts& parts, ScreenSize size) {
    const bool has_status = !parts.status.empty() && size.rows >= kRowsForStatus;
    std::size_t room = std::max<std::size_t>(1, size.rows) - (has_status ? 1 : 0);
    const std::size_t hints = std::min(parts.hints.size(), room - 1);
    room -= hints;
    const std::size_t input = std::min(parts.input.rows.size(), room);
    room -= input;
    const std::size_t menu = std::min(parts.menu.size(), room);
    room -= menu;
    const std::size_t waiting = std::min(parts.waiting.size(), room);
    room -= waiting;

    LiveRows live;
    append_last(live.rows, parts.tail, room, size.columns);
    for (std::size_t i = 0; i < waiting; ++i)
        live.rows.push_back(cut(parts.waiting[i], size.columns));
    append_last(live.rows, parts.hints, hints, size.columns);
    append_input(live, parts.input, input, size.columns);
    for (std::size_t i = 0; i < menu; ++i)
        live.rows.push_back(cut(parts.menu[i], size.columns));
    if (has_status) live.rows.push_back(cut(parts.status, size.columns));
    return live;
}

}  // namespace tenon::terminal
