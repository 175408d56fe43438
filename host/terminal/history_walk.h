#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tenon::terminal {

/// Where somebody is who goes back through the history; what stood in the line comes back at the
/// end. The entries may grow meanwhile: a walk that has begun keeps to those it began with. Pure.
class HistoryWalk {
public:
    /// The entry before, or nothing at the oldest. `line` is what stands in the line.
    const std::string* back(const std::vector<std::string>& entries, std::string_view line);
    /// The entry after, at the end what stood there first; nothing when the walk has not begun.
    const std::string* forward(const std::vector<std::string>& entries);
    void end() { walking_ = false; }

private:
    bool walking_ = false;
    std::size_t at_ = 0;
    std::size_t end_ = 0;
    std::string line_;
};

/// The search backwards for entries that hold what is typed. Pure.
class HistorySearch {
public:
    /// `line` is what stood in the line when it began.
    explicit HistorySearch(std::string line) : line_(std::move(line)) {}

    void add(std::string_view text, const std::vector<std::string>& entries);
    void erase_last(const std::vector<std::string>& entries);
    /// The next older entry that holds it.
    void older(const std::vector<std::string>& entries);

    [[nodiscard]] const std::string& pattern() const { return pattern_; }
    [[nodiscard]] bool failed() const { return failed_; }
    /// What to show: the entry found, else the last that was.
    [[nodiscard]] const std::string& found() const { return found_; }
    [[nodiscard]] const std::string& line() const { return line_; }

private:
    void look(const std::vector<std::string>& entries, std::size_t below);

    std::string line_;
    std::string pattern_;
    std::string found_;
    std::size_t at_ = static_cast<std::size_t>(-1);  // of the entry found
    bool failed_ = false;
};

}  // namespace tenon::terminal
