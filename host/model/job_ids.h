#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/message.h"

/// Job ids as they stand in a conversation: what a recorded run and its replay have in different.
namespace tenon::model {

/// Finds job ids in tool results ("Background job 0a1b2c3d started", "continues as background job
/// 0a1b2c3d") and notifications ("[bg:0a1b2c3d]"), in the order in which they first appear.
class JobIdScanner {
public:
    /// The ids not seen before. Looks only at messages that are new since the last call, and at all
    /// when the conversation was rewritten shorter.
    std::vector<std::string> scan(std::span<const agent::Message> messages);

private:
    std::set<std::string, std::less<>> seen_;
    std::size_t scanned_ = 0;
};

/// `text` with every word that is a key replaced by its value, in one pass.
std::string replace_job_ids(std::string_view text, const std::map<std::string, std::string>& ids);

}  // namespace tenon::model
