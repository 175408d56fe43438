#pragma once

#include <cstddef>
#include <cstdint>

#include "host/agent/message.h"

namespace tenon::agent {

/// An estimate of the tokens of a request: the last count of the provider plus one token for every
/// four bytes that were added since; before any count, one token for every four bytes. Where bytes
/// were removed since, the count is reduced in proportion.
class TokenEstimate {
public:
    /// What the provider counted for a request and its answer, which are `bytes` long together. A
    /// count of zero is ignored.
    void counted(const Usage& usage, std::size_t bytes) {
        const std::int64_t tokens = usage.input_tokens + usage.cache_read_input_tokens +
                                    usage.cache_creation_input_tokens + usage.output_tokens;
        if (tokens <= 0 || bytes == 0) return;
        tokens_ = tokens;
        bytes_ = bytes;
        last_ = usage;
    }
    /// The last count; zeros: nothing was counted.
    [[nodiscard]] const Usage& last() const { return last_; }

    /// Of a request that is `bytes` long now.
    [[nodiscard]] std::int64_t of(std::size_t bytes) const {
        constexpr std::size_t kBytesPerToken = 4;
        if (bytes >= bytes_)
            return tokens_ + static_cast<std::int64_t>((bytes - bytes_) / kBytesPerToken);
        return static_cast<std::int64_t>(static_cast<double>(tokens_) * static_cast<double>(bytes) /
                                         static_cast<double>(bytes_));
    }

private:
    std::int64_t tokens_ = 0;
    std::size_t bytes_ = 0;  // 0: nothing was counted
    Usage last_;
};

}  // namespace tenon::agent
