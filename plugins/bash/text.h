#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tenon_bash {

/// Text of another author, each line indented by two spaces, whatever ends a line. So none of its
/// lines looks like a line that a tool wrote about a job.
std::string indented(std::string_view text);

/// The seconds of a model in milliseconds: at least 1, at most ten years.
std::int64_t milliseconds(double seconds);

}  // namespace tenon_bash
