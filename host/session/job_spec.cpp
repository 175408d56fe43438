#include "host/session/job_spec.h"

#include <algorithm>
#include <limits>

#include "host/base/tilde.h"

namespace tenon::session {
namespace {

/// A number out of range counts as the nearest number in range.
std::int64_t priority_of(const Json& params) {
    const Json& asked = member(params, "priority");
    if (const auto priority = integer_in(asked)) return *priority;
    const double number = number_in(asked).value_or(0);
    if (number >= 0x1p63) return std::numeric_limits<std::int64_t>::max();
    return number < -0x1p63 ? std::numeric_limits<std::int64_t>::min()
                            : static_cast<std::int64_t>(number);
}

/// The time limit from the start of the job. A foreground command may become a background job.
/// Therefore its limit is that of a background job, or the one that its call asked for if that is
/// longer.
std::optional<std::chrono::milliseconds> limit_of(const jobs::JobSpec& spec, const Json& params,
                                                  const CommandSettings& settings) {
    const auto asked = milliseconds_of(params, "timeout_ms");
    std::optional<std::chrono::milliseconds> limit = asked;
    if (!spec.subagent.empty()) {
        limit = asked.value_or(settings.foreground_timeout);
    } else if (spec.kind == jobs::JobKind::kForeground) {
        limit = std::max(settings.timeout, asked.value_or(settings.timeout));
    } else if (!asked && spec.lifetime == jobs::Lifetime::kSession) {
        limit = settings.timeout;
    }
    return limit ? std::min(*limit, settings.max_timeout) : limit;
}

Result<void> read_mode(const Json& params, jobs::JobSpec& spec) {
    const std::string mode = string_or(params, "mode");
    if (mode != "foreground" && mode != "background")
        return Error{"mode is foreground or background, not '" + mode + "'"};
    spec.kind = mode == "foreground" ? jobs::JobKind::kForeground : jobs::JobKind::kBackground;
    const std::string lifetime = string_or(params, "lifetime", "session");
    if (lifetime != "session" && lifetime != "persistent")
        return Error{"lifetime is session or persistent, not '" + lifetime + "'"};
    spec.lifetime = lifetime == "session" ? jobs::Lifetime::kSession : jobs::Lifetime::kPersistent;
    if (spec.subagent.empty()) return {};
    if (spec.kind == jobs::JobKind::kBackground)
        return Error{"a subagent has no background jobs; run the command in the foreground"};
    spec.lifetime = jobs::Lifetime::kSession;
    return {};
}

}  // namespace

std::vector<plugins::Parameter> job_parameters() {
    using Type = plugins::Parameter::Type;
    return {{"command", Type::kText, true},
            {"mode", Type::kText, true},
            {"cwd"},
            {"timeout_ms", Type::kNumber},
            {"name"},
            {"priority", Type::kNumber},
            {"lifetime"},
            {"after", Type::kTexts}};
}

std::optional<std::chrono::milliseconds> milliseconds_of(const Json& params, const char* key) {
    const auto number = number_in(member(params, key));
    if (!number) return std::nullopt;
    constexpr double kLongest = 1e12;  // some thirty years
    return std::chrono::milliseconds(static_cast<std::int64_t>(std::clamp(*number, 0.0, kLongest)));
}

Result<jobs::JobSpec> read_job_spec(const plugins::ServiceRequest& request,
                                    const CommandSettings& settings) {
    const Json& params = request.params;
    jobs::JobSpec spec;
    spec.session = request.call->session_id();
    spec.subagent = request.call->subagent();
    spec.tool_use_id = request.call->tool_use_id();
    if (!request.first_party) spec.plugin = request.plugin;
    spec.workspace = settings.workspace.string();
    spec.command = string_or(params, "command");
    spec.name = string_or(params, "name");
    spec.priority = priority_of(params);
    spec.after = strings_in(member(params, "after"));
    spec.output_limit = settings.output_limit;
    spec.limits = settings.limits;
    spec.pid_namespace = settings.pid_namespace;
    if (settings.containment) spec.containment = settings.containment();
    const std::filesystem::path cwd = expanded(string_or(params, "cwd"), settings.home);
    spec.cwd =
        (cwd.empty() ? settings.workspace : settings.workspace / cwd).lexically_normal().string();
    if (auto read = read_mode(params, spec); !read) return read.error();
    spec.timeout = limit_of(spec, params, settings);
    return spec;
}

}  // namespace tenon::session
