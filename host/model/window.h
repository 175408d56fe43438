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

/// A smaller number is not taken for a context window, in tokens.
inline constexpr std::int64_t kSmallestWindow = 256;

/// How a model's context window is divided, in tokens.
struct WindowShares {
    std::int64_t request = 0;  ///< the longest request before the conversation is made shorter
    std::int64_t answer = 0;   ///< the longest answer
    bool learned = false;      ///< configured, or the server has stated the window
};

/// The context windows of the models at one server: as configured, as the server stated them when
/// it refused a request, from a table, or as the server lists them, in this order. Stated and
/// listed windows are kept in a file for later runs. Thread-safe. Several hosts may use the file at
/// once; the last write wins.
///
/// The file: {"v":1,"windows":[{"server","model","tokens"},…]}, the one that was learned last at
/// the end; a listed one also has "listed":true.
class Windows {
public:
    /// `file` empty: nothing is kept. `server` is the base URL without credentials. `configured`:
    /// the window of all models there; only a smaller one that the server states in this run is
    /// stronger.
    Windows(std::filesystem::path file, std::string server,
            std::optional<std::int64_t> configured = {})
        : file_(std::move(file)), server_(std::move(server)), configured_(configured) {}

    /// Reads the file. On Error the file is not used: windows that are learned later are not
    /// written to it. A missing file is no error.
    Result<void> load();

    /// How to divide the model's window if an answer of `max_tokens` is wanted. An answer gets at
    /// most a quarter of a configured, stated or listed window. For an unknown model a request gets
    /// 50,000.
    [[nodiscard]] WindowShares shares(std::string_view model, std::int64_t max_tokens) const;

    /// The window of the model in tokens, where it is known.
    [[nodiscard]] std::optional<std::int64_t> window(std::string_view model) const;

    /// The server has stated the window of this model. It is used from now on; the Error says why
    /// it was not written to the file. Ignored if `accepted` was called with more tokens.
    Result<void> learn(std::string_view model, std::int64_t tokens);

    /// The same for a window that the server lists. Ignored where a stronger one is known; one that
    /// was listed before is replaced, since the server may have been started anew.
    Result<void> learn_listed(std::string_view model, std::int64_t tokens);
    /// Whether `learn_listed` would ignore any window of this model.
    [[nodiscard]] bool needs_no_listing(std::string_view model) const;

    /// The server has answered a prompt of this model with this number of tokens by its own count.
    void accepted(std::string_view model, std::int64_t tokens);

private:
    /// Configured, stated or listed.
    [[nodiscard]] std::optional<std::int64_t> told(std::string_view model) const
        TENON_REQUIRES(mutex_);
    [[nodiscard]] bool is_surely_known(std::string_view model) const TENON_REQUIRES(mutex_);
    [[nodiscard]] bool is_possible(std::string_view model, std::int64_t tokens) const
        TENON_REQUIRES(mutex_);
    struct Learned {
        std::int64_t tokens = 0;
        bool is_listed = false;
        bool operator==(const Learned&) const = default;
    };
    Result<void> take(const std::string& model, const Learned& learned) TENON_REQUIRES(mutex_);
    [[nodiscard]] Result<void> keep(const std::string& model, const Learned& learned) const;

    const std::filesystem::path file_;
    const std::string server_;
    const std::optional<std::int64_t> configured_;
    mutable Mutex mutex_;
    /// As refusals of this run stated them.
    std::map<std::string, std::int64_t, std::less<>> stated_ TENON_GUARDED_BY(mutex_);
    std::map<std::string, Learned, std::less<>> learned_ TENON_GUARDED_BY(mutex_);
    std::map<std::string, std::int64_t, std::less<>> accepted_ TENON_GUARDED_BY(mutex_);
    bool writes_ TENON_GUARDED_BY(mutex_) = true;
};

}  // namespace tenon::model
