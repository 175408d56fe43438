#include "host/ui/retry_line.h"

#include <algorithm>

#include "host/base/duration.h"
#include "host/base/text_width.h"
#include "host/base/untrusted.h"

namespace tenon::ui {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kNoBreakSpace = "\u00a0";

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
    return text;
}

/// "localhost:8080" of an address behind `://`; empty: there is none.
std::string name_in_address(std::string_view text) {
    constexpr std::string_view kScheme = "://";
    const auto scheme = text.find(kScheme);
    if (scheme == std::string_view::npos) return {};
    text.remove_prefix(scheme + kScheme.size());
    text = text.substr(0, text.find(": "));
    return std::string(text.substr(0, text.find_first_of("/ ")));
}

/// The server that a failure without a response names, with the proxy on the way; empty: none.
std::string server_in(std::string_view reason) {
    constexpr std::string_view kProxy = " through proxy ";
    const std::string server = name_in_address(reason);
    const auto proxy = reason.find(kProxy);
    if (server.empty() || proxy == std::string_view::npos) return server;
    return server + std::string(kProxy) + name_in_address(reason.substr(proxy));
}

/// " in 12 s"; empty when no time is left.
std::string time_words(milliseconds left) {
    if (left.count() <= 0) return {};
    if (left >= std::chrono::seconds(1)) left = std::chrono::ceil<std::chrono::seconds>(left);
    return " in " + duration_text(left);
}

std::string number_words(const agent::RetryScheduled& event) {
    return std::to_string(event.attempt + 1) + " of " + std::to_string(event.max_attempts);
}

}  // namespace

std::string retry_reason(const agent::RetryScheduled& event) {
    const auto with_status = [&](const char* words) {
        return std::string(words) + " (" + std::to_string(event.http_status) + ")";
    };
    if (event.http_status == 529) return with_status("overloaded");
    if (event.http_status == 429) return with_status("too many requests");
    if (event.http_status == 408) return with_status("the server waited too long");
    if (event.http_status >= 500) return with_status("error of the server");
    const std::string reason = harmless_line(event.reason);
    const auto colon = reason.rfind(": ");
    const std::string last = colon == std::string::npos ? reason : reason.substr(colon + 2);
    const std::string server = event.http_status == 0 ? server_in(reason) : std::string();
    const bool is_named = server.empty() || last.find(server) != std::string::npos;
    return is_named ? last : last + " (" + server + ")";
}

std::string attempt_words(const agent::RetryScheduled& event) {
    return "attempt " + number_words(event);
}

std::vector<std::string> retry_rows(const agent::RetryScheduled& event, milliseconds left,
                                    std::size_t columns, std::size_t max_rows,
                                    std::string_view more) {
    const std::string reason = retry_reason(event);
    const std::string time = time_words(left);
    const std::string kept =
        time.empty() ? "" : " in " + replaced(time.substr(4), " ", kNoBreakSpace);
    auto rows = wrap(reason + "; " + attempt_words(event) + kept + std::string(more), columns);
    for (std::string& row : rows)
        row = replaced(std::move(row), kNoBreakSpace, " ");
    if (rows.size() <= max_rows) return rows;
    if (max_rows > 1) return {cut(reason, columns), cut(number_words(event) + time, columns)};
    const std::string behind = time.empty() ? "; " + number_words(event) : ";" + time;
    return {cut(cut(reason, columns - std::min(columns, width_of(behind))) + behind, columns)};
}

}  // namespace tenon::ui
