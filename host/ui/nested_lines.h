#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::ui {

/// Collects the lines of nested quotes and list items: adds the prefix of each level to every line,
/// and blank lines between blocks.
class NestedLines {
public:
    explicit NestedLines(std::size_t width);

    /// Begins a level: `first` is the prefix of the next line and `rest` that of the lines after
    /// it, both `columns` wide. False when there is no room left; then the level has no prefix. A
    /// `tight` level has no blank lines between its blocks.
    bool enter(std::string first, std::string rest, std::size_t columns, bool tight);
    void leave();

    /// Call it before the lines of each block of the current level.
    void begin_block();
    void line(std::string_view text);
    void lines(const std::vector<std::string>& texts);

    /// The columns that are left for the text of a line.
    [[nodiscard]] std::size_t room() const { return width_ - columns_; }
    /// Whether the current level has a prefix and no line yet.
    [[nodiscard]] bool is_waiting() const;
    std::vector<std::string> take() { return std::move(lines_); }

private:
    struct Level {
        std::string first;
        std::string rest;
        std::size_t columns = 0;
        bool tight = false;
        bool begun = false;  // a line has `first`
        std::size_t blocks = 0;
    };
    std::size_t width_;
    std::size_t columns_ = 0;
    std::vector<Level> levels_;
    std::vector<std::size_t> visible_;  // indices of the levels with a prefix
    std::vector<std::string> lines_;
};

}  // namespace tenon::ui
