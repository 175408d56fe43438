#include <map>
#include <optional>

#include "host/base/mutex.h"
#include "host/jobs/launcher.h"
#include "host/jobs/queue.h"
#include "host/session/open_session.h"
#include "tests/bench/program_run.h"
#include "tests/bench/stopwatch_server.h"

namespace tenon::bench {
namespace {

/// A model in memory that makes the calls of next(), and then ends the turn.
class CallingModel : public agent::Provider {
public:
    void next(std::size_t count, const std::string& tool, const Json& input) {
        reply_ = calls(number_, count, tool, input);
        inputs_ = input;
        number_ += count;
    }
    Result<agent::Answer, agent::ModelFailure> ask(const agent::Request&, agent::EventSink&,
                                                   std::stop_token) override {
        agent::Answer answer;
        answer.stop_reason = reply_ ? "tool_use" : "end_turn";
        if (!reply_) reply_ = say("done");
        answer.content = dump_json(reply_->content);
        for (const Json& block : reply_->content) {
            if (block["type"] == "tool_use")
                answer.calls.push_back({block["id"], block["name"], inputs_, {}});
        }
        reply_.reset();
        return answer;
    }

private:
    std::optional<Reply> reply_;
    Json inputs_;
    std::size_t number_ = 0;
};

/// Measures the time of every tool call.
class CallTimes : public agent::EventSink {
public:
    void on_event(const agent::AgentEvent& event) override {
        const auto now = Clock::now();
        const Lock lock(mutex_);
        if (const auto* started = std::get_if<agent::ToolStarted>(&event)) {
            begun_[started->call.id] = now;
        } else if (const auto* finished = std::get_if<agent::ToolFinished>(&event)) {
            if (finished->result.is_error) failed_ = finished->result.text;
            times_.add(now - begun_[finished->call.id]);
        }
    }
    Samples take() {
        const Lock lock(mutex_);
        if (!failed_.empty()) throw std::runtime_error(failed_);
        return std::exchange(times_, {});
    }

private:
    Mutex mutex_;
    std::map<std::string, Clock::time_point> begun_ TENON_GUARDED_BY(mutex_);
    Samples times_ TENON_GUARDED_BY(mutex_);
    std::string failed_ TENON_GUARDED_BY(mutex_);
};

/// Forked at the start of this process, when it is small, as in a real run.
jobs::Launcher& launcher() {
    static const auto started = jobs::Launcher::start();
    if (started->process() == 0) throw std::runtime_error("no launcher");
    return *started;
}
const bool launcher_started = (launcher(), true);

/// A whole host in this process, with the built plugins.
class InProcessHost {
public:
    explicit InProcessHost(std::int64_t max_running, const std::filesystem::path& parent =
                                                         std::filesystem::temp_directory_path())
        : folders_(parent) {
        config::Settings& settings = setup_.settings;
        settings.workspace = folders_.workspace();
        settings.state_dir = folders_.state();
        settings.prefix = TENON_PREFIX;
        settings.home = folders_.home().path();
        settings.plugins.path = {TENON_PREFIX "/lib/tenon/plugins"};
        settings.permissions.yes = true;
        settings.jobs.max_running = max_running;
        settings.model.name = "bench";
        // The model in memory makes no summaries.
        settings.agent.token_threshold = 1'000'000'000;
        setup_.provider = std::make_unique<CallingModel>();
        setup_.launcher = &launcher();
        session::OpenOptions options{setup_, times_, "bench"};
        options.wait_for_jobs = false;
        auto host = session::OpenSession::create(std::move(options));
        if (!host) throw std::runtime_error(host.error().message);
        host_ = std::move(*host);
    }
    ~InProcessHost() { end(); }
    InProcessHost(const InProcessHost&) = delete;
    InProcessHost& operator=(const InProcessHost&) = delete;

    /// `count` jobs from one answer.
    void submit(std::size_t count, const std::string& command) {
        model().next(count, "background_run", {{"command", command}});
        if (auto result = host_->run("go", {}); !result.error.empty())
            throw std::runtime_error(result.error);
        (void)times_.take();
    }
    /// The time of each of `count` calls, one in each answer.
    Samples time_calls(std::size_t count, const std::string& command) {
        for (std::size_t i = 0; i < count; ++i) {
            model().next(1, "background_run", {{"command", command}});
            if (auto result = host_->run("go", {}); !result.error.empty())
                throw std::runtime_error(result.error);
        }
        return times_.take();
    }

    /// Returns when the supervisors of `count` jobs have started.
    void wait_for_starts(std::size_t count) {
        const auto store = jobs::Store::open(folders_.state() / "jobs");
        if (!store) throw std::runtime_error(store.error().message);
        std::size_t started = 0;
        while (started < count) {
            started = 0;
            for (const auto& job : store->list())
                if (store->started(job.id)) ++started;
        }
    }

    /// Cancels every job.
    void end() { host_->end_jobs("bench"); }

private:
    CallingModel& model() { return static_cast<CallingModel&>(*setup_.provider); }

    BenchFolders folders_;
    session::RunSetup setup_;
    CallTimes times_;
    std::unique_ptr<session::OpenSession> host_;
};

void report(benchmark::State& state, const Samples& samples) {
    state.counters["median_ms"] = samples.median();
    state.counters["p99_ms"] = samples.p99();
}

void background_run_alone(benchmark::State& state) {
    InProcessHost host(4);
    report(state, host.time_calls(100, "true"));
}

void background_run_beside_200(benchmark::State& state) {
    InProcessHost host(256);
    host.submit(200, "sleep 1000");
    host.wait_for_starts(200);
    report(state, host.time_calls(50, "true"));
}

void background_run_while_200_start(benchmark::State& state) {
    InProcessHost host(256);
    host.submit(200, "sleep 1000");
    report(state, host.time_calls(50, "true"));
}

void background_run_behind_10000(benchmark::State& state) {
    // In memory if possible: ten thousand folders on a disk would take longer than everything else,
    // and the queue itself is measured here.
    const std::filesystem::path memory = "/dev/shm";
    InProcessHost host(256, std::filesystem::is_directory(memory)
                                ? memory
                                : std::filesystem::temp_directory_path());
    host.submit(256, "sleep 1000");
    host.submit(9'900, "true");
    report(state, host.time_calls(90, "true"));
    const auto begin = Clock::now();
    host.end();
    state.counters["cancel_all_s"] = std::chrono::duration<double>(Clock::now() - begin).count();
}

void job_throughput(benchmark::State& state) {
    constexpr std::size_t kJobs = 200;
    constexpr std::size_t kAtOnce = 4;
    const tenon::testing::TempDir dir;
    const auto store = jobs::Store::open(dir / "jobs");
    if (!store) throw std::runtime_error(store.error().message);
    jobs::QueueOptions options;
    options.session = "bench";
    options.max_running = kAtOnce;
    options.shim.program = TENON_PREFIX "/libexec/tenon/tenon-shim";
    options.shim.launcher = &launcher();
    jobs::Queue queue(*store, std::move(options));
    jobs::JobSpec spec;
    spec.workspace = spec.cwd = dir.path().string();
    spec.command = "true";
    const auto begin = Clock::now();
    std::vector<jobs::JobId> ids;
    for (std::size_t i = 0; i < kJobs; ++i) {
        const auto job = queue.submit(spec);
        if (!job) throw std::runtime_error(job.error().message);
        ids.push_back(job->id);
    }
    for (const auto& id : ids)
        queue.wait_any(std::span(&id, 1), std::nullopt, {});
    const std::chrono::duration<double> ours = Clock::now() - begin;
    const auto inherited = config::process_environment();
    const std::chrono::duration<double> bare =
        run_bare("true", {inherited.begin(), inherited.end()}, kJobs, kAtOnce);
    state.counters["jobs"] = kJobs / ours.count();
    state.counters["bare"] = kJobs / bare.count();
}

const bool queue_registered = [] {
    measure("background_run/0", background_run_alone);
    measure("background_run/200", background_run_beside_200);
    measure("background_run/200_start", background_run_while_200_start);
    measure("background_run/10000", background_run_behind_10000);
    measure("throughput", job_throughput);
    return true;
}();

}  // namespace
}  // namespace tenon::bench
