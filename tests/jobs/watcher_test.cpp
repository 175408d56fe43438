#include "host/jobs/watcher.h"

#include <csignal>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "host/jobs/end_file.h"
#include "tests/jobs/jobs_fixture.h"

namespace tenon::jobs {
namespace {

using testing::deadline;
using testing::JobsFolder;

/// A client that has the jobs of `queued`, and remembers what it hears.
class Client {
public:
    WatcherClient functions() {
        WatcherClient client;
        client.is_queued = [this](const JobId& id) {
            const Lock lock(mutex_);
            asked_.insert(id);
            return queued_.count(id) > 0;
        };
        client.queued = [this] {
            const Lock lock(mutex_);
            return std::vector<JobId>(queued_.begin(), queued_.end());
        };
        client.on_ended = [this](JobRecord job) {
            const Lock lock(mutex_);
            queued_.erase(job.id);
            ended_.push_back(std::move(job));
            changed_.notify_all();
        };
        client.on_shim_ended = [this] {
            const Lock lock(mutex_);
            ++shims_ended_;
            changed_.notify_all();
        };
        client.other_work = [this] {
            const Lock lock(mutex_);
            looked_at_ = asked_;
            changed_.notify_all();
            return std::nullopt;
        };
        return client;
    }
    void add_queued(const JobId& id) {
        const Lock lock(mutex_);
        queued_.insert(id);
    }
    std::vector<JobRecord> wait_for_ends(std::size_t count) {
        Lock lock(mutex_);
        while (ended_.size() < count && changed_.wait_until(lock, deadline())) {
        }
        return ended_;
    }
    /// Until the watcher has looked at a job that it takes for queued, and is about to sleep again.
    void wait_until_looked_at(const JobId& id) {
        Lock lock(mutex_);
        while (looked_at_.count(id) == 0 && changed_.wait_until(lock, deadline())) {
        }
    }
    void wait_for_a_shim() {
        Lock lock(mutex_);
        while (shims_ended_ == 0 && changed_.wait_until(lock, deadline())) {
        }
        EXPECT_EQ(shims_ended_, 1);
    }

private:
    Mutex mutex_;
    Condition changed_;
    std::set<JobId> queued_ TENON_GUARDED_BY(mutex_);
    std::vector<JobRecord> ended_ TENON_GUARDED_BY(mutex_);
    std::set<JobId> asked_ TENON_GUARDED_BY(mutex_);
    std::set<JobId> looked_at_ TENON_GUARDED_BY(mutex_);
    int shims_ended_ TENON_GUARDED_BY(mutex_) = 0;
};

/// Starts a job and leaves it to others.
JobRecord start(const JobsFolder& folder, JobSpec spec) {
    const auto job = folder.store().create(std::move(spec));
    EXPECT_TRUE(job);
    const auto shim =
        launch_shim(folder.options().shim, folder.store().folder_of(job->id), 1 << 20);
    EXPECT_TRUE(shim);
    while (!folder.store().has_begun(job->id))
        std::this_thread::yield();
    return *folder.store().load(job->id);
}

TEST(Watcher, ReportsTheEndOfEachRunningJobOnceAndThatAQueuedJobWasCancelled) {
    const JobsFolder folder;
    std::vector<JobRecord> jobs;
    for (int i = 0; i < 20; ++i)
        jobs.push_back(start(folder, folder.spec("until [ -e go ]; do sleep 0.02; done; exit 5")));
    const JobId queued = folder.store().create(folder.spec("true"))->id;
    Client client;
    client.add_queued(queued);
    Watcher watcher(folder.store(), client.functions());
    for (const JobRecord& job : jobs)
        watcher.add_running(job);
    ASSERT_TRUE(folder.store().cancel(queued, "another process"));
    EXPECT_EQ(client.wait_for_ends(1).front().id, queued);
    std::ofstream(folder.dir() / "go") << "x";
    std::set<JobId> ended;
    for (const JobRecord& job : client.wait_for_ends(jobs.size() + 1)) {
        EXPECT_EQ(job.end.exit_code, job.id == queued ? std::nullopt : std::optional(5));
        EXPECT_TRUE(ended.insert(job.id).second) << "each once";
    }
}

TEST(Watcher, LearnsThatAQueuedJobWasCancelledByAProcessThatDiedBeforeItCouldNotifyTheHost) {
    const JobsFolder folder;
    const JobId id = folder.store().create(folder.spec("true"))->id;
    Client client;
    client.add_queued(id);
    Watcher watcher(folder.store(), client.functions());
    const auto directory = folder.store().folder_of(id);
    {
        const UniqueFd lock(::open((directory / kLockFile).c_str(), O_RDWR | O_CLOEXEC));
        ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
        ASSERT_EQ(::utimensat(AT_FDCWD, directory.c_str(), nullptr, 0), 0);
        client.wait_until_looked_at(id);
        const UniqueFd open(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        auto end_file = EndFile::reserve(open.get());
        ASSERT_TRUE(end_file);
        JobEnd end;
        end.status = Status::kCancelled;
        ASSERT_TRUE(end_file->record(end, Sync::kNo));
    }
    const auto ended = client.wait_for_ends(1);
    ASSERT_EQ(ended.size(), 1U);
    EXPECT_EQ(ended[0].id, id);
    EXPECT_EQ(ended[0].status, Status::kCancelled);
}

TEST(Watcher, WaitsForSomethingElseTooAndLooksAgainWhenItIsAsked) {
    const JobsFolder folder;
    const UniqueFd events(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    Mutex mutex;
    Condition changed;
    std::vector<std::uint64_t> looks;  // what each look has read
    Client client;
    {
        Watcher watcher(folder.store(), client.functions());
        watcher.watch_also(
            {events.get(), [&]() -> std::optional<std::chrono::steady_clock::time_point> {
                 std::uint64_t count = 0;
                 std::ignore = ::read(events.get(), &count, sizeof count);
                 const Lock lock(mutex);
                 looks.push_back(count);
                 changed.notify_all();
                 // After the event, once more without one.
                 if (count == 0) return std::nullopt;
                 return std::chrono::steady_clock::now();
             }});
        const auto wait_for = [&](std::size_t count) {
            Lock lock(mutex);
            while (looks.size() < count && changed.wait_until(lock, deadline())) {
            }
        };
        wait_for(1);
        ASSERT_EQ(::eventfd_write(events.get(), 7), 0);
        wait_for(3);
    }
    EXPECT_EQ(looks, (std::vector<std::uint64_t>{0, 7, 0}));
}

TEST(Watcher, BelievesThatARecordCannotBeReadOnlyAfterSeveralAttempts) {
    const JobsFolder folder;
    const std::string gate = folder.fifo("gate");
    const JobRecord job = start(folder, folder.spec("cat " + gate + "; exit 5"));
    const auto record = folder.store().folder_of(job.id) / kJobFile;
    const auto aside = folder.dir() / "aside";
    std::filesystem::rename(record, aside);
    Client client;
    Watcher watcher(folder.store(), client.functions());
    watcher.add_running(job);
    JobsFolder::write_fifo(gate);
    const auto ended = client.wait_for_ends(1);
    ASSERT_EQ(ended.size(), 1U);
    EXPECT_EQ(ended[0].status, Status::kLost) << "a record that stays unreadable";
    EXPECT_EQ(ended[0].spec.command, job.spec.command);
    folder.wait_for_shim(job.id);
}

TEST(Watcher, ReadsARecordThatCouldNotBeReadAtFirst) {
    const JobsFolder folder;
    const std::string gate = folder.fifo("gate");
    const JobRecord job = start(folder, folder.spec("cat " + gate + "; exit 5"));
    const auto record = folder.store().folder_of(job.id) / kJobFile;
    const auto aside = folder.dir() / "aside";
    Client client;
    WatcherClient functions = client.functions();
    // Before the watcher sleeps for the second time it has tried once.
    int sleeps = 0;
    functions.other_work = [&] {
        if (sleeps++ == 0) std::filesystem::rename(record, aside);
        if (sleeps == 3) std::filesystem::rename(aside, record);
        return std::nullopt;
    };
    Watcher watcher(folder.store(), functions);
    watcher.add_running(job);
    JobsFolder::write_fifo(gate);
    const auto ended = client.wait_for_ends(1);
    ASSERT_EQ(ended.size(), 1U);
    EXPECT_EQ(ended[0].end.exit_code, 5);
    folder.wait_for_shim(job.id);
}

TEST(Watcher, WatchesTheSupervisorOfAnEndedJobUntilNothingIsLeft) {
    const JobsFolder folder;
    const std::string gate = folder.fifo("gate");
    JobSpec spec = folder.spec("sleep 1000 & cat " + gate);
    spec.lifetime = Lifetime::kPersistent;
    const JobRecord job = start(folder, spec);
    Client client;
    Watcher watcher(folder.store(), client.functions());
    watcher.add_running(job);
    JobsFolder::write_fifo(gate);
    EXPECT_EQ(client.wait_for_ends(1).front().end.left_behind, 1);
    EXPECT_EQ(watcher.lingering().all, 1U);
    EXPECT_EQ(watcher.lingering().of_session_jobs, 0U);
    ASSERT_TRUE(send_signal(open_process(folder.store().started(job.id)->shim), SIGKILL));
    client.wait_for_a_shim();
    EXPECT_EQ(watcher.lingering().all, 0U);
    EXPECT_TRUE(testing::processes_of(job.id).empty()) << "what it would have ended";
}

}  // namespace
}  // namespace tenon::jobs
