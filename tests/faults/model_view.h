#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "host/base/json.h"
#include "tests/faults/evidence.h"
#include "tests/faults/trial_job.h"

namespace tenon::faults {

/// The calls, and the ends of jobs that were delivered, in one request: what a model knows from it.
struct ModelView {
    struct Call {
        std::string name;
        std::optional<Attempt> attempt;
        std::string result;  ///< empty: none yet
    };
    /// The end of a job, delivered by a notification or by `background_wait`.
    struct End {
        std::string status;
        std::string text;
    };
    std::map<std::string, Call> calls;              ///< by tool_use id
    std::map<int, int> attempts;                    ///< how often each number was asked for
    std::multimap<std::string, End> notifications;  ///< by job id
    std::multimap<std::string, End> wait_results;   ///< by job id: from background_wait
};

ModelView read_request(const Json& request);

/// "interrupted", and no job continues: the model may make the call again.
bool did_nothing(const std::string& result);
/// A foreground command continues as a job, whose end is still to be delivered.
bool continues_as_job(const std::string& result);
/// A background job was started, whose end is still to be delivered.
bool started_a_job(const std::string& result);

/// Numbers that need not be asked for again: they have a job, or they have run.
std::set<int> numbers_done(const ModelView& view, const Evidence& evidence);

}  // namespace tenon::faults
