#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "host/base/mutex.h"

namespace tenon::agent {

/// Whether every endpoint takes this as the id of a call: letters, digits, _ and -, at most
/// 40.
bool is_call_id(std::string_view text);

/// The id for `number`: nine letters and digits, since some chat templates require exactly that and
/// no endpoint refuses it.
std::string call_id_of(std::uint64_t number);

/// The ids of all calls of one session. They include all calls in its journal, also those before a
/// summary, because jobs and results name their call by its id; and the calls of its subagents
/// since this host began. The journals of subagents are not read. Thread-safe.
class CallIds {
public:
    /// The id of a call in the conversation, the journal and every request: the id that the server
    /// offers if it is well formed and no call of the session has it, else a random one. `offered`
    /// may be empty or any bytes.
    std::string assign(std::string_view offered);
    /// Adds an id that is in the conversation already. False: it was known.
    bool add(std::string_view id);
    [[nodiscard]] bool contains(std::string_view id) const;

private:
    mutable Mutex mutex_;
    std::set<std::string, std::less<>> used_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::agent
