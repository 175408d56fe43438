#include "host/ui/headless.h"

#include <cstdio>

#include "host/base/path_text.h"

namespace tenon::ui {
namespace {

/// A visitor made of one function for each type.
template <class... Functions>
struct Overloaded : Functions... {
    using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

std::string delay_text(std::chrono::milliseconds time) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(time.count()) / 1000.0);
    return text;
}

/// Empty for events without a notice.
template <class Event>
std::string notice_of(const Event& event) {
    if (const auto* notice = std::get_if<agent::Notice>(&event)) return notice->text;
    if (const auto* attached = std::get_if<agent::FileAttached>(&event))
        return "attached " + attached->text;
    const auto* retry = std::get_if<agent::RetryScheduled>(&event);
    if (retry == nullptr || !retry->instead.empty()) return {};
    return retry->reason + "; attempt " + std::to_string(retry->attempt + 1) + " of " +
           std::to_string(retry->max_attempts) + " in " + delay_text(retry->delay);
}

/// Null for events that have no line. `parent` is the parent's call that a subagent works for, or
/// null.
Json json_line(const agent::EventOr<>& event, const Json& parent, const std::string& session_id) {
    return std::visit(
        Overloaded{
            [&](const agent::SessionOpened& e) {
                return Json{{"type", "system"},           {"subtype", "init"},
                            {"session_id", e.session_id}, {"cwd", path_to_text(e.workspace)},
                            {"model", e.model},           {"permissionMode", e.permission_mode},
                            {"tools", e.tools},           {"resumed", e.resumed}};
            },
            [&](const agent::Answered& e) {
                return Json{{"type", "assistant"},
                            {"message", e.message},
                            {"parent_tool_use_id", parent},
                            {"session_id", session_id}};
            },
            [&](const agent::UserMessageSent& e) {
                return Json{{"type", "user"},
                            {"message", {{"role", "user"}, {"content", e.content}}},
                            {"parent_tool_use_id", parent},
                            {"session_id", session_id}};
            },
            [&](const agent::RetryScheduled& e) {
                Json line = {
                    {"type", "system"},
                    {"subtype", "api_retry"},
                    {"attempt", e.attempt},
                    {"max_attempts", e.max_attempts},
                    {"retry_delay_ms", e.delay.count()},
                    {"error_status", e.http_status == 0 ? Json(nullptr) : Json(e.http_status)},
                    {"error", e.reason},
                    {"session_id", session_id}};
                if (!e.instead.empty()) line["fallback"] = e.instead;
                return line;
            },
            [&](const agent::JobChanged& e) {
                return Json{{"type", "job"},
                            {"id", e.id},
                            {"status", e.status},
                            {"command", e.command},
                            {"exit_code", e.exit_code ? Json(*e.exit_code) : Json(nullptr)},
                            {"session_id", session_id}};
            },
            [&](const agent::Compacted& e) {
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

Json json_line(const agent::AgentEvent& event, const std::string& session_id) {
    return std::visit(Overloaded{[&](const agent::SubagentEvent& e) {
                                     return json_line(e.event, e.tool_use_id, session_id);
                                 },
                                 [&](const auto& e) { return json_line(e, nullptr, session_id); }},
                      event);
}

}  // namespace

void Notices::on_event(const agent::AgentEvent& event) {
    const auto* of_subagent = std::get_if<agent::SubagentEvent>(&event);
    std::string line = of_subagent == nullptr ? notice_of(event) : notice_of(of_subagent->event);
    if (line.empty()) return;
    if (of_subagent != nullptr) line = "subagent '" + of_subagent->title + "': " + line;
    say_(line);
}

agent::Usage usage_of(const Json& message) {
    const Json& usage = member(message, "usage");
    return {integer_or(usage, "input_tokens", 0), integer_or(usage, "output_tokens", 0),
            integer_or(usage, "cache_read_input_tokens", 0),
            integer_or(usage, "cache_creation_input_tokens", 0)};
}

Json to_json(const RunReport& report) {
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
    Json object = {{"type", "result"},
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
                   {"model", {{"provider", report.model.provider}, {"name", report.model.name}}},
                   {"permission_denials", denials},
                   {"jobs", jobs}};
    if (report.cost_usd) object["total_cost_usd"] = *report.cost_usd;
    return object;
}

std::string result_object(const RunReport& report) {
    std::string line = dump_json(to_json(report));
    // Parsing would change numbers.
    if (report.document)
        line.insert(line.size() - 1, R"(,"structured_output":)" + compact_json(*report.document));
    return line;
}

void JsonLines::on_event(const agent::AgentEvent& event) {
    const Lock lock(mutex_);  // also while writing, so that the result stays the last line
    if (const auto* opened = std::get_if<agent::SessionOpened>(&event))
        session_id_ = opened->session_id;
    const Json line = json_line(event, session_id_);
    if (!over_ && !line.is_null()) (void)write_(dump_json(line));
}

bool JsonLines::result(const RunReport& report) {
    const Lock lock(mutex_);
    over_ = true;
    return write_(result_object(report));
}

}  // namespace tenon::ui
