#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "host/base/result.h"
#include "host/terminal/outside_program.h"

namespace tenon::terminal {

/// `text` as the person has changed it in $VISUAL, else $EDITOR, else vi or nano. `run` runs the
/// editor, on a file that only the user can read and that is removed afterwards. One line feed at
/// the end of the file is left out; the rest is valid UTF-8 without controls except line feeds and
/// tabs.
///
/// An Error says what went wrong, also when the editor did not exit with 0. If the file has
/// another text then, it is kept, and the Error names it. Blocks.
Result<std::string> edit_in_editor(std::string_view text,
                                   const std::function<Result<int>(const OutsideProgram&)>& run);

}  // namespace tenon::terminal
