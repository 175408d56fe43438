#include "host/ui/report.h"

namespace tenon::ui {

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

}  // namespace tenon::ui
