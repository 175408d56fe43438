#pragma once

#include <cstddef>
#include <dirent.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

#include <tenon/plugin.h>

/// The host as the file tools use it. No other file of the tools knows the ABI.
namespace tenon::file {

/// Thrown by a tool that fails. The text is the answer to the model: what failed, where, and what
/// to do instead.
class Failure : public std::runtime_error {
public:
    explicit Failure(const std::string& text, tenon_rc rc = TENON_FAILED)
        : std::runtime_error(text), rc_(rc) {}
    [[nodiscard]] tenon_rc rc() const { return rc_; }

private:
    tenon_rc rc_;
};

/// A failure of a system call. `code` is an errno value.
Failure system_failure(std::string_view doing, int code);

/// Owns one file descriptor, or none (-1).
class Fd {
public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] int release() { return std::exchange(fd_, -1); }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

/// Closes a folder that was opened to be listed.
struct CloseDir {
    void operator()(DIR* dir) const { ::closedir(dir); }
};

/// Fills `buffer` from the current place of `fd`. Fewer bytes mean the end. Throws Failure.
std::size_t read_some(int fd, char* buffer, std::size_t size, std::string_view shown);

/// A file or folder that was opened beneath the session's roots.
struct Opened {
    Fd fd;
    std::string path;   ///< absolute, symlinks resolved
    std::string shown;  ///< relative to the workspace where it lies inside
    std::string name;   ///< for kWrite: the entry in the folder `fd`
};

enum class Access { kRead, kFolder, kWrite };

/// The host during one call: the methods path.* of the SDK's README. Everything throws Failure,
/// with the host's explanation, when the host refuses.
class Host {
public:
    /// `call` may be null outside a call; both must outlive the object.
    Host(const tenon_host* host, const tenon_call* call) : host_(host), call_(call) {}

    [[nodiscard]] Opened open(std::string_view path, Access access) const;
    /// The outermost folder that may be read and holds the absolute `path`, or empty.
    [[nodiscard]] std::string root_of(std::string_view path) const;
    /// For each absolute path: whether a rule forbids to read it.
    [[nodiscard]] std::vector<bool> denied(const std::vector<std::string>& paths) const;
    /// A part of a longer text, without known secrets and without their pieces at a cut
    /// beginning or end. `text` may be any bytes; the result is valid UTF-8.
    [[nodiscard]] std::string without_keys(std::string_view text, bool cut_begin,
                                           bool cut_end) const;
    /// Throws Failure (TENON_CANCELLED) once the call is cancelled. Cheap enough for every loop.
    void check_cancelled() const;

private:
    [[nodiscard]] std::string ask(std::string_view method, std::string_view params) const;

    const tenon_host* host_;
    const tenon_call* call_;
};

}  // namespace tenon::file
