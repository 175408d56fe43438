#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>

#include "host/base/mutex.h"
#include "host/base/result.h"
#include "host/base/unique_fd.h"
#include "host/plugin/printed_lines.h"

namespace tenon::plugin {

/// While it lives, what is printed on the descriptors 1 and 2 of this process goes line by line to
/// a function: what plugins inside the host print, and the programs that they start. The host
/// itself writes to other descriptors (keep_standard_streams of base/output.h). Later, 1 and 2 lead
/// to /dev/null. One object at a time.
///
/// A line has the name of the plugin that was running when the line was read. It is read at the
/// latest when the plugin's code returns to the host.
class PrintedOutput {
public:
    /// `plugin` is an id, several ids with ", " between, or "a plugin". The line is valid UTF-8.
    /// Called by one thread at a time; it may block, and then what prints blocks too.
    using Sink = std::function<void(std::string_view plugin, const PrintedLines::Line& line)>;

    /// `ids` are the plugins that may print. Error: there is no descriptor, or the standard streams
    /// were not kept, so nothing has changed. Throws when there is no thread.
    static Result<std::unique_ptr<PrintedOutput>> start(std::set<std::string> ids, Sink sink);
    ~PrintedOutput();
    PrintedOutput(const PrintedOutput&) = delete;
    PrintedOutput& operator=(const PrintedOutput&) = delete;

    /// Writes what nobody has read yet to `fd`, with every character that could act on a terminal
    /// replaced: for a process that is about to end. Async-signal-safe.
    static void write_unread_to(int fd) noexcept;

private:
    PrintedOutput(std::set<std::string> ids, Sink sink, UniqueFd reader, UniqueFd quit);
    void watch();
    /// Reads what is there. `finish`: an unfinished line ends too.
    void read(const char* plugin, bool finish);
    void show(const char* plugin, const std::vector<PrintedLines::Line>& lines);
    [[nodiscard]] std::string running_names() const;
    [[nodiscard]] int timeout_ms();
    static void on_plugin_end(const char* plugin) noexcept;

    const std::set<std::string> ids_;
    const Sink sink_;
    const UniqueFd reader_, quit_;
    Mutex mutex_;
    PrintedLines lines_ TENON_GUARDED_BY(mutex_);
    Mutex showing_;  // keeps the lines in order; held while the sink is called
    std::thread thread_;
};

}  // namespace tenon::plugin
