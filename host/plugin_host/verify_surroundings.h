#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tenon::plugin_host::verify {

/// What belongs to the process and a plugin must leave alone: handlers of signals, the signal mask
/// of the thread, the limit of descriptors, the working directory, the umask, the locale and the
/// environment.
class Surroundings {
public:
    /// As they are now, for the calling thread.
    static Surroundings now();
    /// The names of what has changed since then, joined by commas; empty: nothing.
    [[nodiscard]] std::string changes() const;

private:
    std::vector<std::pair<const char*, std::string>> parts_;
};

/// What this process uses. Zero where it cannot be measured.
struct ProcessUse {
    std::size_t heap = 0;      ///< bytes that malloc has given out
    std::size_t resident = 0;  ///< bytes of its own in memory
    std::size_t descriptors = 0;
    std::size_t threads = 0;

    static ProcessUse now();
};

/// The names of the files that are open, for a message: "/tmp/x, socket:[123]".
std::vector<std::string> open_files();

}  // namespace tenon::plugin_host::verify
