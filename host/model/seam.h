#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "host/base/json.h"
#include "host/base/result.h"

namespace tenon::model {

/// The JSON of the events of one stream, whose server may cut text in the middle of a character: of
/// its UTF-8 bytes, or of the surrogate pair that stands for it. The halves at the end of one event
/// and at the beginning of the next are put together again; a half without its other half becomes
/// U+FFFD, instead of the whole answer being lost. One thread.
class Seam {
public:
    /// The JSON of one event.
    Result<Json> parse(std::string_view data);
    /// What has to stand before the text of the event parsed last, or where the text ends: U+FFFD
    /// for a half that can no longer be completed, else nothing.
    std::string take_lost() { return std::exchange(lost_, {}); }
    /// The text that was cut ends here.
    void end_text();

private:
    std::string mend(std::string_view data);
    void lose_half();

    std::string half_;  // as it stood: an escape \ud83d, or the first bytes of a character
    std::string lost_;
};

/// One JSON text with U+FFFD for what is half a character.
Result<Json> parse_event_data(std::string_view data);

}  // namespace tenon::model
