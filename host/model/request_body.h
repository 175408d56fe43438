#pragma once

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/ports.h"

namespace tenon::model {

/// The JSON body of a Messages API request, as pieces that point into the request: a message that
/// was serialised once is never copied or serialised again. Sets the cache marks: on the last
/// system block (without one, on the last tool), on the last block of the conversation, on the
/// block that was the last one in the request before, and between these two if they are far apart.
/// The request must outlive the object.
class RequestBody {
public:
    explicit RequestBody(const agent::Request& request);
    [[nodiscard]] std::span<const std::string_view> pieces() const { return pieces_; }

private:
    struct BlockPosition {
        std::size_t message;
        std::size_t block;
        bool operator==(const BlockPosition&) const = default;
    };

    void add(std::string_view piece) { pieces_.push_back(piece); }
    void own(std::string piece) { add(owned_.emplace_back(std::move(piece))); }
    void add_tools(const agent::Request& request, bool marked);
    void add_message(const agent::Message& message, std::span<const BlockPosition> marks);
    static std::vector<BlockPosition> marked_positions(std::span<const agent::Message> messages);

    std::vector<std::string_view> pieces_;
    std::deque<std::string> owned_;  // a deque: views into it stay valid while it grows
};

}  // namespace tenon::model
