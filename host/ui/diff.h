#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/message.h"
#include "host/ui/style.h"

namespace tenon::ui {

/// What a call of `edit_file` or `write_file` does to a file.
struct Change {
    std::string before;
    std::string after;
    /// Both are the whole file; else they are parts of it that stand nobody knows where.
    bool whole = false;
};

/// The change that `call` asks for, or nothing for other tools. `contents` is the file as it is:
/// with it the change is placed; without it an edit is shown by itself and a file as new.
std::optional<Change> change_of(const agent::ToolCall& call,
                                std::optional<std::string_view> contents = {});

struct DiffOptions {
    std::size_t width = 80;
    std::size_t max_rows = 40;  ///< what is beyond is counted, not shown
    Style style = Style::kPlain;
};

/// A unified diff for people: three lines of context, line numbers for whole files, removed lines
/// red with `-`, added ones green with `+`. What a terminal would obey is written as an escape. A
/// huge change is told in one line.
struct Diff {
    std::vector<std::string> lines;
    std::size_t added = 0;
    std::size_t removed = 0;
};
Diff diff(const Change& change, const DiffOptions& options);

}  // namespace tenon::ui
