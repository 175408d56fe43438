#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/json.h"
#include "host/jobs/job.h"

/// What the jobs of a storm do, and how each must end. Everything follows from the number.
namespace tenon::faults {

struct Work {
    int number = 0;
    bool foreground = false;  ///< a `bash` call instead of `background_run`
    std::string command;      ///< appends its number to the file `ran`, and prints it first
    jobs::Status status = jobs::Status::kCompleted;
    std::optional<int> exit_code;
    std::optional<int> signal;
};

Work work_of(int number);

/// The model's call for it. A number is asked for again only after a call that did nothing.
Json call_of(const Work& work, int attempt);
/// The number in the id of such a call; none for ids of other calls.
std::optional<int> number_of(std::string_view tool_use_id);

/// The words by which its output is known.
std::string printed_by(int number);

}  // namespace tenon::faults
