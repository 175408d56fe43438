// Jobs of a host that is short of descriptors, threads or processes.
#include <atomic>
#include <future>
#include <sys/resource.h>
#include <sys/wait.h>

#include "host/base/limits.h"
#include "tests/jobs/jobs_fixture.h"

namespace tenon::jobs {
namespace {

using testing::drain;
using testing::ended;
using testing::JobsFolder;
using namespace std::chrono_literals;

/// Lowers a limit of this process as long as it lives.
class LowerLimit {
public:
    LowerLimit(__rlimit_resource what, rlim_t to) : what_(what) {
        EXPECT_EQ(::getrlimit(what, &before_), 0);
        const rlimit lower{to, before_.rlim_max};
        EXPECT_EQ(::setrlimit(what, &lower), 0);
    }
    ~LowerLimit() { ::setrlimit(what_, &before_); }
    LowerLimit(const LowerLimit&) = delete;
    LowerLimit& operator=(const LowerLimit&) = delete;

private:
    __rlimit_resource what_;
    rlimit before_{};
};

/// Uses up all descriptors.
std::vector<UniqueFd> take_every_descriptor() {
    std::vector<UniqueFd> taken;
    while (true) {
        UniqueFd next(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        if (!next) return taken;
        taken.push_back(std::move(next));
    }
}

TEST(Shortage, OfDescriptorsMakesJobsOfEitherKindWaitAndChangesNoEnd) {
    for (const Kind kind : {Kind::kBackground, Kind::kForeground}) {
        SCOPED_TRACE(kind == Kind::kBackground ? "background" : "foreground");
        const JobsFolder folder;
        auto options = folder.options();
        options.max_running = 1000;
        const std::size_t used = descriptor_limit() - descriptors_left();
        const LowerLimit limit(RLIMIT_NOFILE, used + 40);
        Queue queue(folder.store(), options);
        std::vector<JobId> ids;
        for (int i = 0; i < 60; ++i) {
            auto job = queue.submit(folder.spec(
                "until [ -e go ]; do sleep 0.02; done; exit " + std::to_string(i), kind));
            ASSERT_TRUE(job) << job.error().message;
            ids.push_back(job->id);
        }
        EXPECT_EQ(queue.find(ids.back())->status, Status::kQueued);
        std::ofstream(folder.dir() / "go") << "x";
        for (int i = 0; i < 60; ++i) {
            const JobRecord job = ended(queue, ids[static_cast<std::size_t>(i)]);
            EXPECT_EQ(job.end.exit_code, i) << job.end.reason;
        }
        EXPECT_EQ(drain(queue).size(), kind == Kind::kBackground ? 60U : 0U);
    }
}

TEST(Shortage, OfDescriptorsDelaysTheEndOfAJobAndLosesNone) {
    const JobsFolder folder;
    const std::string ready = folder.fifo("ready");
    const std::string gate = folder.fifo("gate");
    Queue queue(folder.store(), folder.options());
    const JobId id =
        queue.submit(folder.spec("echo go >" + ready + "; read -r x <" + gate + "; exit 5"))->id;
    EXPECT_EQ(JobsFolder::read_fifo(ready), "go\n");
    const UniqueFd opens_gate(::open(gate.c_str(), O_WRONLY | O_CLOEXEC));
    {
        // All numbers below are taken. So nothing can be opened, even where the start of the job or
        // the sync of its record still has a descriptor to close.
        const LowerLimit limit(RLIMIT_NOFILE, 3);
        EXPECT_EQ(::write(opens_gate.get(), "x\n", 2), 2);
        while (!folder.store().has_ended(id))
            std::this_thread::yield();
        EXPECT_EQ(queue.wait_any(std::span(&id, 1), std::chrono::steady_clock::now() + 200ms, {}),
                  Queue::Waited::kTimeOver)
            << "nobody can read how it ended";
    }
    EXPECT_EQ(ended(queue, id).end.exit_code, 5);
}

TEST(Shortage, OfDescriptorsDoesNotConcernQueuedJobs) {
    const JobsFolder folder;
    auto options = folder.options();
    options.max_running = 0;
    const LowerLimit limit(RLIMIT_NOFILE, descriptor_limit() - descriptors_left() + 40);
    Queue queue(folder.store(), options);
    std::vector<JobId> ids;
    for (int i = 0; i < 200; ++i) {
        auto job = queue.submit(folder.spec("true"));
        ASSERT_TRUE(job) << job.error().message;
        ids.push_back(job->id);
    }
    for (const JobId& id : ids) {
        ASSERT_TRUE(folder.store().cancel(id, "another process"));
        EXPECT_EQ(ended(queue, id).status, Status::kCancelled);
    }
    EXPECT_EQ(drain(queue), ids);
}

TEST(Shortage, OfDescriptorsLetsAWaitingForegroundCommandBeMovedAndCancelled) {
    const JobsFolder folder;
    const std::string gate = folder.fifo("gate");
    const LowerLimit limit(RLIMIT_NOFILE, descriptor_limit() - descriptors_left() + 60);
    Queue queue(folder.store(), folder.options());
    const JobId running = queue.submit(folder.spec("cat " + gate, Kind::kForeground))->id;
    const UniqueFd opens_gate(::open(gate.c_str(), O_WRONLY | O_CLOEXEC));
    std::vector<UniqueFd> taken = take_every_descriptor();
    taken.resize(taken.size() - 10);
    const JobId moved = queue.submit(folder.spec("echo moved", Kind::kForeground))->id;
    const JobId taken_out = queue.submit(folder.spec("touch started", Kind::kForeground))->id;
    EXPECT_EQ(queue.find(moved)->status, Status::kQueued);
    EXPECT_EQ(queue.wait_for_start(std::span(&moved, 1), 10ms, {}), Queue::Waited::kTimeOver);
    EXPECT_EQ(queue.to_background(moved)->status, Status::kQueued);
    EXPECT_TRUE(queue.cancel(taken_out, "test"));
    EXPECT_EQ(ended(queue, taken_out).status, Status::kCancelled);
    EXPECT_EQ(queue.wait_for_start(std::span(&taken_out, 1), 60s, {}), Queue::Waited::kEnded);
    taken.clear();
    EXPECT_TRUE(queue.cancel(running, "test"));
    EXPECT_EQ(folder.report_of(ended(queue, moved)), "moved\n");
    EXPECT_EQ(drain(queue), std::vector{moved});
    EXPECT_FALSE(std::filesystem::exists(folder.dir() / "started"));
}

constexpr rlim_t kCountable = 8000;

/// The result of `report` in a child process, which may start so many processes and threads.
int in_a_process_with(std::size_t processes, const JobsFolder& folder,
                      const std::function<int()>& report) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (::getuid() == 0) {
            // For root the limit does not count.
            const uid_t user = 200'000 + static_cast<uid_t>(::getpid()) % 100'000;
            for (const auto& entry :
                 std::filesystem::recursive_directory_iterator(folder.dir().path()))
                if (::chown(entry.path().c_str(), user, user) != 0) ::_exit(201);
            if (::chown(folder.dir().path().c_str(), user, user) != 0) ::_exit(202);
            if (::setresgid(user, user, user) != 0 || ::setresuid(user, user, user) != 0)
                ::_exit(203);
        }
        std::thread([] {}).join();  // a sanitizer starts its own thread with the first of others
        const rlimit countable{kCountable, kCountable};
        if (::setrlimit(RLIMIT_NPROC, &countable) != 0) ::_exit(204);
        const rlim_t used = kCountable - processes_left().value_or(0);
        const rlimit few{used + processes, kCountable};
        if (::setrlimit(RLIMIT_NPROC, &few) != 0) ::_exit(205);
        try {
            ::_exit(report());
        } catch (...) {
            ::_exit(206);
        }
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Shortage, OfProcessesMakesJobsWaitForTheirTurn) {
    const JobsFolder folder;
    const int wrong = in_a_process_with(16, folder, [&] {
        auto options = folder.options();
        options.max_running = 1000;
        Queue queue(folder.store(), options);
        std::vector<JobId> ids;
        for (int i = 0; i < 30; ++i) {
            const Kind kind = i % 2 == 0 ? Kind::kBackground : Kind::kForeground;
            ids.push_back(queue.submit(folder.spec("exit " + std::to_string(i), kind))->id);
        }
        int count = 0;
        for (int i = 0; i < 30; ++i)
            count += ended(queue, ids[static_cast<std::size_t>(i)]).end.exit_code == i ? 0 : 1;
        return count;
    });
    EXPECT_EQ(wrong, 0);
}

TEST(Shortage, OfProcessesWithNothingToWaitForEndsAJobWithTheReason) {
    const JobsFolder folder;
    // The queue's own threads, and no process or thread more.
    const int right = in_a_process_with(3, folder, [&] {
        Queue queue(folder.store(), folder.options());
        int count = 0;
        for (const Kind kind : {Kind::kForeground, Kind::kBackground}) {
            const JobRecord job = testing::run(queue, folder.spec("true", kind));
            const bool says_why =
                job.end.reason.find("temporarily unavailable") != std::string::npos;
            if (job.status == Status::kError && job.end.exit_code == 127 && says_why &&
                folder.store().load(job.id)->status == Status::kError)
                ++count;
        }
        return count;
    });
    EXPECT_EQ(right, 2);
}

/// How many processes and threads this process may have from now on.
void allow_processes(rlim_t processes) {
    rlimit limit{};
    EXPECT_EQ(::getrlimit(RLIMIT_NPROC, &limit), 0);
    limit.rlim_cur = processes;
    EXPECT_EQ(::setrlimit(RLIMIT_NPROC, &limit), 0);
}

/// Starts a job that ends when somebody writes `gate`, and leaves it to the next host.
void leave_a_running_job(const JobsFolder& folder, const std::string& gate) {
    const std::string ready = folder.fifo("ready");
    Queue queue(folder.store(), folder.options());
    EXPECT_TRUE(queue.submit(folder.spec("echo go >" + ready + "; cat " + gate)));
    EXPECT_EQ(JobsFolder::read_fifo(ready), "go\n");
}

/// Submits a job for which there is no process, while another runs: it waits for its turn.
JobId submit_in_vain(Queue& queue, const JobsFolder& folder) {
    const JobId id = queue.submit(folder.spec("true"))->id;
    while (queue.find(id)->status != Status::kQueued)
        std::this_thread::yield();
    return id;
}

TEST(Shortage, IsMeasuredAgainHoweverOftenTheQueueIsWoken) {
    const JobsFolder folder;
    const std::string gate = folder.fifo("gate");
    leave_a_running_job(folder, gate);
    const int right = in_a_process_with(3, folder, [&] {
        Queue queue(folder.store(), folder.options());
        queue.adopt(testing::nothing_delivered);
        const JobId id = submit_in_vain(queue, folder);
        allow_processes(kCountable);
        const auto give_up = testing::deadline();
        while (std::chrono::steady_clock::now() < give_up) {
            ::utimensat(AT_FDCWD, folder.store().folder_of(id).c_str(), nullptr, 0);
            const auto soon = std::chrono::steady_clock::now() + 10ms;
            if (queue.wait_any(std::span(&id, 1), soon, {}) == Queue::Waited::kEnded) return 42;
        }
        return 43;
    });
    JobsFolder::write_fifo(gate);
    EXPECT_EQ(right, 42);
}

TEST(Shortage, OnceItIsOverTheNextJobFollowsWhenTheOneBeforeItHasBegun) {
    const JobsFolder folder;
    const std::string gate = folder.fifo("gate");
    leave_a_running_job(folder, gate);
    const int right = in_a_process_with(3, folder, [&] {
        Queue* asked = nullptr;
        std::atomic<int> begun = 0;
        std::atomic<std::size_t> queued_then = 99;
        auto options = folder.options();
        options.on_change = [&](const JobRecord& job) {
            if (job.status == Status::kRunning && begun++ == 0) queued_then = asked->load().queued;
        };
        Queue queue(folder.store(), options);
        asked = &queue;
        queue.adopt(testing::nothing_delivered);
        const JobId first = submit_in_vain(queue, folder);
        const JobId second = queue.submit(folder.spec("true"))->id;
        allow_processes(kCountable);
        if (ended(queue, first).status != Status::kCompleted) return 43;
        if (ended(queue, second).status != Status::kCompleted) return 44;
        return queued_then == 0 ? 42 : 45;
    });
    JobsFolder::write_fifo(gate);
    EXPECT_EQ(right, 42);
}

TEST(Shortage, DoesNotEndAJobThatAnotherSupervisorRuns) {
    const JobsFolder folder;
    const std::string gate = folder.fifo("gate");
    JobSpec spec = folder.spec("cat " + gate + "; exit 5");
    spec.session = "s";
    const JobId id = folder.store().create(spec)->id;
    const int right = in_a_process_with(3, folder, [&] {
        std::promise<Status> first;
        std::atomic<bool> is_first = true;
        auto options = folder.options();
        options.on_change = [&](const JobRecord& job) {
            if (is_first.exchange(false)) first.set_value(job.status);
        };
        Queue queue(folder.store(), options);
        rlimit few{};
        ::getrlimit(RLIMIT_NPROC, &few);
        UniqueFd supervisor;
        // After this host has found the job queued, another process starts it.
        queue.adopt([&](const JobRecord&) {
            allow_processes(kCountable);
            auto shim = launch_shim(options.shim, folder.store().folder_of(id), 1 << 20);
            while (shim && !folder.store().started(id))
                std::this_thread::yield();
            if (shim) supervisor = std::move(shim->process);
            allow_processes(few.rlim_cur);
            return false;
        });
        if (!supervisor) return 43;
        const Status seen = first.get_future().get();
        allow_processes(kCountable);
        JobsFolder::write_fifo(gate);
        const JobRecord job = ended(queue, id);
        if (seen != Status::kRunning) return 44;
        return job.status == Status::kError && job.end.exit_code == 5 ? 42 : 45;
    });
    EXPECT_EQ(right, 42);
}

TEST(Shortage, OfThreadsIsReportedInASentenceWhenAQueueCannotBeMade) {
    const JobsFolder folder;
    for (const std::size_t threads : {1U, 2U}) {
        SCOPED_TRACE(threads);
        EXPECT_EQ(in_a_process_with(threads, folder,
                                    [&] {
                                        try {
                                            const Queue queue(folder.store(), folder.options());
                                        } catch (const std::runtime_error& e) {
                                            return std::string(e.what()).find("ulimit -u") !=
                                                           std::string::npos
                                                       ? 42
                                                       : 43;
                                        }
                                        return 44;
                                    }),
                  42);
    }
}

}  // namespace
}  // namespace tenon::jobs
