#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/message.h"
#include "host/agent/tool_facts.h"
#include "host/ui/style.h"

namespace tenon::ui {

/// What a call does to a file.
struct Change {
    std::string before;
    std::string after;
    /// Both are the whole file; else they are parts of it that stand nobody knows where.
    bool whole = false;
};

/// The change that `call` asks for; nothing when the tool's facts do not say that it makes one.
/// `contents` is the file as it is: with it the change is placed; without it a replaced text is
/// shown by itself and a whole file as new.
std::optional<Change> change_of(const agent::ToolCall& call, const agent::ToolFacts& facts,
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

/// A unified diff that a tool has written, with the same colours and limits. Its lines are counted
/// by their first character; file headers (`---`, `+++`) count as neither added nor removed.
Diff shown_diff(std::string_view text, const DiffOptions& options);

}  // namespace tenon::ui
