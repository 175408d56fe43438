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

/// Parses server-sent events from bytes that are cut anywhere (HTML Living Standard, 9.2.6). Lines
/// end with \n, \r\n or \r. Comments, unknown fields, `id`, `retry` and a leading byte order mark
/// are skipped. Older versions of llama.cpp write an error as a field of that name: it becomes an
/// event "error". Bytes are not checked for UTF-8. No I/O; not thread-safe.
class SseParser {
public:
    static constexpr std::size_t kMaxEventBytes = std::size_t{32} << 20U;
    using OnEvent = std::function<void(const SseEvent&)>;

    explicit SseParser(std::size_t max_event_bytes = kMaxEventBytes) : max_(max_event_bytes) {}

    /// Calls `on_event` for every event that `bytes` completes. An event (or line) over the limit
    /// is an Error, and so is every later call. An event without a blank line after it is not
    /// reported.
    Result<void> feed(std::string_view bytes, const OnEvent& on_event);
    /// The stream has ended, and was not cut: reports what no blank line has ended, if it is whole.
    /// That is one event whose data is JSON, or `[DONE]`; or, of a server that ends its events with
    /// a single line end, one for each line of data. Nothing is reported later.
    void end(const OnEvent& on_event);

private:
    void take_line(std::string_view line, const OnEvent& on_event);

    std::size_t max_;
    std::string partial_;  // a line whose end has not arrived yet
    std::string name_;
    std::string data_;
    bool has_data_ = false;
    bool first_line_ = true;
    bool skip_newline_ = false;  // the last byte was \r: a \n belongs to it
    bool failed_ = false;        // or ended
};

}  // namespace tenon::model
