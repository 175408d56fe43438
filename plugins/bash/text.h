#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tenon/jobs.hpp>

namespace tenon_bash {

/// Text of another author, each line indented by two spaces, whatever ends a line. So none of its
/// lines looks like a line that a tool wrote about a job.
std::string indented(std::string_view text);

/// Reads a job with so much of its output that it has about `options.max_characters` at most when
/// it is indented.
tenon::JobText read_to_indent(const tenon::Jobs& jobs, const std::string& id,
                              tenon::JobReadOptions options);

/// The seconds of a model in milliseconds: at least 1, at most ten years.
std::int64_t milliseconds(double seconds);

}  // namespace tenon_bash
