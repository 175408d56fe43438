#include "host/ui/jsonl.h"

#include "host/base/path_text.h"
#include "host/ui/overloaded.h"

namespace tenon::ui {
namespace {

using namespace agent;  // NOLINT(google-build-using-namespace): the event types, and nothing else
                        // of it

/// Null for events that have no line of their own. `parent` is the call of the parent's that a
/// subagent works for, or null.
Json line_of(const EventOr<>& event, const Json& parent, const std::string& session_id) {
    return std::visit(
        Overloaded{
            [&](const SessionOpened& e) {
                return Json{{"type", "system"},           {"subtype", "init"},
                            {"session_id", e.session_id}, {"cwd", path_to_text(e.workspace)},
                            {"model", e.model},           {"permissionMode", e.permission_mode},
                            {"tools", e.tools},           {"resumed", e.resumed}};
            },
            [&](const Answered& e) {
                return Json{{"type", "assistant"},
                            {"message", e.message},
                            {"parent_tool_use_id", parent},
                            {"session_id", session_id}};
            },
            [&](const UserMessageSent& e) {
                return Json{{"type", "user"},
                            {"message", {{"role", "user"}, {"content", e.content}}},
                            {"parent_tool_use_id", parent},
                            {"session_id", session_id}};
            },
            [&](const RetryScheduled& e) {
                return Json{
                    {"type", "system"},
                    {"subtype", "api_retry"},
                    {"attempt", e.attempt},
                    {"max_attempts", e.max_attempts},
                    {"retry_delay_ms", e.delay.count()},
                    {"error_status", e.http_status == 0 ? Json(nullptr) : Json(e.http_status)},
                    {"error", e.reason},
                    {"session_id", session_id}};
            },
            [&](const JobChanged& e) {
                return Json{{"type", "job"},
                            {"id", e.id},
                            {"status", e.status},
                            {"command", e.command},
                            {"exit_code", e.exit_code ? Json(*e.exit_code) : Json(nullptr)},
                            {"session_id", session_id}};
            },
            [&](const Compacted& e) {
                return Json{{"type", "system"},
                            {"subtype", "compact_boundary"},
                            {"compact_metadata",
                             {{"trigger", e.trigger},
                              {"pre_tokens", e.tokens_before},
                              {"post_tokens", e.tokens_after}}},
                            {"session_id", session_id}};
            },
            [](const auto&) { return Json(nullptr); },
        },
        event);
}

Json line_of(const AgentEvent& event, const std::string& session_id) {
    return std::visit(Overloaded{[&](const SubagentEvent& e) {
                                     return line_of(e.event, e.tool_use_id, session_id);
                                 },
                                 [&](const auto& e) { return line_of(e, nullptr, session_id); }},
                      event);
}

}  // namespace

void JsonLines::on_event(const AgentEvent& event) {
    const Lock lock(mutex_);  // held while writing: the result stays the last line
    if (const auto* opened = std::get_if<SessionOpened>(&event)) session_id_ = opened->session_id;
    const Json line = line_of(event, session_id_);
    if (!over_ && !line.is_null()) output_.write_json(dump_json(line));
}

bool JsonLines::result(const Report& report) {
    const Lock lock(mutex_);
    over_ = true;
    return output_.write_json(dump_json(to_json(report)));
}

}  // namespace tenon::ui
