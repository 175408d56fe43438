#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "host/base/json.h"
#include "host/base/result.h"

namespace tenon::model {

/// More values, of an event or of the arguments of an answer's calls, are an Error: as text they
/// may be short, but not when they are parsed.
constexpr std::size_t kMaxAnswerValues = std::size_t{1} << 18U;

/// Parses the JSON of the events of one stream. Some servers split text inside a character: between
/// its UTF-8 bytes, or inside a surrogate pair. This class joins the half at the end of one event
/// to the half at the beginning of the next. A half without its other half becomes U+FFFD, so that
/// the answer is not lost. Not thread-safe.
class EventDataParser {
public:
    /// The JSON of one event.
    Result<Json> parse(std::string_view data);
    /// The text to insert before the text of the last parsed event, or at the end of the text:
    /// U+FFFD for a half that can no longer be completed, else nothing.
    std::string take_lost() { return std::exchange(lost_, {}); }
    /// The text that was split ends here.
    void end_text();

private:
    std::string mend(std::string_view data);
    void lose_half();

    std::string half_;  // unchanged: an escape \ud83d, or the first bytes of a character
    std::string lost_;
};

/// More members of one object in an answer are an Error where their order is kept.
constexpr std::size_t kMaxOrderedMembers = 4096;

/// The JSON of an event with its members in the order in which they came: of `raw`, or of `parsed`,
/// which has lost their order, where the event had to be mended before it could be parsed.
Result<OrderedJson> ordered_event(std::string_view raw, const Json& parsed);

/// At most how many values a JSON text has, arrays and objects included, found without parsing.
std::size_t most_values_in(std::string_view json);
/// Whether a text has at most so many values. Takes no time for one that is too short for more.
bool has_few_values(std::string_view json, std::size_t most = kMaxAnswerValues);

/// Parses one JSON text; every half character becomes U+FFFD.
Result<Json> parse_event_data(std::string_view data);

}  // namespace tenon::model
