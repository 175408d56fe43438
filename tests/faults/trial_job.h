#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/json.h"
#include "host/jobs/job.h"

/// What the jobs of a trial do, and how each must end. Everything follows from the number.
namespace tenon::faults {

/// The model asks for a number again only after a call for it that did nothing.
struct Attempt {
    int number = 0;
    int attempt = 0;
    auto operator<=>(const Attempt&) const = default;
};
std::string to_string(const Attempt& attempt);

struct TrialJobOptions {
    bool forks = true;          ///< without spare processes bash tries each fork again for long
    int foreground_every = 11;  ///< each so-many-th is a `bash` call; 1: all
};

/// The command writes `N.A begun` and `N.A over <exit code>` to the file `ran` of the workspace,
/// and first prints its number.
struct TrialJob {
    bool foreground = false;  ///< a `bash` call instead of `background_run`
    std::string command;
    jobs::Status status = jobs::Status::kCompleted;
    std::optional<int> exit_code;
    std::optional<int> signal;
};

TrialJob trial_job(const Attempt& attempt, const TrialJobOptions& options);

/// The model's call for it.
Json call_of(const Attempt& attempt, const TrialJobOptions& options);
/// The attempt whose command this is; none for other commands.
std::optional<Attempt> attempt_of(std::string_view command);

/// The first output of the job with this number.
std::string printed_by(int number);

}  // namespace tenon::faults
