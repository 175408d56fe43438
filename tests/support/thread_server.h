#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/SecureServerSocket.h>
#include <Poco/StreamCopier.h>

#include "host/base/json.h"
#include "host/base/mutex.h"

namespace tenon::testing {

/// A server that holds conversations as message threads (reference/messages-api.md, section 8b). It
/// refuses what the real one refuses about threads: a continued answer that it does not know or
/// that was continued before, system and tools beside a continued thread, a missing beta field. The
/// n-th answer is a call while `calls` answers are to come, then a text. Thread-safe.
class ThreadServer {
public:
    /// What goes wrong with one request, counted from 1.
    struct Fault {
        int status = 200;
        std::string body = {};
        bool cut = false;  ///< the stream ends early, although the server has the answer
    };
    struct Seen {
        std::string thread;  ///< create, continue, or empty
        std::size_t bytes = 0;
        std::size_t messages = 0;
        std::string beta;
        int status = 200;
    };

    /// `tls` set: https.
    explicit ThreadServer(int calls, const Poco::Net::Context::Ptr& tls = nullptr) : calls_(calls) {
        const Poco::Net::SocketAddress address("127.0.0.1", 0);
        auto* parameters = new Poco::Net::HTTPServerParams;
        parameters->setKeepAlive(true);
        parameters->setMaxKeepAliveRequests(0);
        parameters->setMaxThreads(4);
        server_ = std::make_unique<Poco::Net::HTTPServer>(
            new Factory(*this),
            tls ? Poco::Net::SecureServerSocket(address, 64, tls)
                : Poco::Net::ServerSocket(address),
            parameters);
        server_->start();
    }
    ~ThreadServer() { server_->stopAll(true); }
    ThreadServer(const ThreadServer&) = delete;
    ThreadServer& operator=(const ThreadServer&) = delete;

    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + std::to_string(server_->port());
    }
    [[nodiscard]] std::uint16_t port() const { return server_->port(); }
    std::map<int, Fault> faults;  ///< by request
    bool knows_threads = true;    ///< false: the beta field is refused

    [[nodiscard]] std::vector<Seen> seen() const {
        const Lock lock(mutex_);
        return seen_;
    }
    /// The whole conversation as the server had it before its last answer.
    [[nodiscard]] Json conversation() const {
        const Lock lock(mutex_);
        Json all = conversation_;
        if (const auto held = threads_.find(last_); held != threads_.end()) {
            all = held->second;
            all.erase(all.size() - 1);
        }
        return all;
    }

private:
    struct Handler : Poco::Net::HTTPRequestHandler {
        explicit Handler(ThreadServer& server) : server_(server) {}
        void handleRequest(Poco::Net::HTTPServerRequest& request,
                           Poco::Net::HTTPServerResponse& response) override {
            std::string body;
            Poco::StreamCopier::copyToString(request.stream(), body);
            server_.answer(request.get("anthropic-beta", ""), body, response);
        }
        ThreadServer& server_;
    };
    struct Factory : Poco::Net::HTTPRequestHandlerFactory {
        explicit Factory(ThreadServer& server) : server_(server) {}
        Poco::Net::HTTPRequestHandler* createRequestHandler(
            const Poco::Net::HTTPServerRequest&) override {
            return new Handler(server_);
        }
        ThreadServer& server_;
    };
    struct Refusal {
        int status;
        std::string code;
    };

    void answer(const std::string& beta, const std::string& body,
                Poco::Net::HTTPServerResponse& response) {
        const Lock lock(mutex_);
        const Json request = Json::parse(body);
        const Json thread = request.value("thread", Json());
        seen_.push_back({string_or(thread, "type"), body.size(), request["messages"].size(), beta});
        const auto fault = faults.find(static_cast<int>(seen_.size()));
        const bool refused_by_fault = fault != faults.end() && fault->second.status != 200;
        if (refused_by_fault) return refuse(response, fault->second.status, fault->second.body);
        Json messages;
        if (const auto refusal = take(request, thread, beta, messages))
            return refuse(response, refusal->status,
                          R"({"type":"error","error":{"type":"invalid_request_error","message":")" +
                              refusal->code + R"(","details":{"error_code":")" + refusal->code +
                              R"("}}})");
        if (!thread.is_object()) conversation_ = messages;
        const std::string id = "msg_" + std::to_string(seen_.size());
        const Json block = next_block(messages);
        messages.push_back({{"role", "assistant"}, {"content", Json::array({block})}});
        last_ = id;
        if (thread.is_object()) threads_[id] = std::move(messages);
        stream(response, id, block, fault != faults.end() && fault->second.cut);
    }

    std::optional<Refusal> take(const Json& request, const Json& thread, const std::string& beta,
                                Json& messages) TENON_REQUIRES(mutex_) {
        const bool has_beta = beta.find("message-threads-2026-08-12") != beta.npos;
        if (has_beta && !knows_threads)
            return Refusal{400, "unexpected value message-threads-2026-08-12"};
        messages = request["messages"];
        for (Json& message : messages)
            for (Json& block : message["content"])
                block.erase("cache_control");
        if (thread.is_null() != !has_beta) return Refusal{400, "thread without its beta"};
        if (string_or(thread, "type") != "continue")
            return request.contains("system") && request.contains("tools")
                       ? std::nullopt
                       : std::optional(Refusal{400, "no system or tools"});
        if (request.contains("system") || request.contains("tools"))
            return Refusal{400, "thread_unsupported_request"};
        const std::string before = string_or(thread, "previous_message_id");
        if (continued_.count(before) > 0) return Refusal{400, "thread_already_continued"};
        const auto held = threads_.find(before);
        if (held == threads_.end()) return Refusal{404, "thread_not_found"};
        continued_.insert(before);
        Json whole = std::move(held->second);
        for (Json& message : messages)
            whole.push_back(std::move(message));
        messages = std::move(whole);
        threads_.erase(held);  // nobody can continue it again
        return std::nullopt;
    }

    /// Depends on the conversation alone, so that what fails on the way makes no difference.
    Json next_block(const Json& messages) const {
        const auto turn = static_cast<int>(messages.size() / 2 + 1);
        if (turn > calls_) return {{"type", "text"}, {"text", "answer " + std::to_string(turn)}};
        return {{"type", "tool_use"},
                {"id", "toolu_" + std::to_string(turn)},
                {"name", "echo"},
                {"input", Json::object()}};
    }

    static void refuse(Poco::Net::HTTPServerResponse& response, int status,
                       const std::string& body) {
        response.setStatus(std::to_string(status));
        response.setContentType("application/json");
        response.setContentLength(static_cast<std::streamsize>(body.size()));
        response.send() << body;
    }

    static void stream(Poco::Net::HTTPServerResponse& response, const std::string& id,
                       const Json& block, bool cut) {
        std::string out;
        const auto event = [&out](const Json& data) {
            out += "event: " + string_or(data, "type") + "\ndata: " + data.dump() + "\n\n";
        };
        event({{"type", "message_start"},
               {"message", {{"id", id}, {"model", "m"}, {"usage", {{"input_tokens", 1}}}}}});
        event({{"type", "content_block_start"}, {"index", 0}, {"content_block", block}});
        if (!cut) {
            event({{"type", "content_block_stop"}, {"index", 0}});
            event(
                {{"type", "message_delta"},
                 {"delta",
                  {{"stop_reason", string_or(block, "type") == "text" ? "end_turn" : "tool_use"}}},
                 {"usage", {{"output_tokens", 1}}}});
            event({{"type", "message_stop"}});
        }
        response.setContentType("text/event-stream");
        response.setContentLength(static_cast<std::streamsize>(out.size()));
        response.send() << out;
    }

    const int calls_;
    mutable Mutex mutex_;
    std::vector<Seen> seen_ TENON_GUARDED_BY(mutex_);
    std::map<std::string, Json> threads_ TENON_GUARDED_BY(mutex_);
    std::set<std::string> continued_ TENON_GUARDED_BY(mutex_);
    Json conversation_ TENON_GUARDED_BY(mutex_);  // of the last answer, if that is in no thread
    std::string last_ TENON_GUARDED_BY(mutex_);   // id of the last answer
    std::unique_ptr<Poco::Net::HTTPServer> server_;  // last: it uses all the others
};

}  // namespace tenon::testing
