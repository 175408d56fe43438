#include "host/jobs/record.h"

#include <limits>

#include "host/base/clock.h"
#include "host/base/ids.h"
#include "host/base/json.h"
#include "host/base/path_text.h"
#include "host/base/utf8.h"

namespace tenon::jobs {
namespace {

constexpr std::int64_t kVersion = 1;

/// Reads the members of one object, and remembers the first one that is not what it should be.
class Members {
public:
    Members() = default;
    explicit Members(std::string_view text) {
        auto parsed = parse_json(text);
        if (!parsed) {
            problem_ = parsed.error().message;
        } else if (!parsed->is_object()) {
            problem_ = "not a JSON object";
        } else {
            object_ = std::move(*parsed);
            const std::int64_t version = integer("v", 1, std::numeric_limits<std::int64_t>::max());
            if (problem_.empty() && version > kVersion) {
                problem_ = "written by a newer tenon (v " + std::to_string(version) +
                           "; this one reads up to " + std::to_string(kVersion) + ")";
            }
        }
    }

    std::string text(const char* key) {
        const Json* value = required(key);
        const std::string* text = value != nullptr ? string_in(*value) : nullptr;
        if (value != nullptr && text == nullptr) complain(key, "is no string");
        return text != nullptr ? *text : std::string();
    }
    [[nodiscard]] bool has(const char* key) const {
        const auto it = object_.find(key);
        return it != object_.end() && !it->is_null();
    }
    /// The members of a member that is an object; none when it is missing or null.
    Members maybe_object(const char* key) {
        Members inner;
        if (!has(key)) return inner;
        if (object_[key].is_object()) {
            inner.object_ = object_[key];
        } else {
            complain(key, "is no object");
        }
        return inner;
    }
    void take_problem_of(const char* key, const Members& inner) {
        if (!inner.problem_.empty()) complain(key, "holds a bad value: " + inner.problem_);
    }
    std::string maybe_text(const char* key) {
        return object_.contains(key) ? text(key) : std::string();
    }
    std::int64_t integer(const char* key, std::int64_t low, std::int64_t high) {
        const Json* value = required(key);
        if (value == nullptr) return low;
        const auto number = integer_in(*value);
        if (number && *number >= low && *number <= high) return *number;
        complain(key, "is no integer from " + std::to_string(low) + " to " + std::to_string(high));
        return low;
    }
    std::int64_t natural(const char* key) {
        return integer(key, 0, std::numeric_limits<std::int64_t>::max());
    }
    std::optional<std::int64_t> maybe(const char* key, std::int64_t low, std::int64_t high) {
        const auto it = object_.find(key);
        if (it == object_.end() || it->is_null()) return std::nullopt;
        return integer(key, low, high);
    }
    /// False when it is missing.
    bool flag(const char* key) {
        if (!has(key)) return false;
        if (!object_[key].is_boolean()) complain(key, "is neither true nor false");
        return bool_or(object_, key, false);
    }
    /// The index of the text among `names`.
    std::size_t one_of(const char* key, std::initializer_list<std::string_view> names) {
        const std::string value = text(key);
        std::size_t index = 0;
        for (const std::string_view name : names) {
            if (name == value) return index;
            ++index;
        }
        complain(key, "has an unknown value");
        return 0;
    }
    std::vector<JobId> job_ids(const char* key) {
        std::vector<JobId> ids;
        const Json* value = required(key);
        if (value == nullptr) return ids;
        if (!value->is_array()) complain(key, "is no array");
        for (const Json& item : *value) {
            const std::string* id = string_in(item);
            if (id == nullptr || !is_job_id(*id)) {
                complain(key, "holds something that is no job id");
                return ids;
            }
            ids.push_back(*id);
        }
        return ids;
    }
    /// Missing in the records of older versions and of jobs without a sandbox. If it is not wholly
    /// understood, the record is unreadable: the command must not run with a weaker sandbox than
    /// was asked for.
    sandbox::Policy containment(const char* key) {
        const auto it = object_.find(key);
        if (it == object_.end()) return {};
        auto policy = sandbox::decode(*it);
        if (policy) return *std::move(policy);
        if (problem_.empty()) problem_ = policy.error().message;
        return {};
    }
    void complain(const char* key, const std::string& what) {
        if (problem_.empty()) problem_ = std::string("member \"") + key + "\" " + what;
    }
    [[nodiscard]] const std::string& problem() const { return problem_; }

private:
    const Json* required(const char* key) {
        const auto it = object_.find(key);
        if (it != object_.end()) return &*it;
        complain(key, "is missing");
        return nullptr;
    }

    Json object_ = Json::object();
    std::string problem_;
};

template <class T>
Result<T> unless_broken(const Members& members, T value) {
    if (!members.problem().empty()) return Error{members.problem()};
    return value;
}

Json or_null(const std::optional<int>& value) {
    return value ? Json(*value) : Json(nullptr);
}

std::optional<int> narrow(const std::optional<std::int64_t>& value) {
    return value ? std::optional<int>(static_cast<int>(*value)) : std::nullopt;
}

void cut(std::string& text, std::size_t most) {
    if (text.size() <= most) return;
    text = std::string(utf8::first_bytes(utf8::repair(text), most)) + "…";
}

Json encode_limits(const JobLimits& limits) {
    Json object = Json::object();
    if (limits.memory) object["memory"] = *limits.memory;
    if (limits.processes) object["processes"] = *limits.processes;
    if (limits.cpu) object["cpu_ms"] = limits.cpu->count();
    return object;
}

JobLimits decode_limits(Members& m) {
    constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
    Members inner = m.maybe_object("limits");
    JobLimits limits;
    if (const auto memory = inner.maybe("memory", 1, kMax))
        limits.memory = static_cast<std::uint64_t>(*memory);
    if (const auto processes = inner.maybe("processes", 1, kMax))
        limits.processes = static_cast<std::uint64_t>(*processes);
    if (const auto cpu = inner.maybe("cpu_ms", 1, kMostTimeout.count()))
        limits.cpu = std::chrono::milliseconds(*cpu);
    m.take_problem_of("limits", inner);
    return limits;
}

std::optional<LimitReached> decode_limit(Members& m) {
    if (!m.has("limit")) return std::nullopt;
    LimitReached reached;
    reached.actor = m.text("actor");
    reached.limit = m.text("limit");
    reached.value = static_cast<std::uint64_t>(m.natural("limit_value"));
    reached.figure = static_cast<std::uint64_t>(m.natural("figure"));
    return reached;
}

std::string whole_end(const JobEnd& end) {
    Json object = {
        {"v", kVersion},
        {"status", to_string(end.status)},
        {"exit_code", or_null(end.exit_code)},
        {"signal", or_null(end.signal)},
        {"started_ms", end.started_ms},
        {"ended_ms", end.ended_ms},
        {"ended_boot_ms", end.ended_boot_ms},
        {"boot_id", end.boot_id},
        {"duration_ms", end.duration_ms},
        {"user_us", end.user_us},
        {"system_us", end.system_us},
        {"max_rss_kib", end.max_rss_kib},
        {"output_bytes", end.output_bytes},
        {"omitted_bytes", end.omitted_bytes},
        {"ended_by", end.ended_by},
        {"reason", end.reason},
        {"left_behind", end.left_behind},
        {"survivors", end.survivors},
    };
    if (end.limit) {
        object["actor"] = end.limit->actor;
        object["limit"] = end.limit->limit;
        object["limit_value"] = end.limit->value;
        object["figure"] = end.limit->figure;
    }
    if (!end.no_pid_namespace.empty()) object["no_pid_namespace"] = end.no_pid_namespace;
    return dump_json(object);
}

}  // namespace

std::string encode_job(const JobRecord& job) {
    const JobSpec& spec = job.spec;
    Json object = {
        {"v", kVersion},
        {"session", spec.session},
        {"workspace", path_to_text(spec.workspace)},
        {"command", spec.command},
        {"cwd", path_to_text(spec.cwd)},
        {"name", spec.name},
        {"tool_use_id", spec.tool_use_id},
        {"kind", spec.kind == JobKind::kForeground ? "foreground" : "background"},
        {"lifetime", spec.lifetime == Lifetime::kSession ? "session" : "persistent"},
        {"priority", spec.priority},
        {"after", spec.after},
        {"timeout_ms", spec.timeout ? Json(spec.timeout->count()) : Json(nullptr)},
        {"output_limit", spec.output_limit},
        {"submitted_ms", job.submitted_ms},
        {"submitted_ns", job.submitted_ns},
        {"boot_id", job.boot_id.empty() ? boot_id() : job.boot_id},
        {"host", job.host.empty() ? host_name() : job.host},
    };
    if (!spec.subagent.empty()) object["subagent"] = spec.subagent;
    if (!spec.plugin.empty()) object["plugin"] = spec.plugin;
    if (spec.limits.any()) object["limits"] = encode_limits(spec.limits);
    if (spec.pid_namespace) object["pid_namespace"] = true;
    if (spec.containment.is_on()) object["containment"] = sandbox::encode(spec.containment);
    return dump_json(object);
}

Result<JobRecord> decode_job(std::string_view text) {
    constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
    Members m(text);
    JobRecord job;
    job.spec.session = m.text("session");
    if (!job.spec.session.empty() && !is_session_id(job.spec.session)) {
        m.complain("session", "is no session id");
    }
    job.spec.workspace = path_from_text(m.text("workspace"));
    job.spec.command = m.text("command");
    job.spec.cwd = path_from_text(m.text("cwd"));
    job.spec.name = m.text("name");
    job.spec.tool_use_id = m.text("tool_use_id");
    job.spec.kind = m.one_of("kind", {"foreground", "background"}) == 0 ? JobKind::kForeground
                                                                        : JobKind::kBackground;
    job.spec.subagent = m.maybe_text("subagent");
    if (!job.spec.subagent.empty() && !is_session_id(job.spec.subagent))
        m.complain("subagent", "is no id");
    job.spec.plugin = m.maybe_text("plugin");
    job.spec.lifetime = m.one_of("lifetime", {"session", "persistent"}) == 0
                            ? Lifetime::kSession
                            : Lifetime::kPersistent;
    job.spec.priority = m.integer("priority", std::numeric_limits<std::int64_t>::min(), kMax);
    job.spec.after = m.job_ids("after");
    if (const auto timeout = m.maybe("timeout_ms", 0, kMostTimeout.count())) {
        job.spec.timeout = std::chrono::milliseconds(*timeout);
    }
    job.spec.output_limit = static_cast<std::uint64_t>(m.natural("output_limit"));
    job.spec.limits = decode_limits(m);
    job.spec.pid_namespace = m.flag("pid_namespace");
    job.spec.containment = m.containment("containment");
    job.submitted_ms = m.natural("submitted_ms");
    job.submitted_ns = m.natural("submitted_ns");
    job.boot_id = m.maybe_text("boot_id");
    job.host = m.maybe_text("host");
    return unless_broken(m, std::move(job));
}

std::string encode_started(const Started& started) {
    return dump_json({{"v", kVersion},
                      {"pid", started.shim.pid},
                      {"start_time", started.shim.start_time},
                      {"boot_id", started.shim.boot_id},
                      {"started_ms", started.started_ms},
                      {"output_cap", started.output_cap},
                      {"tree_ended", started.tree_ended ? 1 : 0}});
}

Result<Started> decode_started(std::string_view text) {
    Members m(text.substr(0, text.find('\0')));
    Started started;
    started.shim.pid = static_cast<pid_t>(m.integer("pid", 1, std::numeric_limits<pid_t>::max()));
    started.shim.start_time = static_cast<std::uint64_t>(m.natural("start_time"));
    started.shim.boot_id = m.text("boot_id");
    started.started_ms = m.natural("started_ms");
    started.output_cap = static_cast<std::uint64_t>(m.natural("output_cap"));
    started.tree_ended = m.maybe("tree_ended", 0, 1).value_or(1) == 1;
    return unless_broken(m, std::move(started));
}

std::optional<std::size_t> tree_ended_digit(std::string_view text) {
    constexpr std::string_view kMember = "\"tree_ended\":";
    const auto at = text.substr(0, text.find('\0')).find(kMember);
    if (at == std::string_view::npos) return std::nullopt;
    const std::size_t digit = at + kMember.size();
    return text.substr(digit, 1) == "0" ? std::optional(digit) : std::nullopt;
}

std::string encode_cancel(std::string_view by) {
    return dump_json({{"v", kVersion}, {"by", std::string(by)}, {"at_ms", wall_clock_ms()}});
}

Result<std::string> decode_cancel(std::string_view text) {
    Members m(text);
    std::string by = m.text("by");
    return unless_broken(m, std::move(by));
}

std::string encode_end(const JobEnd& end) {
    std::string text = whole_end(end);
    JobEnd shorter = end;
    // A character takes up to six bytes of JSON.
    for (std::size_t most = kEndBytes / 2; text.size() > kEndBytes; most /= 2) {
        for (std::string* part :
             {&shorter.reason, &shorter.ended_by, &shorter.boot_id, &shorter.no_pid_namespace})
            cut(*part, most);
        text = whole_end(shorter);
    }
    return text;
}

Result<JobEnd> decode_end(std::string_view text) {
    constexpr int kMaxInt = std::numeric_limits<int>::max();
    constexpr auto kMaxInt64 = std::numeric_limits<std::int64_t>::max();
    Members m(text);
    JobEnd end;
    const auto status = status_from(m.text("status"));
    if (!status || !is_terminal(*status)) m.complain("status", "is no terminal status");
    end.status = status.value_or(Status::kLost);
    end.exit_code = narrow(m.maybe("exit_code", 0, 255));
    end.signal = narrow(m.maybe("signal", 1, 64));
    end.started_ms = m.natural("started_ms");
    end.ended_ms = m.natural("ended_ms");
    end.ended_boot_ms = m.maybe("ended_boot_ms", 0, kMaxInt64).value_or(0);
    end.boot_id = m.maybe_text("boot_id");
    end.duration_ms = m.natural("duration_ms");
    end.user_us = m.natural("user_us");
    end.system_us = m.natural("system_us");
    end.max_rss_kib = m.natural("max_rss_kib");
    end.output_bytes = static_cast<std::uint64_t>(m.natural("output_bytes"));
    end.omitted_bytes = static_cast<std::uint64_t>(m.natural("omitted_bytes"));
    end.ended_by = m.text("ended_by");
    end.reason = m.text("reason");
    end.left_behind = static_cast<int>(m.integer("left_behind", 0, kMaxInt));
    end.survivors = static_cast<int>(m.integer("survivors", 0, kMaxInt));
    end.limit = decode_limit(m);
    end.no_pid_namespace = m.maybe_text("no_pid_namespace");
    return unless_broken(m, std::move(end));
}

}  // namespace tenon::jobs
