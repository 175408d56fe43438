#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/event.h"
#include "host/ui/style.h"

/// What commands and other tools have printed, as lines for a person. Pure functions. They make all
/// text harmless.
namespace tenon::ui {

/// Harmless lines, without blank lines at both ends. Of a line with carriage returns only the last
/// state is kept.
std::vector<std::string> output_lines(std::string_view text);

/// The same as text with all lines, blank ones too.
std::string harmless_output(std::string_view text);

/// The last `count` of them, for the end of an output. `is_whole`: the text is all of it; otherwise
/// the first line may be cut, and is left out if there is another one.
std::vector<std::string> last_output_lines(std::string_view text, std::size_t count, bool is_whole);

/// The output of a command, and the line in brackets that states how it ended: `[exit code: 3]`
/// becomes `exit 3`, `[signal: KILL]` `signal KILL`, `[… continues as background job 1a2b3c4d]`
/// `continues as job 1a2b3c4d`. Without such a line the ending is empty, which is success.
struct CommandOutput {
    std::vector<std::string> lines;
    std::string ending;
};
CommandOutput command_output(std::string_view text);

struct OutputLook {
    std::size_t width = 80;
    Style style = Style::kPlain;
    std::string_view fold_key = {};  ///< see folded_line
    bool whole = false;              ///< no line is left out or cut
};
struct ToolOutput {
    std::vector<std::string> lines;
    std::string whole;  ///< the whole text, styled, if `lines` show only a part of it; else empty
};
/// The lines below an ended call. The tool's facts say which: at most five lines of output (a line
/// `… +N lines` replaces the others), a checklist, or a diff. The answer of a subagent is Markdown.
/// `before` is the file that the call has changed, as it was before it, where that is known.
ToolOutput tool_output(const agent::ToolFinished& call, const OutputLook& look,
                       std::optional<std::string_view> before = {});

}  // namespace tenon::ui
