#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "host/base/json.h"

/// What a model has been told, read from a request as any model would read it.
namespace tenon::faults {

struct Told {
    struct Call {
        std::string name;
        std::string result;  ///< empty: none yet
    };
    /// One ended job as a notification or `background_wait` tells it.
    struct End {
        std::string status;
        std::string text;  ///< its first line
    };
    std::map<std::string, Call> calls;              ///< by tool_use id
    std::map<int, int> attempts;                    ///< how often each number was asked for
    std::set<int> settled;                          ///< numbers whose last call did something
    std::multimap<std::string, End> notifications;  ///< by job id
    std::multimap<std::string, End> waited_for;     ///< by job id: told by background_wait
};

Told read_request(const Json& request);

/// "interrupted", and nothing goes on: the call may be made again.
bool did_nothing(const std::string& result);
/// A foreground command that goes on as a job: its end is still to be told.
bool goes_on(const std::string& result);

}  // namespace tenon::faults
