#pragma once

#include <string_view>

namespace tenon::ui {

/// Writes "tenon: ", `text` and a line end to standard error, in one piece. Everything that the
/// program says there passes this function: error bodies, names of files and text of models may be
/// part of it, so every control, direction or invisible character but line feed and tab is written
/// as an escape. Any thread. When standard error cannot be written, nobody is left to hear of it.
void say(std::string_view text);

}  // namespace tenon::ui
