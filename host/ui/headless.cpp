#include "host/ui/headless.h"

#include <cstdio>

#include "host/base/path_text.h"
#include "host/ui/overloaded.h"

namespace tenon::ui {
namespace {

using namespace agent;  // NOLINT(google-build-using-namespace): the event types, and nothing else
                        // of it

std::string in_seconds(std::chrono::milliseconds time) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(time.count()) / 1000.0);
    return text;
}

/// Empty: nothing to say.
template <class Event>
std::string notice_of(const Event& event) {
    if (const auto* notice = std::get_if<Notice>(&event)) return notice->text;
    const auto* retry = std::get_if<RetryScheduled>(&event);
    if (retry == nullptr) return {};
    return retry->reason + "; attempt " + std::to_string(retry->attempt + 1) + " of " +
           std::to_string(retry->max_attempts) + " in " + in_seconds(retry->delay);
}

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

void Notices::on_event(const AgentEvent& event) {
    const auto* of_subagent = std::get_if<SubagentEvent>(&event);
    std::string line = of_subagent == nullptr ? notice_of(event) : notice_of(of_subagent->event);
    if (line.empty()) return;
    if (of_subagent != nullptr) line = "subagent '" + of_subagent->title + "': " + line;
    say_(line);
}

Json to_json(const Report& report) {
    Json denials = Json::array();
    for (const auto& denial : report.denials) {
        denials.push_back({{"tool_name", denial.tool_name}, {"tool_input", denial.tool_input}});
    }
    Json jobs = Json::array();
    for (const auto& job : report.jobs) {
        jobs.push_back({{"id", job.id},
                        {"status", job.status},
                        {"exit_code", job.exit_code ? Json(*job.exit_code) : Json(nullptr)}});
    }
    return {{"type", "result"},
            {"subtype", report.subtype},
            {"is_error", report.is_error()},
            {"result", report.text},
            {"session_id", report.session_id},
            {"num_turns", report.turns},
            {"duration_ms", report.duration.count()},
            {"usage",
             {{"input_tokens", report.usage.input_tokens},
              {"output_tokens", report.usage.output_tokens},
              {"cache_read_input_tokens", report.usage.cache_read_input_tokens},
              {"cache_creation_input_tokens", report.usage.cache_creation_input_tokens}}},
            {"permission_denials", denials},
            {"jobs", jobs}};
}

void JsonLines::on_event(const AgentEvent& event) {
    const Lock lock(mutex_);  // held while writing: the result stays the last line
    if (const auto* opened = std::get_if<SessionOpened>(&event)) session_id_ = opened->session_id;
    const Json line = line_of(event, session_id_);
    if (!over_ && !line.is_null()) (void)write_(dump_json(line));
}

bool JsonLines::result(const Report& report) {
    const Lock lock(mutex_);
    over_ = true;
    return write_(dump_json(to_json(report)));
}

}  // namespace tenon::ui
