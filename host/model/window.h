#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/mutex.h"
#include "host/base/result.h"

namespace tenon::model {

/// How the model's context window is shared out, in tokens.
struct WindowShares {
    std::int64_t request = 0;  ///< what a request may have before the conversation is made shorter
    std::int64_t answer = 0;   ///< what an answer may have
    bool learned = false;      ///< the server has stated the window
    bool known = false;        ///< stated, or in the table
};

/// What is known of the windows of the models at one server: from a table, and better from what the
/// server stated when it refused a request. That is kept in a file, so that later runs know it.
/// Thread-safe; several hosts may use the file at once, of which the last writes win.
///
/// The file: {"v":1,"windows":[{"server","model","tokens"},…]}, the one that was learned last at
/// the end.
class Windows {
public:
    /// `file` empty: nothing is kept. `server` is the base URL without credentials.
    Windows(std::filesystem::path file, std::string server)
        : file_(std::move(file)), server_(std::move(server)) {}

    /// Reads the file. The Error says why it is left alone; then only what is learned from now on
    /// is known, and it is not written. A missing file is none.
    Result<void> load();

    /// How to share the model's window where an answer of `max_tokens` is wanted. An answer has at
    /// most a quarter of a window that was learned; for a model that is not known a request has
    /// 50,000.
    [[nodiscard]] WindowShares shares(std::string_view model, std::int64_t max_tokens) const;

    /// The server has stated the window of this model. It counts from now on; the Error says why it
    /// was not kept for later runs. Less than what `accepted` was called with is no window.
    Result<void> learn(std::string_view model, std::int64_t tokens);

    /// The server has answered a prompt of this model that had so many tokens by its own count.
    void accepted(std::string_view model, std::int64_t tokens);

private:
    [[nodiscard]] Result<void> keep(const std::string& model, std::int64_t tokens) const;

    const std::filesystem::path file_;
    const std::string server_;
    mutable Mutex mutex_;
    std::map<std::string, std::int64_t, std::less<>> learned_ TENON_GUARDED_BY(mutex_);
    std::map<std::string, std::int64_t, std::less<>> accepted_ TENON_GUARDED_BY(mutex_);
    bool writes_ TENON_GUARDED_BY(mutex_) = true;
};

}  // namespace tenon::model
