#include "text.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tenon_bash {
namespace {

/// The length of the line end that `text` begins with; 0: there is none. Everything that some
/// program treats as a line end counts (Unicode 15, section 5.8).
std::size_t line_end(std::string_view text) {
    for (const std::string_view end : {"\r\n", "\n", "\v", "\f", "\r", "\x1c", "\x1d", "\x1e",
                                       "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"}) {
        if (text.substr(0, end.size()) == end) return end.size();
    }
    return 0;
}

/// For the lines on how a job ended and on what was left out, which come in addition to its output.
constexpr std::int64_t kEndingCharacters = 100;

/// In characters of UTF-8.
std::int64_t length(std::string_view text) {
    return std::count_if(text.begin(), text.end(),
                         [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
}

}  // namespace

std::string indented(std::string_view text) {
    std::string out;
    bool at_begin = true;
    while (!text.empty()) {
        if (std::exchange(at_begin, false)) out += "  ";
        const std::size_t end = line_end(text);
        at_begin = end > 0;
        out += text.substr(0, std::max<std::size_t>(end, 1));
        text.remove_prefix(std::max<std::size_t>(end, 1));
    }
    return out;
}

tenon::JobText read_to_indent(const tenon::Jobs& jobs, const std::string& id,
                              tenon::JobReadOptions options) {
    tenon::JobText job = jobs.read(id, options);
    const std::int64_t room = options.max_characters;
    const std::int64_t tail_bytes = options.tail_bytes;
    const auto read_part = [&](std::int64_t part, std::int64_t whole) {
        options.max_characters = room * part / whole;
        options.tail_bytes = tail_bytes * part / whole;
        job = jobs.read(id, options);
    };
    const auto size = [&] { return length(indented(job.text)); };
    if (const std::int64_t found = size(); found > room + kEndingCharacters) read_part(room, found);
    // A line end becomes three characters at most, so a third of the text always fits.
    if (size() > room + kEndingCharacters) read_part(1, 3);
    return job;
}

std::int64_t milliseconds(double seconds) {
    constexpr double kTenYears = 10.0 * 366 * 24 * 3600 * 1000;
    return std::max<std::int64_t>(1, std::llround(std::clamp(seconds * 1000, 0.0, kTenYears)));
}

}  // namespace tenon_bash
