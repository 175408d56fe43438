#pragma once

#include <optional>
#include <stop_token>
#include <string_view>

#include "host/base/mutex.h"

namespace tenon {

/// A descriptor that results are written to. A reader who reads nothing holds a run up only until
/// it is stopped: a second after that the output is given up. Thread-safe; texts are written whole,
/// one after the other.
class Output {
public:
    /// `fd` stays the caller's.
    Output(int fd, std::stop_token stop);

    /// False when the text could not be written: the reader is gone, the disk is full, or it was
    /// given up. From then on nothing is written any more.
    bool write(std::string_view text);
    /// Foreign text: a pipe or a file gets it as it is; on a terminal it loses what would act on
    /// the terminal (see harmless()).
    bool write_text(std::string_view text);
    /// A JSON document and a line feed; on a terminal with such characters as escapes.
    bool write_json(std::string_view json);

private:
    [[nodiscard]] bool wait_until_ready() const;

    int fd_;
    bool terminal_;
    std::stop_token stop_;
    Mutex mutex_;
    bool gone_ TENON_GUARDED_BY(mutex_) = false;
};

/// Writes "tenon: ", `text` and a line end to standard error, in one piece. Everything that the
/// program says there passes this function: error bodies, names of files and text of models may be
/// part of it, so every control, direction or invisible character but line feed and tab is written
/// as an escape. Any thread. When standard error cannot be written, nobody is left to hear of it.
void say(std::string_view text);

}  // namespace tenon
