#pragma once

#include <csignal>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/types.h>

namespace tenon::testing {

/// While this object exists, no file that a process writes grows beyond `bytes`. It stands for a
/// full disk where the test may not mount one: what does not fit is written in part, as on a full
/// disk.
class FileSizeLimit {
public:
    /// `process` 0: this one.
    explicit FileSizeLimit(rlim_t bytes, pid_t process = 0) : process_(process) {
        if (process == 0) ::signal(SIGXFSZ, SIG_IGN);
        rlimit now{};
        if (::prlimit(process, RLIMIT_FSIZE, nullptr, &now) != 0)
            throw std::runtime_error("prlimit");
        before_ = now;
        now.rlim_cur = bytes;
        if (::prlimit(process, RLIMIT_FSIZE, &now, nullptr) != 0)
            throw std::runtime_error("prlimit");
    }
    ~FileSizeLimit() { ::prlimit(process_, RLIMIT_FSIZE, &before_, nullptr); }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

private:
    pid_t process_;
    rlimit before_{};
};

}  // namespace tenon::testing
