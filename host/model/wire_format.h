#pragma once

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/agent/ports.h"
#include "host/model/http.h"
#include "host/model/server_traits.h"
#include "host/model/sse.h"

namespace tenon::model {

/// The body of one request, as pieces: views into the agent::Request, which must outlive them, or
/// texts of its own. A message that was serialised once need not be copied.
class RequestText {
public:
    RequestText() = default;
    RequestText(RequestText&&) = default;
    RequestText& operator=(RequestText&&) = default;

    void add(std::string_view piece) { pieces_.push_back(piece); }
    void own(std::string piece) { add(keep(std::move(piece))); }
    /// A view of a text that is to be added later.
    std::string_view keep(std::string text) { return owned_.emplace_back(std::move(text)); }
    [[nodiscard]] std::span<const std::string_view> pieces() const { return pieces_; }

private:
    std::vector<std::string_view> pieces_;
    std::deque<std::string> owned_;  // a deque: views into it stay valid while it grows
};

/// Builds one answer from a response. Text and thinking go to the sink as they arrive. Does not
/// read from the network. Not thread-safe.
class AnswerReader {
public:
    virtual ~AnswerReader() = default;
    virtual void take(const SseEvent& event) = 0;
    /// For a server that sends its answer whole, although a stream was asked for. False: `body` is
    /// no answer in this format, and nothing has been taken.
    virtual bool take_whole(std::string_view /*body*/) { return false; }
    /// No more events are needed: the answer is complete, or has failed.
    [[nodiscard]] virtual bool over() const = 0;
    /// The whole answer. `clean_end`: the stream was not cut. The failure does not name the
    /// endpoint.
    virtual Result<agent::Answer, agent::ModelFailure> finish(bool clean_end) = 0;
};

/// What a request has to do with a message thread: a conversation that the server holds.
enum class ThreadUse {
    kNone,
    kCreate,    ///< it carries all messages, which the server is to hold
    kContinue,  ///< it carries only what is new since Request::thread
};

/// What is different between the wire formats: how a request is written and an answer is read.
/// Everything else, HTTP, SSE, errors, retries, is the business of Endpoint and Retry. Any thread.
class WireFormat {
public:
    virtual ~WireFormat() = default;
    /// As `model.provider` names it.
    [[nodiscard]] virtual std::string_view name() const = 0;
    /// The path of a request, behind a base URL with its version: "/messages".
    [[nodiscard]] virtual std::string_view path() const = 0;
    /// The header fields of a request, without those of HTTP and the key.
    [[nodiscard]] virtual HttpFields fields(const agent::Request& request,
                                            const ServerTraits& traits) const = 0;
    /// `request` outlives the body.
    [[nodiscard]] virtual RequestText body(const agent::Request& request,
                                           const ServerTraits& traits) const = 0;
    [[nodiscard]] virtual ThreadUse thread_use(const agent::Request& /*request*/,
                                               const ServerTraits& /*traits*/) const {
        return ThreadUse::kNone;
    }
    /// For the answer to `request`. Both outlive the reader.
    [[nodiscard]] virtual std::unique_ptr<AnswerReader> reader(const agent::Request& request,
                                                               agent::EventSink& sink) const = 0;
    /// The parts of a request that a server may refuse, with the words of such a refusal.
    [[nodiscard]] virtual std::span<const RefusablePart> refusable() const = 0;
    /// The setting that is why a part is sent: without the part, the person must be told. Empty:
    /// nobody has asked for it.
    [[nodiscard]] virtual std::string_view setting_of(Part /*part*/) const { return {}; }
};

}  // namespace tenon::model
