#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/message.h"

/// Job ids in the text of a conversation. They differ between a recorded run and its replay.
namespace tenon::model {

/// Finds job ids in tool results ("Background job 0a1b2c3d started", "continues as background job
/// 0a1b2c3d") and notifications ("[bg:0a1b2c3d]"), in the order in which they first appear.
class JobIdScanner {
public:
    /// Returns the ids that were not seen before. Reads only messages that are new since the last
    /// call, or all if the conversation has become shorter.
    std::vector<std::string> scan(std::span<const agent::Message> messages);

private:
    std::set<std::string, std::less<>> seen_;
    std::size_t scanned_ = 0;
};

/// `text` with every word that is a key replaced by its value, in one pass.
std::string replace_job_ids(std::string_view text, const std::map<std::string, std::string>& ids);

}  // namespace tenon::model
