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

/// A change of a file's text that a call makes.
struct TextChange {
    std::string before;
    std::string after;
    /// Both are the whole file; else they are parts of it at an unknown position.
    bool whole = false;
};

/// The change that `call` asks for; none when the tool's facts do not describe one. `contents` is
/// the present file. Without it, a replaced text is shown alone, and a written file as new. Pure.
std::optional<TextChange> change_of(const agent::ToolCall& call, const agent::ToolFacts& facts,
                                    std::optional<std::string_view> contents = {});

/// The path of the file that the call changes, as its arguments have it; empty when they have none.
std::string changed_path(const Json& input, const agent::ToolFacts& facts);

struct DiffOptions {
    std::size_t width = 80;
    std::size_t max_rows = 40;  ///< further rows are only counted
    Style style = Style::kPlain;
    std::string path = {};           ///< the head names it; empty: no head
    std::string_view fold_key = {};  ///< for the line that counts further rows; see folded_line
};

struct Diff {
    std::vector<std::string> lines;
    std::size_t added = 0;
    std::size_t removed = 0;
    bool is_cut = false;  ///< rows are only counted, or cut to the width
};
/// A unified diff for people: three lines of context, line numbers for whole files, removed lines
/// red with `-`, added lines green with `+`. Control characters become escapes. A huge change is
/// one line with its size. The head (`── notes.txt`) has as many rows as the path needs, and does
/// not count as rows; a diff without changes has none. Pure.
Diff diff(const TextChange& change, const DiffOptions& options);

/// A unified diff that a tool has written, with the same colours and limits. Lines are counted by
/// their first character; file headers (`---`, `+++`) are not counted. Pure.
Diff shown_diff(std::string_view text, const DiffOptions& options);

}  // namespace tenon::ui
