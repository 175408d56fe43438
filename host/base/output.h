#pragma once

#include <array>
#include <optional>
#include <ostream>
#include <stop_token>
#include <streambuf>
#include <string_view>

#include "host/base/mutex.h"

namespace tenon {

/// A descriptor that results are written to. A reader that does not read blocks a run only until
/// the run is stopped: one second later the output is given up. Thread-safe; each text is written
/// whole.
class Output {
public:
    /// `fd` stays the caller's.
    Output(int fd, std::stop_token stop);

    /// False when the text could not be written: the reader has closed its end, the disk is full,
    /// or the output was given up. After that nothing more is written.
    bool write(std::string_view text);
    /// Untrusted text: written unchanged to a pipe or a file; for a terminal, what would act on the
    /// terminal is removed (see harmless()).
    bool write_text(std::string_view text);
    /// A JSON document and a line feed; for a terminal, such characters become escapes.
    bool write_json(std::string_view json);

private:
    [[nodiscard]] bool wait_until_ready() const;

    int fd_;
    bool terminal_;
    std::stop_token stop_;
    Mutex mutex_;
    bool gone_ TENON_GUARDED_BY(mutex_) = false;
};

/// The descriptors of the program's own standard output and standard error. All that the program
/// itself writes goes there. They are 1 and 2 until keep_standard_streams. Async-signal-safe.
int output_descriptor() noexcept;
int error_descriptor() noexcept;

/// From now on the two functions above return copies of 1 and 2, close-on-exec and above 2, so that
/// 1 and 2 can be given to code that prints by itself. When no descriptor is left, nothing changes.
/// Call it before other threads start; a second call has no effect.
void keep_standard_streams();

/// A stream that writes to a descriptor, which stays the caller's.
class DescriptorStream : public std::ostream {
public:
    explicit DescriptorStream(int fd);
    ~DescriptorStream() override;

private:
    class Buffer : public std::streambuf {
    public:
        explicit Buffer(int fd);

    protected:
        int_type overflow(int_type c) override;
        int sync() override;

    private:
        int fd_;
        std::array<char, 4096> bytes_{};
    };
    Buffer buffer_;
};

/// Writes "tenon: ", `text` and a line end to standard error, in one piece. All messages of the
/// program go through this function. They may contain error bodies, file names and text of models,
/// so every control, direction or invisible character but line feed and tab is written as an
/// escape. Any thread. When standard error cannot be written, the text is lost.
void say(std::string_view text);

}  // namespace tenon
