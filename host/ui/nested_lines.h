#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::ui {

/// Lines inside quotes and list items: puts what each of them has in front of every line, and the
/// blank lines between blocks.
class NestedLines {
public:
    explicit NestedLines(std::size_t width);

    /// From now on `first` stands before the next line and `rest` before those after it, both
    /// `columns` wide. False when there is no room left for it: then nothing is put in front.
    /// Blocks of a `tight` level stand without blank lines between.
    bool enter(std::string first, std::string rest, std::size_t columns, bool tight);
    void leave();

    /// Call before the lines of each block of the current level.
    void begin_block();
    void line(std::string_view text);
    void lines(const std::vector<std::string>& texts);

    /// The columns that are left for text.
    [[nodiscard]] std::size_t room() const { return width_ - columns_; }
    /// Whether a level's `first` still waits for a line.
    [[nodiscard]] bool is_waiting() const;
    std::vector<std::string> take() { return std::move(lines_); }

private:
    struct Level {
        std::string first;
        std::string rest;
        std::size_t columns = 0;
        bool tight = false;
        bool begun = false;  // `first` stands on a line
        std::size_t blocks = 0;
    };
    std::size_t width_;
    std::size_t columns_ = 0;
    std::vector<Level> levels_;
    std::vector<std::size_t> visible_;  // of levels_, those that put something in front
    std::vector<std::string> lines_;
};

}  // namespace tenon::ui
