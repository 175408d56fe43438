#pragma once

#include <string>

#include "host/model/wire_format.h"

namespace tenon::model {

/// The Anthropic Messages API, `POST /v1/messages` (reference/messages-api.md). The conversation
/// is kept in this format, so a message is sent as it stands.
///
/// Where the server takes cache marks, they are set on the last system block (without one, on the
/// last tool), on the last block of the conversation, on the block that was the last one in the
/// request before, and between these two if they are far apart.
///
/// With threads, a request asks the server to hold the conversation, and the next one carries only
/// the message since the last answer: not the messages before, and not the system prompt and the
/// tools, which Anthropic's server refuses there (a server that wants them gets them). Requests
/// that forbid tools, and those that let a paused answer go on, do without.
class MessagesFormat : public WireFormat {
public:
    struct Options {
        bool threads = false;
        /// The server is the vendor's own, which leaves no thinking in texts.
        bool is_vendors_own = false;
    };
    /// `api_version` is sent as `anthropic-version`.
    explicit MessagesFormat(std::string api_version) : api_version_(std::move(api_version)) {}
    MessagesFormat(std::string api_version, Options options)
        : api_version_(std::move(api_version)), options_(options) {}

    [[nodiscard]] std::string_view name() const override { return "anthropic"; }
    [[nodiscard]] std::string_view path() const override { return "/messages"; }
    [[nodiscard]] HttpFields fields(const agent::Request& request,
                                    const ServerTraits& traits) const override;
    [[nodiscard]] RequestText body(const agent::Request& request,
                                   const ServerTraits& traits) const override;
    [[nodiscard]] ThreadUse thread_use(const agent::Request& request,
                                       const ServerTraits& traits) const override;
    [[nodiscard]] std::unique_ptr<AnswerReader> reader(const agent::Request& request,
                                                       agent::EventSink& sink) const override;
    [[nodiscard]] std::span<const RefusablePart> refusable() const override;

private:
    std::string api_version_;
    Options options_;
};

}  // namespace tenon::model
