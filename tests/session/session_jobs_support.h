#pragma once

#include <gtest/gtest.h>

#include "host/session/job_inbox.h"
#include "host/session/session_jobs.h"
#include "tests/support/sanitizers.h"
#include "tests/support/temp_dir.h"

namespace tenon::session {

/// A session's jobs with real processes.
class SessionJobsTest : public ::testing::Test {
protected:
    SessionJobsTest() { jobs.add_to(services); }
    ~SessionJobsTest() override { queue.cancel_session_jobs("test"); }

    jobs::JobId start(const std::string& command) {
        jobs::JobSpec spec;
        spec.workspace = spec.cwd = dir.path();
        spec.command = command;
        auto job = queue.submit(spec);
        EXPECT_TRUE(job) << job.error().message;
        return job ? job->id : jobs::JobId();
    }
    void wait_for_end(const jobs::JobId& id) const {
        EXPECT_EQ(queue.wait_any(std::span(&id, 1),
                                 std::chrono::steady_clock::now() + testing::kPatience, {}),
                  jobs::Queue::Waited::kEnded);
    }
    Json ask(agent::CallContext& call, const std::string& method, const Json& params) {
        const auto reply = services.request("bash", true, method, params.dump(), {}, &call);
        EXPECT_EQ(reply.rc, TENON_OK) << reply.out;
        return Json::parse(reply.out);
    }
    /// The ids that the wait returns.
    std::vector<std::string> wait(agent::CallContext& call, Json params = Json::object()) {
        params["timeout_ms"] = 60'000;
        std::vector<std::string> ids;
        const Json answer = ask(call, "job.wait/1", params);
        for (const Json& job : answer["jobs"])
            ids.push_back(job["id"]);
        return ids;
    }
    std::string read(agent::CallContext& call, const std::string& id) {
        return ask(call, "job.read/1", {{"job_id", id}, {"deliver", true}})["text"];
    }
    [[nodiscard]] CommandSettings settings() const {
        using namespace std::chrono_literals;
        CommandSettings settings;
        settings.workspace = dir.path();
        settings.timeout = 1h;
        settings.foreground_timeout = 2min;
        settings.max_timeout = 24h;
        settings.output_limit = 1U << 20U;
        return settings;
    }
    static jobs::QueueOptions options() {
        jobs::QueueOptions options;
        options.session = "s";
        options.shim.program = TENON_SHIM;
        return options;
    }

    const tenon::testing::TempDir dir;
    const jobs::Store store = *jobs::Store::open(dir / "state/jobs");
    const Secrets secrets;
    jobs::Queue queue{store, options()};
    journal::Deliveries deliveries;
    JobInbox inbox{store, queue, deliveries, dir / "session", secrets};
    SessionJobs jobs{store, queue, deliveries, settings(), nullptr, secrets};
    plugins::Services services;
    agent::CallContext a{{"s", ""}, "a", {}, nullptr};
    agent::CallContext b{{"s", ""}, "b", {}, nullptr};
};

}  // namespace tenon::session
