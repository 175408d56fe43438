#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "host/base/result.h"

namespace tenon::model {

/// One server-sent event. The views are valid while the callback runs.
struct SseEvent {
    std::string_view name;  ///< "message" when the stream gave none
    std::string_view data;  ///< several data lines joined with "\n"
};

/// Server-sent events out of bytes cut anywhere (HTML Living Standard, 9.2.6): lines end with \n,
/// \r\n or \r, comments and unknown fields are skipped, a leading byte order mark too. `id` and
/// `retry` mean nothing here. No I/O, no threads; bytes are not checked for UTF-8.
class SseParser {
public:
    static constexpr std::size_t kMaxEventBytes = std::size_t{32} << 20U;
    using OnEvent = std::function<void(const SseEvent&)>;

    explicit SseParser(std::size_t max_event_bytes = kMaxEventBytes) : max_(max_event_bytes) {}

    /// Calls `on_event` for every event that `bytes` completes. An event (or line) over the bound
    /// is an Error, and so is every later call. An event that no blank line has ended is never
    /// told.
    Result<void> feed(std::string_view bytes, const OnEvent& on_event);

private:
    void take_line(std::string_view line, const OnEvent& on_event);

    std::size_t max_;
    std::string partial_;  // a line whose end has not come yet
    std::string name_;
    std::string data_;
    bool has_data_ = false;
    bool first_line_ = true;
    bool skip_newline_ = false;  // the last byte was \r: a \n belongs to it
    bool failed_ = false;
};

}  // namespace tenon::model
