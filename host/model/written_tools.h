#pragma once

#include <string>
#include <string_view>

#include "host/base/mutex.h"

namespace tenon::model {

/// The tools of requests as a wire format writes them. They are long and seldom change, so the last
/// ones are kept. Any thread.
class WrittenTools {
public:
    /// `tools` is that of agent::Request.
    using Write = std::string (*)(std::string_view tools);
    explicit WrittenTools(Write write) : write_(write) {}

    /// What `write` makes of them.
    [[nodiscard]] std::string of(std::string_view tools) TENON_EXCLUDES(mutex_);

private:
    const Write write_;
    Mutex mutex_;
    std::string tools_ TENON_GUARDED_BY(mutex_);
    std::string written_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::model
