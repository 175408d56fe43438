#include "host/agent/notification.h"

#include <strings.h>

#include "host/base/utf8.h"

namespace tenon::agent {
namespace {

constexpr std::size_t kLongestResult = 500;
constexpr std::size_t kHead = 150;
constexpr std::size_t kTail = 350;

bool begins_with_tag(std::string_view text) {
    if (!text.empty() && text.front() == '/') text.remove_prefix(1);
    constexpr std::string_view kTag = "background-results";
    return text.size() >= kTag.size() && ::strncasecmp(text.data(), kTag.data(), kTag.size()) == 0;
}

std::string_view without_newlines_at_end(std::string_view text) {
    return text.substr(0, text.find_last_not_of("\r\n") + 1);
}

/// The length of the line end at `at`; 0: there is none. Everything that some program treats as a
/// line end counts (Unicode 15, section 5.8).
std::size_t line_end(std::string_view text, std::size_t at) {
    const std::string_view rest = text.substr(at);
    for (const std::string_view end : {"\r\n", "\n", "\v", "\f", "\r", "\x1c", "\x1d", "\x1e",
                                       "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"}) {
        if (rest.starts_with(end)) return end.size();
    }
    return 0;
}

std::string harmless(std::string_view result) {
    std::string out;
    for (std::size_t i = 0; i < result.size();) {
        if (const std::size_t end = line_end(result, i); end > 0) {
            out.append(result, i, end).append("  ");
            i += end;
        } else if (result[i] == '<' && begins_with_tag(result.substr(i + 1))) {
            out += "&lt;";
            ++i;
        } else {
            out += result[i++];
        }
    }
    return out;
}

}  // namespace

std::string format_notifications(const std::vector<JobEnded>& ended) {
    std::string out = "<background-results>\n";
    for (const JobEnded& job : ended) {
        const std::string_view whole = without_newlines_at_end(job.result);
        const std::string result =
            utf8::shorten(whole, kLongestResult, kHead, kTail, [](std::size_t left_out) {
                return "\n[... " + std::to_string(left_out) + " characters left out ...]\n";
            });
        out += "[bg:" + job.id + "] " + job.status + ": " + harmless(result) + "\n";
    }
    return out + "</background-results>";
}

}  // namespace tenon::agent
