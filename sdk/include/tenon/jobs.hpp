// SPDX-License-Identifier: Apache-2.0
//
// The host's methods job.* as functions. Header-only, C++17. See "job.submit/1" in the SDK's
// README.
//
//     const tenon::Jobs jobs(call);
//     const tenon::Job job = jobs.submit(
//         tenon::JsonObject().text("command", "make").text("mode", "foreground"));
//     jobs.wait({job.id}, 60'000);
//     call.write(jobs.read(job.id).text);
#ifndef TENON_JOBS_HPP
#define TENON_JOBS_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/plugin.hpp>

namespace tenon {
inline namespace sdk_1_1 {

/// A job as the host describes it.
struct Job {
    std::string id, status, preview;
    bool ended = false;
    bool background = false;                  ///< it is, or has become, a background job
    bool delivered = false;                   ///< its end has been delivered to the model
    std::optional<std::int64_t> exit_code{};  ///< nothing: it has not ended, or by a signal
    /// Only of Jobs::submit: how long `bash` waits for a foreground job by default.
    std::int64_t foreground_timeout_ms = 0;
};

/// The text of a job.
struct JobText {
    Job job;
    std::string text;
    std::int64_t omitted_bytes = 0;  ///< of the output; not kept
};

/// How to read a job.
struct JobReadOptions {
    std::int64_t max_characters = 50'000;
    std::int64_t tail_bytes = 0;  ///< 0: not only the tail
    bool deliver = true;          ///< the text goes into the result of this call
};

/// What a wait found. When the call was cancelled meanwhile, `jobs` is empty.
struct JobWait {
    std::vector<Job> jobs;
    bool cancelled = false;
};

/// The jobs of the session as one call sees them. Cheap to make; valid until the function of the
/// tool returns. All functions throw Failure with the host's explanation.
class Jobs {
public:
    explicit Jobs(const Call& call) noexcept : call_(call) {}

    /// `params` are those of job.submit/1.
    [[nodiscard]] Job submit(const JsonObject& params) const {
        const Reply reply = ask("job.submit/1", params);
        return job_from(reply.json());
    }
    /// Without ids: the background jobs that have not ended or whose end has not been delivered.
    [[nodiscard]] JobWait wait(const std::vector<std::string>& ids, std::int64_t timeout_ms) const {
        JsonObject params;
        params.integer("timeout_ms", timeout_ms);
        if (!ids.empty()) params.texts("job_ids", ids);
        const Reply reply = call_.request("job.wait/1", params.json());
        if (reply.rc == TENON_CANCELLED) return {{}, true};
        return {jobs_from(reply.json()), false};
    }
    [[nodiscard]] JobText read(std::string_view id, const JobReadOptions& options = {}) const {
        JsonObject params;
        params.text("job_id", id).integer("max_chars", options.max_characters);
        if (options.tail_bytes > 0) params.integer("tail_bytes", options.tail_bytes);
        params.boolean("deliver", options.deliver);
        const Reply reply = ask("job.read/1", params);
        return {job_from(reply.json()), reply.json().text("text"),
                reply.json().integer("omitted_bytes")};
    }
    /// Every background job of the session, oldest first.
    [[nodiscard]] std::vector<Job> list() const {
        const Reply reply = ask("job.list/1", {});
        return jobs_from(reply.json());
    }
    /// A foreground job becomes a background job, unless it has ended.
    [[nodiscard]] Job to_background(std::string_view id) const {
        const Reply reply = ask("job.background/1", JsonObject().text("job_id", id));
        return job_from(reply.json());
    }
    void cancel(std::string_view id) const {
        (void)ask("job.cancel/1", JsonObject().text("job_id", id));
    }

private:
    [[nodiscard]] Reply ask(std::string_view method, const JsonObject& params) const {
        Reply reply = call_.request(method, params.json());
        if (!reply.ok()) throw Failure(reply.text, reply.rc);
        return reply;
    }
    static Job job_from(const JsonView& object) {
        Job job{object.text("id"),
                object.text("status"),
                object.text("preview"),
                object.boolean("ended"),
                object.boolean("background"),
                object.boolean("delivered"),
                std::nullopt,
                object.integer("foreground_timeout_ms")};
        if (object.has("exit_code")) job.exit_code = object.integer("exit_code");
        return job;
    }
    static std::vector<Job> jobs_from(const JsonView& answer) {
        std::vector<Job> jobs;
        for (const JsonView& object : answer.objects("jobs"))
            jobs.push_back(job_from(object));
        return jobs;
    }

    const Call& call_;
};

}  // namespace sdk_1_1
}  // namespace tenon

#endif
