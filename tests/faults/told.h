#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "host/base/json.h"
#include "tests/faults/evidence.h"
#include "tests/faults/work.h"

/// What a model has been told, read from a request as any model would read it.
namespace tenon::faults {

struct Told {
    struct Call {
        std::string name;
        std::optional<Attempt> attempt;
        std::string result;  ///< empty: none yet
    };
    /// One ended job as a notification or `background_wait` tells it.
    struct End {
        std::string status;
        std::string text;
    };
    std::map<std::string, Call> calls;              ///< by tool_use id
    std::map<int, int> attempts;                    ///< how often each number was asked for
    std::multimap<std::string, End> notifications;  ///< by job id
    std::multimap<std::string, End> waited_for;     ///< by job id: told by background_wait
};

Told read_request(const Json& request);

/// "interrupted", and nothing goes on: the call may be made again.
bool did_nothing(const std::string& result);
/// A foreground command that goes on as a job: its end is still to be told.
bool goes_on(const std::string& result);
/// A background job was made: its end is still to be told.
bool was_accepted(const std::string& result);

/// Numbers that need not be asked for again: a job was made of them, or they have run.
std::set<int> settled(const Told& told, const Evidence& evidence);

}  // namespace tenon::faults
