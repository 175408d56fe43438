#pragma once

#include <algorithm>
#include <deque>
#include <string>
#include <string_view>

#include "host/terminal/live_area.h"

namespace tenon::terminal {

/// A terminal with its scrollback, as far as LiveArea uses it, for ASCII text. When the size
/// changes it does what its kind does.
class ModelScreen {
public:
    enum class Kind {
        kCuts,       ///< xterm: cuts rows; growing brings lines back from the scrollback
        kCutsKeeps,  ///< the same, but growing adds empty rows below (screen, libvterm)
        kRewraps,    ///< tmux, VTE: wraps rows anew, and fills the screen from the scrollback
    };
    struct Row {
        std::string text;
        bool goes_on = false;  // in the next row: the terminal has wrapped it
    };

    ModelScreen(Kind kind, ScreenSize size) : kind_(kind), size_(size), rows_(size.rows) {}

    void show(std::string_view bytes) {
        while (!bytes.empty()) {
            const char c = bytes.front();
            if (c == '\033') {
                const std::size_t end = bytes.find_first_not_of("0123456789;?", 2);
                control(bytes.substr(2, end - 2), bytes[end]);
                bytes.remove_prefix(end + 1);
                continue;
            }
            bytes.remove_prefix(1);
            if (c == '\r')
                column_ = 0;
            else if (c == '\n')
                line_feed();
            else
                put(c);
        }
    }

    void resize(ScreenSize size) {
        while (rows_.size() > row_ + 1 && rows_.size() - top_ > size.rows &&
               rows_.back().text.empty())
            rows_.pop_back();
        if (kind_ == Kind::kRewraps) {
            rewrap(size.columns);
        } else {
            for (std::size_t i = top_; i < rows_.size(); ++i)
                rows_[i].text.resize(std::min(rows_[i].text.size(), size.columns));
        }
        size_ = size;
        column_ = std::min(column_, size.columns - 1);
        if (kind_ == Kind::kCutsKeeps)
            top_ = std::max(top_, rows_.size() - std::min(rows_.size(), size.rows));
        else
            top_ = rows_.size() - std::min(rows_.size(), size.rows);
        row_ = std::max(row_, top_);
        rows_.resize(top_ + size.rows);
    }

    /// All rows, those of the scrollback first.
    [[nodiscard]] const std::deque<Row>& rows() const { return rows_; }
    [[nodiscard]] std::size_t scrolled() const { return top_; }
    [[nodiscard]] std::size_t cursor_row() const { return row_ - top_; }

    [[nodiscard]] std::string text() const {
        std::string text;
        for (std::size_t i = 0; i < rows_.size(); ++i)
            text += (i == top_ ? "-----\n" : "") + rows_[i].text + "\n";
        return text;
    }

private:
    void put(char c) {
        if (column_ == size_.columns) {
            if (wraps_) {
                rows_[row_].goes_on = true;
                column_ = 0;
                line_feed();
            } else {
                --column_;
            }
        }
        std::string& text = rows_[row_].text;
        if (text.size() <= column_) text.resize(column_ + 1, ' ');
        text[column_++] = c;
    }
    void line_feed() {
        if (++row_ < rows_.size()) return;
        rows_.emplace_back();
        ++top_;
    }
    void control(std::string_view parameters, char last) {
        if (parameters == "?7") wraps_ = last == 'h';
        if (parameters.starts_with('?')) return;
        const std::size_t count = parameters.empty() ? 1 : std::stoul(std::string(parameters));
        if (last == 'A') row_ = std::max(top_, row_ - std::min(row_, count));
        if (last == 'B') row_ = std::min(rows_.size() - 1, row_ + count);
        if (last == 'C') column_ = std::min(size_.columns - 1, column_ + count);
        if (last == 'J' && kind_ == Kind::kRewraps && row_ == top_ && column_ == 0) scroll_all();
        if (last == 'K' || last == 'J') clear_from(row_, column_);
        if (last != 'J') return;
        for (std::size_t i = row_ + 1; i < rows_.size(); ++i)
            clear_from(i, 0);
    }
    /// tmux moves a screen that is cleared as a whole into the scrollback.
    void scroll_all() {
        std::size_t end = rows_.size();
        while (end > top_ && rows_[end - 1].text.empty())
            --end;
        row_ = top_ = end;
        rows_.resize(top_ + size_.rows);
    }
    void clear_from(std::size_t row, std::size_t column) {
        column = std::min(column, size_.columns - 1);
        rows_[row].text.resize(std::min(rows_[row].text.size(), column));
        rows_[row].goes_on = false;
        if (column == 0 && row > 0) rows_[row - 1].goes_on = false;
    }
    void rewrap(std::size_t columns) {
        std::deque<Row> old = std::exchange(rows_, {});
        const std::size_t cursor = std::exchange(row_, 0);
        for (std::size_t i = 0; i < old.size(); ++i) {
            std::string line;
            std::size_t offset = 0;
            bool has_cursor = false;
            for (bool more = true; more; ++i) {
                if (i == cursor) {
                    has_cursor = true;
                    offset = line.size() + column_;
                }
                line += old[i].text;
                more = old[i].goes_on && i + 1 < old.size();
            }
            --i;
            if (has_cursor) row_ = rows_.size() + offset / columns;
            if (has_cursor) column_ = offset % columns;
            do {
                rows_.push_back({line.substr(0, columns), line.size() > columns});
                line.erase(0, columns);
            } while (!line.empty());
            if (has_cursor && row_ >= rows_.size()) rows_.resize(row_ + 1);
        }
    }

    Kind kind_;
    ScreenSize size_;
    std::deque<Row> rows_;
    std::size_t top_ = 0;  // of the screen
    std::size_t row_ = 0, column_ = 0;
    bool wraps_ = true;
};

}  // namespace tenon::terminal
