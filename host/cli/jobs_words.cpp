#include "host/cli/jobs_words.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "host/base/clock.h"
#include "host/base/path_text.h"
#include "host/base/untrusted.h"
#include "host/cli/columns.h"
#include "host/jobs/store.h"

namespace tenon::cli {
namespace {

using jobs::JobRecord;
using jobs::Status;

Json text_or_null(const std::string& text) {
    return text.empty() ? Json() : Json(text);
}

Json time_or_null(std::int64_t wall_ms) {
    return wall_ms > 0 ? Json(rfc3339(wall_ms)) : Json();
}

template <class T>
Json value_or_null(const std::optional<T>& value) {
    return value ? Json(*value) : Json();
}

std::string two_units(std::int64_t high, const char* high_unit, std::int64_t low,
                      const char* low_unit) {
    char text[48];
    std::snprintf(text, sizeof text, "%lld%s%02lld%s", static_cast<long long>(high), high_unit,
                  static_cast<long long>(low), low_unit);
    return text;
}

std::string one_decimal(double value, const char* unit) {
    char text[48];
    std::snprintf(text, sizeof text, "%.1f%s", value, unit);
    return text;
}

std::string in_bytes(std::uint64_t bytes) {
    if (bytes < 1024) return std::to_string(bytes) + " bytes";
    const std::string exact = " (" + std::to_string(bytes) + " bytes)";
    const auto value = static_cast<double>(bytes);
    if (bytes < 1024 * 1024) return one_decimal(value / 1024, " KiB") + exact;
    if (bytes < 1024 * 1024 * 1024) return one_decimal(value / 1024 / 1024, " MiB") + exact;
    return one_decimal(value / 1024 / 1024 / 1024, " GiB") + exact;
}

// ---------------------------------------------------------------- table

constexpr std::size_t kWidestSession = 20;

std::string status_text(const JobRecord& job) {
    if (!jobs::is_terminal(job.status) && jobs::is_elsewhere(job))
        return std::string(jobs::to_string(job.status)) + " on " + job.host;
    if (job.end.limit) return "error limit";
    if (job.status == Status::kError && job.end.signal) {
        return "error " + jobs::signal_name(*job.end.signal);
    }
    if (job.status == Status::kError && job.end.exit_code) {
        return "error " + std::to_string(*job.end.exit_code);
    }
    return std::string(jobs::to_string(job.status));
}

std::string age_text(const JobRecord& job, std::int64_t now_ms) {
    return in_words_ago(now_ms - (job.started_ms > 0 ? job.started_ms : job.submitted_ms));
}

std::string duration_text(const JobRecord& job, std::int64_t now_ms) {
    const auto duration = duration_of(job, now_ms);
    return duration ? in_short(*duration) : "-";
}

std::string command_text(const JobRecord& job) {
    // Even the widest screen shows no more.
    const std::string command = visible(std::string_view(job.spec.command).substr(0, 4096));
    return job.spec.name.empty() ? command : visible(job.spec.name) + ": " + command;
}

std::vector<TableColumn> job_columns(JobsOf of) {
    std::vector<TableColumn> columns = {{"ID"}, {"STATUS"}, {"TIME"}, {"STARTED", false}};
    if (of == JobsOf::kAnySession) columns.push_back({"SESSION", false, kWidestSession});
    columns.push_back({"COMMAND"});
    return columns;
}

std::vector<std::string> job_cells(const JobRecord& job, std::int64_t now_ms, JobsOf of) {
    std::vector<std::string> cells = {job.id, status_text(job), duration_text(job, now_ms),
                                      age_text(job, now_ms)};
    if (of == JobsOf::kAnySession)
        cells.push_back(job.spec.session.empty() ? "-" : job.spec.session);
    cells.push_back(command_text(job));
    return cells;
}

const char* status_colour(Status status) {
    switch (status) {
        case Status::kQueued:
            return "\x1b[2m";
        case Status::kRunning:
            return "\x1b[36m";
        case Status::kCompleted:
            return "\x1b[32m";
        case Status::kCancelled:
            return "\x1b[33m";
        case Status::kError:
        case Status::kTimeout:
        case Status::kLost:
            break;
    }
    return "\x1b[31m";
}

// ---------------------------------------------------------------- details

void add_fact(std::string& text, const char* label, const std::string& value) {
    if (value.empty()) return;
    std::string line = std::string(label) + ":";
    line.resize(15, ' ');
    // All lines of a value are in its column.
    for (const char c : visible(value, true)) {
        line += c;
        if (c == '\n') line.append(15, ' ');
    }
    text += line + "\n";
}

std::string kind_text(const jobs::JobSpec& spec) {
    if (spec.kind == jobs::JobKind::kForeground) return "foreground";
    if (spec.lifetime == jobs::Lifetime::kPersistent) return "background, persistent";
    return spec.session.empty() ? "background" : "background, of its session";
}

void describe_end(std::string& text, const JobRecord& job, bool supervised) {
    const jobs::JobEnd& end = job.end;
    add_fact(text, "ended by", end.ended_by);
    add_fact(text, "reason", end.reason);
    if (end.limit) add_fact(text, "counted by", end.limit->actor);
    if (!end.no_pid_namespace.empty())
        add_fact(text, "pid namespace", "none: " + end.no_pid_namespace);
    if (end.started_ms > 0) {
        add_fact(
            text, "cpu",
            in_short(end.user_us / 1000) + " user, " + in_short(end.system_us / 1000) + " system");
        add_fact(text, "peak memory", in_bytes(static_cast<std::uint64_t>(end.max_rss_kib) * 1024));
    }
    add_fact(
        text, "output",
        in_bytes(end.output_bytes) +
            (end.omitted_bytes > 0 ? ", of these not kept: " + in_bytes(end.omitted_bytes) : ""));
    if (end.left_behind > 0 && job.status == Status::kLost) {
        add_fact(text, "left running",
                 std::to_string(end.left_behind) +
                     (end.left_behind == 1 ? " process, ended since" : " processes, ended since"));
    } else if (end.left_behind > 0) {
        add_fact(text, "left behind",
                 std::to_string(end.left_behind) +
                     (end.left_behind == 1 ? " process" : " processes") +
                     (supervised ? ", not all gone yet: cancel ends them" : ", ended since"));
    }
    if (end.survivors > 0) {
        add_fact(text, "survivors",
                 std::to_string(end.survivors) + " processes could not be ended");
    }
}

Json limits_json(const jobs::JobLimits& limits) {
    return {{"memory_bytes", limits.memory ? Json(*limits.memory) : Json()},
            {"processes", limits.processes ? Json(*limits.processes) : Json()},
            {"cpu_ms", limits.cpu ? Json(limits.cpu->count()) : Json()}};
}

Json reached_json(const std::optional<jobs::LimitReached>& reached) {
    if (!reached) return {};
    return {{"actor", reached->actor},
            {"limit", reached->limit},
            {"value", reached->value},
            {"figure", reached->figure}};
}

// ---------------------------------------------------------------- quoting

bool needs_no_quotes(const std::string& word) {
    constexpr std::string_view kPlain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:@%+,";
    return !word.empty() && word.find_first_not_of(kPlain) == std::string::npos;
}

bool is_reserved_word(const std::string& word) {
    constexpr std::array<std::string_view, 17> kReserved = {
        "case",     "coproc", "do", "done",   "elif", "else", "esac",  "fi",   "for",
        "function", "if",     "in", "select", "then", "time", "until", "while"};
    return std::find(kReserved.begin(), kReserved.end(), word) != kReserved.end();
}

std::string bash_quoted(const std::string& word) {
    std::string out = "'";
    for (const char c : word)
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

}  // namespace

Json to_json(const JobRecord& job, std::int64_t now_ms) {
    const bool ended = jobs::is_terminal(job.status);
    const auto if_ended = [&](auto value) { return ended ? Json(value) : Json(); };
    return {
        {"id", job.id},
        {"status", jobs::to_string(job.status)},
        {"exit_code", value_or_null(ended ? job.end.exit_code : std::nullopt)},
        {"signal", ended && job.end.signal ? Json(jobs::signal_name(*job.end.signal)) : Json()},
        {"command", job.spec.command},
        {"name", text_or_null(job.spec.name)},
        {"session", text_or_null(job.spec.session)},
        {"host", text_or_null(job.host)},
        {"workspace", text_or_null(path_to_text(job.spec.workspace))},
        {"cwd", path_to_text(job.spec.cwd)},
        {"kind", job.spec.kind == jobs::JobKind::kForeground ? "foreground" : "background"},
        {"lifetime", job.spec.lifetime == jobs::Lifetime::kPersistent ? "persistent" : "session"},
        {"priority", job.spec.priority},
        {"after", job.spec.after},
        {"timeout_ms", job.spec.timeout ? Json(job.spec.timeout->count()) : Json()},
        {"submitted", time_or_null(job.submitted_ms)},
        {"started", time_or_null(job.started_ms)},
        {"ended", ended ? time_or_null(job.end.ended_ms) : Json()},
        {"duration_ms", value_or_null(duration_of(job, now_ms))},
        {"cpu_user_ms", if_ended(job.end.user_us / 1000)},
        {"cpu_system_ms", if_ended(job.end.system_us / 1000)},
        {"peak_memory_bytes", if_ended(job.end.max_rss_kib * 1024)},
        {"output_bytes", if_ended(job.end.output_bytes)},
        {"omitted_bytes", if_ended(job.end.omitted_bytes)},
        {"ended_by", ended ? text_or_null(job.end.ended_by) : Json()},
        {"reason", ended ? text_or_null(job.end.reason) : Json()},
        {"left_behind", if_ended(job.end.left_behind)},
        {"survivors", if_ended(job.end.survivors)},
        {"limits", limits_json(job.spec.limits)},
        {"limit", ended ? reached_json(job.end.limit) : Json()},
        {"pid_namespace", job.spec.pid_namespace},
        {"no_pid_namespace", ended ? text_or_null(job.end.no_pid_namespace) : Json()},
    };
}

std::string in_short(std::int64_t duration_ms) {
    const std::int64_t ms = std::max<std::int64_t>(0, duration_ms);
    const std::int64_t seconds = ms / 1000;
    if (ms < 1000) return std::to_string(ms) + "ms";
    if (seconds < 60) return one_decimal(static_cast<double>(ms / 100) / 10, "s");
    if (seconds < 3600) return two_units(seconds / 60, "m", seconds % 60, "s");
    if (seconds < 86'400) return two_units(seconds / 3600, "h", seconds / 60 % 60, "m");
    return two_units(seconds / 86'400, "d", seconds / 3600 % 24, "h");
}

std::optional<std::int64_t> duration_of(const JobRecord& job, std::int64_t now_ms) {
    if (job.started_ms == 0) return std::nullopt;
    if (!jobs::is_terminal(job.status)) return std::max<std::int64_t>(0, now_ms - job.started_ms);
    // The end of a lost job is unknown.
    if (job.status == Status::kLost) return std::nullopt;
    return job.end.duration_ms;
}

std::vector<std::string> jobs_table(std::span<const JobRecord> jobs, const Screen& screen,
                                    std::int64_t now_ms, JobsOf of) {
    std::vector<TableRow> rows;
    for (const JobRecord& job : jobs)
        rows.push_back({job_cells(job, now_ms, of), status_colour(job.status)});
    return table(job_columns(of), rows, screen);
}

std::string describe(const JobRecord& job, bool supervised, std::int64_t now_ms, ShownTime time) {
    const auto time_text = time == ShownTime::kLocal ? local_time : rfc3339;
    std::string text;
    add_fact(text, "id", job.id);
    add_fact(text, "status", jobs::how_it_ended(job));
    add_fact(text, "name", job.spec.name);
    add_fact(text, "command", job.spec.command);
    add_fact(text, "cwd", job.spec.cwd);
    add_fact(text, "kind", kind_text(job.spec));
    add_fact(text, "session", job.spec.session.empty() ? "none" : job.spec.session);
    if (jobs::is_elsewhere(job)) add_fact(text, "host", job.host + " (left to it)");
    std::string after;
    for (const std::string& id : job.spec.after)
        after += (after.empty() ? "" : " ") + id;
    add_fact(text, "after", after);
    if (job.spec.priority != 0) add_fact(text, "priority", std::to_string(job.spec.priority));
    add_fact(text, "time limit", job.spec.timeout ? in_short(job.spec.timeout->count()) : "none");
    add_fact(text, "limits", jobs::text_of(job.spec.limits));
    add_fact(text, "submitted", time_text(job.submitted_ms));
    if (job.started_ms > 0) add_fact(text, "started", time_text(job.started_ms));
    const bool ended = jobs::is_terminal(job.status);
    if (ended) add_fact(text, "ended", time_text(job.end.ended_ms));
    if (const auto duration = duration_of(job, now_ms))
        add_fact(text, "duration", in_short(*duration));
    if (ended) describe_end(text, job, supervised);
    return text;
}

std::string quoted_for_bash(std::span<const std::string> words) {
    std::string out;
    for (const std::string& word : words) {
        const bool as_it_is = needs_no_quotes(word) && !(out.empty() && is_reserved_word(word));
        out += (out.empty() ? "" : " ") + (as_it_is ? word : bash_quoted(word));
    }
    return out;
}

std::string quoted_for_bash(const std::string& word) {
    return quoted_for_bash(std::span(&word, 1));
}

}  // namespace tenon::cli
