#include "tests/support/model_server/threads.h"

#include "tests/support/model_server/sent_thinking.h"

namespace tenon::testing {
namespace {

constexpr std::string_view kBeta = "message-threads-2026-08-12";

[[noreturn]] void refuse_thread(int status, const std::string& code, const std::string& message) {
    throw RefusedRequest{status, code + ": " + message, code};
}

bool has_beta(const Fields& fields) {
    const std::string all = field_of(fields, "anthropic-beta");
    std::string_view betas = all;
    while (!betas.empty()) {
        const auto comma = betas.find(',');
        std::string_view one = betas.substr(0, comma);
        while (one.starts_with(' '))
            one.remove_prefix(1);
        while (one.ends_with(' '))
            one.remove_suffix(1);
        if (one == kBeta) return true;
        betas = comma == betas.npos ? std::string_view() : betas.substr(comma + 1);
    }
    return false;
}

/// Of everything that must be the same in all requests of a thread.
std::uint64_t fingerprint_of(const Json& request) {
    Json fixed = {{"messages", Json::array()}};
    for (const char* key : {"system", "tools"})
        fixed[key] = request.value(key, Json());
    fixed["system"] = Json{{"model", request.value("model", Json())}, {"system", fixed["system"]}};
    return SentThinking::prefix_of(fixed);
}

/// The answer as a message, without what no request may hold.
Json message_of(const OrderedJson& content) {
    Json blocks = Json::array();
    for (const OrderedJson& block : content) {
        const bool blank =
            string_or(block, "type") == "text" &&
            string_or(block, "text").find_first_not_of(" \t\r\n") == std::string::npos;
        if (!blank) blocks.push_back(Json::parse(block.dump()));
    }
    while (!blocks.empty() &&
           string_or(blocks.back(), "type").find("thinking") != std::string::npos)
        blocks.erase(blocks.size() - 1);
    return {{"role", "assistant"}, {"content", blocks}};
}

/// The marks of a message count in the request that brings it.
void remove_marks(Json& messages) {
    for (Json& message : messages) {
        if (!message["content"].is_array()) continue;
        for (Json& block : message["content"])
            block.erase("cache_control");
    }
}

std::string continued_by(const Json& request) {
    const Json thread = request.value("thread", Json());
    return string_or(thread, "previous_message_id");
}

}  // namespace

Json Threads::whole(const Json& request, const Fields& fields) {
    Json out = request;
    if (!request.is_object() || !request.contains("thread")) return out;
    if (!has_beta(fields)) throw RefusedRequest{400, "thread: Extra inputs are not permitted"};
    out.erase("thread");
    const Json& thread = request["thread"];
    const std::string type = string_or(thread, "type");
    if (type == "create" && thread.size() == 1) return out;
    if (type != "continue" || thread.size() != 2 || continued_by(request).empty())
        throw RefusedRequest{400,
                             "thread: Input should be 'create' or 'continue' with "
                             "previous_message_id"};
    const std::string id = continued_by(request);
    const auto found = threads_.find(id);
    if (found == threads_.end() || found->second.state == State::kLost)
        refuse_thread(404, "thread_not_found", "no thread ends with " + id);
    const Thread& before = found->second;
    if (before.state == State::kContinued)
        refuse_thread(400, "thread_already_continued", id + " has been continued");
    if (before.state == State::kInFlight)
        refuse_thread(400, "thread_continue_in_flight", id + " is being continued");
    if (before.fingerprint != fingerprint_of(request))
        refuse_thread(400, "thread_fingerprint_mismatch", "model, system or tools have changed");
    if (before.messages.back()["content"].empty())
        refuse_thread(400, "thread_unsupported_request", id + " has no content");
    Json messages = before.messages;
    for (const Json& message : request.value("messages", Json::array()))
        messages.push_back(message);
    out["messages"] = std::move(messages);
    return out;
}

void Threads::begin(const Json& request, const Json& whole, const std::string& id,
                    const OrderedJson& content) {
    if (!request.contains("thread")) return;
    Thread thread;
    thread.messages = whole["messages"];
    remove_marks(thread.messages);
    thread.messages.push_back(message_of(content));
    thread.fingerprint = fingerprint_of(whole);
    thread.before = continued_by(request);
    const auto before = threads_.find(thread.before);
    if (before != threads_.end()) before->second.state = State::kInFlight;
    threads_[id] = std::move(thread);
}

void Threads::end(const std::string& id, bool complete) {
    const auto found = threads_.find(id);
    if (found == threads_.end()) return;
    if (!complete) found->second.state = State::kLost;
    const auto before = threads_.find(found->second.before);
    if (before == threads_.end()) return;
    before->second.state = State::kContinued;
    before->second.messages = Json();  // it is never needed again
}

}  // namespace tenon::testing
