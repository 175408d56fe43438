#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "host/agent/message.h"

namespace tenon::agent {

/// A conversation as plain text for a summary, without thinking, as long as it may be. Owns its
/// text.
class PlainConversation {
public:
    explicit PlainConversation(std::span<const Message> messages);

    /// The bytes of all of it.
    [[nodiscard]] std::size_t size() const;
    /// About `most` bytes of it. Long calls and results become shorter first, then long answers;
    /// then the oldest of these are left out. What the user has said is made shorter last. Remarks
    /// stand for what is missing.
    [[nodiscard]] std::string text(std::size_t most) const;

private:
    enum class Kind { kUser, kAnswer, kCallOrResult };
    struct Said {
        Kind kind = Kind::kUser;
        std::string text;
    };
    static Said said_in(Role role, const Json& block);
    static std::size_t size_of(const std::vector<Said>& all);
    static void make_shorter(std::vector<Said>& all, Kind kind, std::size_t most);
    static void leave_out_oldest(std::vector<Said>& all, std::size_t most);

    std::vector<Said> all_;
};

}  // namespace tenon::agent
