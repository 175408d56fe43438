#include "host/agent/session.h"

#include "host/base/path_text.h"

namespace tenon::agent {
namespace {

std::string text_member(std::string_view key, std::string_view text) {
    return json_quote(key) + ":" + json_quote(text);
}

std::string usage_text(const Usage& usage) {
    return dump_json(Json{{"input_tokens", usage.input_tokens},
                          {"output_tokens", usage.output_tokens},
                          {"cache_read_input_tokens", usage.cache_read_input_tokens},
                          {"cache_creation_input_tokens", usage.cache_creation_input_tokens}});
}

/// With the comma before it; empty where the server has stated all of the usage.
std::string estimated_member(const Usage& estimated) {
    return estimated == Usage{} ? std::string() : R"(,"estimated":)" + usage_text(estimated);
}

std::string text_member(std::string_view key, const std::vector<std::string>& texts) {
    return json_quote(key) + ":" + dump_json(Json(texts));
}

/// The two members of an image.
std::string image_members(const Image& image) {
    return text_member("media_type", image.media_type) + R"(,"data":")" + image.data + '"';
}

/// With the comma before it; empty without images.
std::string images_member(std::string_view key, const std::vector<Image>& images) {
    if (images.empty()) return {};
    std::string list;
    for (const Image& image : images)
        list += (list.empty() ? "{" : ",{") + image_members(image) + "}";
    return "," + json_quote(key) + ":[" + list + "]";
}

std::string attached_member(const std::vector<Attachment>& attachments) {
    std::string list;
    for (const Attachment& attachment : attachments) {
        list += (list.empty() ? "{" : ",{") + text_member("name", attachment.name);
        if (attachment.image) list += "," + image_members(*attachment.image);
        if (!attachment.text.empty()) list += "," + text_member("text", attachment.text);
        list += "}";
    }
    return R"("attached":[)" + list + "]";
}

/// With the comma behind it; empty when it is not known.
std::string asked_member(const ModelName& model) {
    if (model.empty()) return {};
    return R"("asked":{)" + text_member("provider", model.provider) + "," +
           text_member("name", model.name) + "},";
}

std::string head_members(const SessionHead& head) {
    return text_member("id", head.id) + "," +
           text_member("workspace", path_to_text(head.workspace)) + "," +
           text_member("provider", head.provider) + "," + text_member("model", head.model) +
           (head.server.empty() ? "" : "," + text_member("server", head.server)) +
           R"(,"created_ms":)" + std::to_string(head.created_ms) + "," +
           text_member("system", head.system) +
           (head.parent.empty() ? "" : "," + text_member("parent", head.parent)) +
           (head.parent_call.empty() ? "" : "," + text_member("parent_call", head.parent_call)) +
           R"(,"tools":)" + head.tools;
}

}  // namespace

Session::Session(journal::Journal journal, SessionHead head, std::filesystem::path folder,
                 journal::Deliveries* deliveries)
    : journal_(std::move(journal)),
      head_(std::move(head)),
      folder_(std::move(folder)),
      own_deliveries_(deliveries == nullptr ? std::make_unique<journal::Deliveries>() : nullptr),
      deliveries_(deliveries == nullptr ? own_deliveries_.get() : deliveries) {}

Result<void> Session::write_head() {
    auto written = journal_.append("session", head_members(head_));
    return written ? Result<void>() : written.error();
}

std::int64_t Session::estimated_tokens(const Conversation& conversation) const {
    return estimate_.of(head_.system.size() + head_.tools.size() + conversation.bytes());
}

void Session::count(const Usage& usage) {
    estimate_.counted(usage, head_.system.size() + head_.tools.size() + conversation_.bytes());
}

/// For another conversation that takes the place of this one.
void Session::reset_counts() {
    call_ids_.clear();
    recorded_ids_.clear();
    estimate_ = TokenEstimate();
    introduction_texts_ = 0;
}

void Session::append_text(std::string_view text, std::string_view origin) {
    if (origin == kIntroductionOrigin) {
        ++introduction_texts_;
        conversation_.add_introduction(text);
    } else {
        conversation_.add_text(text);
    }
}

Result<std::string> Session::list_deliveries(const std::vector<std::string>& jobs) {
    if (jobs.empty()) return std::string();
    auto seq = journal_.append("delivery", text_member("jobs", jobs));
    if (!seq) return seq.error();
    return R"(,"delivery":)" + std::to_string(*seq);
}

Result<void> Session::add_text(std::string_view text, std::string_view origin,
                               const std::vector<std::string>& delivers) {
    const auto listed = list_deliveries(delivers);
    if (!listed) return listed.error();
    if (auto written = journal_.append(
            "user", text_member("origin", origin) + "," + text_member("text", text) + *listed);
        !written) {
        return written.error();
    }
    deliveries_->deliver(delivers);
    append_text(text, origin);
    return {};
}

/// The texts and images of these attachments, in their order.
void Session::append_attachments(const std::vector<Attachment>& attachments) {
    for (const Attachment& attachment : attachments) {
        if (attachment.image) conversation_.add_image(*attachment.image);
        if (!attachment.text.empty()) conversation_.add_text(attachment.text);
    }
}

Result<void> Session::add_prompt(const Prompt& prompt, PromptPlace place) {
    std::string members = text_member("origin", "prompt") + "," + text_member("text", prompt.text);
    if (place == PromptPlace::kInTurn) members += R"(,"in_turn":true)";
    if (!prompt.typed.empty()) members += "," + text_member("typed", prompt.typed);
    if (!prompt.attachments.empty()) members += "," + attached_member(prompt.attachments);
    if (auto written = journal_.append("user", members); !written) return written.error();
    append_text(prompt.text, "prompt");
    append_attachments(prompt.attachments);
    return {};
}

Result<void> Session::add_answer(const Answer& answer) {
    const std::string members =
        text_member("id", answer.id) + "," + text_member("model", answer.model) + "," +
        asked_member(answer.by) + (answer.in_thread ? R"("thread":true,)" : "") +
        text_member("stop_reason", answer.stop_reason) + R"(,"usage":)" + usage_text(answer.usage) +
        estimated_member(answer.estimated) + R"(,"content":)" + answer.content;
    if (mended_) {
        if (auto written = journal_.append("mended", ""); !written) return written.error();
        mended_ = false;
    }
    if (auto written = journal_.append("assistant", members); !written) return written.error();
    conversation_.add_answer(answer.content, answer.calls, answer.by.words(),
                             answer.in_thread ? answer.id : std::string());
    for (const ToolCall& call : answer.calls) {
        call_ids_.insert(call.id);
        used_ids_->add(call.id);
    }
    count(answer.usage.without(answer.estimated));
    return {};
}

Result<void> Session::add_result(const std::string& tool_use_id, const ToolResult& result) {
    const auto listed = list_deliveries(result.delivered_jobs);
    if (!listed) return listed.error();
    const std::string members = text_member("tool_use_id", recorded_id(tool_use_id)) +
                                R"(,"is_error":)" + (result.is_error ? "true," : "false,") +
                                text_member("text", result.text) +
                                images_member("images", result.images) + *listed;
    if (auto written = journal_.append("tool_result", members); !written) return written.error();
    deliveries_->deliver(result.delivered_jobs);
    (void)conversation_.add_result(tool_use_id, result);
    return {};
}

Result<void> Session::add_usage(const Usage& usage) {
    auto written = journal_.append("usage", R"("usage":)" + usage_text(usage));
    return written ? Result<void>() : written.error();
}

Result<void> Session::clear() {
    if (auto written = journal_.append("clear", R"("by":"user")"); !written) return written.error();
    conversation_ = Conversation();
    reset_counts();
    return {};
}

Result<void> Session::redact(const std::vector<std::string>& tool_use_ids) {
    if (auto written = journal_.append("redaction", text_member("tool_use_ids", tool_use_ids));
        !written)
        return written.error();
    conversation_.redact({tool_use_ids.begin(), tool_use_ids.end()});
    return {};
}

Result<bool> Session::leave_out_images(Conversation::WhichImages which) {
    Conversation without = conversation_;
    if (!without.leave_out_images(which)) return false;
    const bool last = which == Conversation::WhichImages::kOfLastMessage;
    if (auto written =
            journal_.append("redaction", text_member("tool_use_ids", std::vector<std::string>()) +
                                             "," + text_member("images", last ? "last" : "all"));
        !written)
        return written.error();
    conversation_ = std::move(without);
    return true;
}

Result<void> Session::compress(const Compressed& compressed) {
    const auto introduction = conversation_.introduction();
    const auto unanswered = conversation_.unanswered_texts();
    const auto images = conversation_.unanswered_images();
    const bool needs_answer = conversation_.awaits_answer();
    const std::string members =
        text_member("trigger", compressed.trigger) + "," +
        text_member("transcript", compressed.transcript) +
        (needs_answer ? R"(,"asks":true,)" : R"(,"asks":false,)") +
        text_member("front", introduction) + "," + text_member("text", compressed.text) + "," +
        text_member("behind", unanswered) + images_member("behind_images", images);
    if (auto written = journal_.append("compaction", members); !written) return written.error();
    conversation_.restart(introduction, compressed.text, unanswered, needs_answer, images);
    reset_counts();
    introduction_texts_ = introduction.size();
    return {};
}

Result<void> Session::change_model(const ModelName& model, const std::string& server) {
    std::string members = text_member("model", model.name);
    const bool switches = model.provider != head_.provider;
    if (switches) members += "," + text_member("provider", model.provider);
    if (switches || server != head_.server) members += "," + text_member("server", server);
    if (auto written = journal_.append("model", members); !written) return written.error();
    head_.provider = model.provider;
    head_.model = model.name;
    head_.server = server;
    conversation_.leave_thread();
    return {};
}

Result<void> Session::change_workspace(const std::string& workspace) {
    if (auto written =
            journal_.append("workspace", text_member("workspace", path_to_text(workspace)));
        !written) {
        return written.error();
    }
    head_.workspace = workspace;
    return {};
}

Result<void> Session::change_tools(const std::string& tools) {
    if (auto written = journal_.append("tools", R"("tools":)" + tools); !written)
        return written.error();
    head_.tools = tools;
    conversation_.strip_thinking();
    return {};
}

}  // namespace tenon::agent
