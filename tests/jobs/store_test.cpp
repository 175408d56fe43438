#include "host/jobs/store.h"

#include <csignal>
#include <sys/wait.h>

#include "host/base/atomic_file.h"
#include "host/base/clock.h"
#include "tests/jobs/jobs_fixture.h"

namespace tenon::jobs {
namespace {

using testing::JobsFolder;

/// A recorded job whose files a test then changes.
class StoredJob {
public:
    StoredJob() : id(folder.store().create(folder.spec("true"))->id) {}
    void write(const std::string& file, const std::string& text) const {
        folder.dir().write("state/jobs/" + id + "/" + file, text);
    }
    [[nodiscard]] Result<JobRecord> load() const { return folder.store().load(id); }

    JobsFolder folder;
    JobId id;
};

std::string started_by(const ProcessIdentity& shim) {
    return encode_started({shim, 5, 1000});
}

TEST(Store, RecordsWhatWasAskedAndListsItInOrder) {
    const JobsFolder folder;
    std::vector<JobId> ids;
    for (int i = 0; i < 20; ++i)
        ids.push_back(folder.store().create(folder.spec("echo " + std::to_string(i)))->id);
    folder.store().sync(ids);
    const auto jobs = folder.store().list();
    ASSERT_EQ(jobs.size(), 20U);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        EXPECT_EQ(jobs[i].id, ids[i]);
        EXPECT_EQ(jobs[i].status, Status::kQueued);
        EXPECT_EQ(jobs[i].spec.command, "echo " + std::to_string(i));
    }
    struct stat info {};
    ASSERT_EQ(::stat(folder.store().folder_of(ids[0]).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0700U);
    ASSERT_EQ(::stat((folder.store().folder_of(ids[0]) / kJobFile).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST(Store, ReportsAJobAsLostWhenNobodyHoldsItsLockAnyMore) {
    const ProcessIdentity self = ProcessIdentity::of_this_process();
    ProcessIdentity recycled = self;
    recycled.start_time += 1;
    ProcessIdentity another_boot = self;
    another_boot.boot_id = "11111111-2222-3333-4444-555555555555";
    const std::pair<std::string, const char*> cases[] = {
        {started_by(self), "was killed"},
        {started_by(recycled), "was killed"},
        {started_by(another_boot), "the machine went down"},
        {"", "cannot be read"},
        {"{\"v\":1,\"pid\":", "cannot be read"},
        {"{\"v\":9}", "newer tenon"},
        {std::string("\0\xff", 2), "cannot be read"},
    };
    for (const auto& [text, why] : cases) {
        SCOPED_TRACE(why);
        const StoredJob job;
        job.write(kStartedFile, text);
        const auto loaded = job.load();
        ASSERT_TRUE(loaded) << loaded.error().message;
        EXPECT_EQ(loaded->status, Status::kLost);
        EXPECT_NE(loaded->end.reason.find(why), std::string::npos) << loaded->end.reason;
        EXPECT_TRUE(job.folder.store().has_ended(job.id)) << "it is recorded";
        EXPECT_EQ(job.load()->end.reason, loaded->end.reason);
    }
}

TEST(Store, SignalsNoProcessButTheShimItself) {
    const pid_t bystander = ::fork();
    if (bystander == 0) {
        ::pause();
        ::_exit(0);
    }
    const auto stat = stat_of(bystander);
    ASSERT_TRUE(stat);
    const ProcessIdentity cases[] = {
        {bystander, stat->start_time + 1, boot_id()},
        {bystander, stat->start_time, "another boot"},
    };
    for (const ProcessIdentity& shim : cases) {
        const StoredJob job;
        job.write(kStartedFile, started_by(shim));
        // Somebody holds the lock, as a shim would.
        const UniqueFd lock(::open((job.folder.store().folder_of(job.id) / kLockFile).c_str(),
                                   O_RDWR | O_CREAT, 0600));
        ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
        EXPECT_EQ(job.load()->status, Status::kRunning);
        const auto cancelled = job.folder.store().cancel(job.id, "test");
        ASSERT_FALSE(cancelled);
        EXPECT_NE(cancelled.error().message.find("could not be signalled"), std::string::npos);
    }
    EXPECT_EQ(::waitpid(bystander, nullptr, WNOHANG), 0) << "it still lives";
    ::kill(bystander, SIGKILL);
    ::waitpid(bystander, nullptr, 0);
}

TEST(Store, NamesAFileItCannotUnderstandAndLeavesItAlone) {
    const std::pair<const char*, const char*> cases[] = {
        {kJobFile, "{\"v\":1,\"sess"}, {kJobFile, "{\"v\":2}"},        {kJobFile, ""},
        {kStatusFile, "{\"v\":1,"},    {kStatusFile, "{\"v\":3}"},     {kStatusFile, "\xff"},
        {kJobFile, "{\"v\":1e999}"},   {kStatusFile, "{\"v\":1e999}"},
    };
    for (const auto& [file, text] : cases) {
        SCOPED_TRACE(std::string(file) + text);
        const StoredJob job;
        job.write(file, text);
        const auto loaded = job.load();
        ASSERT_FALSE(loaded);
        EXPECT_NE(loaded.error().message.find(job.id + "/" + file), std::string::npos)
            << loaded.error().message;
        Problems problems;
        EXPECT_TRUE(job.folder.store().list(&problems).empty());
        EXPECT_EQ(problems.size(), 1U);
        EXPECT_FALSE(job.folder.store().cancel(job.id, "test"));
        EXPECT_EQ(job.folder.store().clean_up(0, [](const JobRecord&) { return true; }), 0);
        EXPECT_EQ(job.folder.dir().read("state/jobs/" + job.id + "/" + file), text);
    }
}

TEST(Store, IgnoresWhatIsNoJob) {
    const StoredJob job;
    job.folder.dir().write("state/jobs/README", "hello");
    job.folder.dir().write("state/jobs/ABCDEF01/job.json", "{}");
    job.folder.dir().write("state/jobs/0123456789/job.json", "{}");
    std::filesystem::create_directory(job.folder.store().folder() / "0000aaaa");
    Problems problems;
    EXPECT_EQ(job.folder.store().list(&problems).size(), 1U);
    EXPECT_EQ(problems, Problems());
    for (const char* id : {"", "..", "../x", "0000aaa", "0000AAAA", "ffffffff", "0000aaaa/"})
        EXPECT_FALSE(job.folder.store().load(id)) << id;
}

TEST(Store, LeavesNothingOfAJobThatItCouldNotRecord) {
    const JobsFolder folder;
    EXPECT_FALSE(Store::open(folder.dir().write("file", "") / std::filesystem::path("jobs")));
    EXPECT_FALSE(Store::open(folder.dir() / "file"));
    const Store gone = *Store::open(folder.dir() / "other");
    std::filesystem::remove(folder.dir() / "other");
    folder.dir().write("other", "");
    const auto job = gone.create(folder.spec("true"));
    ASSERT_FALSE(job);
    EXPECT_NE(job.error().message.find("Not a directory"), std::string::npos)
        << job.error().message;
}

TEST(Store, MakesAJobOfAPreparedDirectoryOrOfAnotherIfThatHasGone) {
    const JobsFolder folder;
    const auto entries = [&] {
        return std::distance(std::filesystem::directory_iterator(folder.store().folder()), {});
    };
    for (const bool has_gone : {false, true}) {
        SCOPED_TRACE(has_gone);
        auto prepared = folder.store().prepare();
        ASSERT_TRUE(prepared) << prepared.error().message;
        EXPECT_TRUE(folder.store().ids().empty());
        if (has_gone) std::filesystem::remove_all(prepared->path());
        const auto job = folder.store().create(folder.spec("true"), *std::move(prepared));
        ASSERT_TRUE(job) << job.error().message;
        EXPECT_EQ(folder.store().load(job->id)->spec.command, "true");
        EXPECT_EQ(entries(), 1) << "the job and nothing else";
        std::filesystem::remove_all(folder.store().folder_of(job->id));
    }
    { const auto unused = folder.store().prepare(); }
    EXPECT_EQ(entries(), 0);
    EXPECT_TRUE(std::filesystem::is_empty(folder.store().prepared_folder()));
}

TEST(Store, MakesItsDirectoriesAgainWhenTheyWereRemoved) {
    const JobsFolder folder;
    for (const char* removed : {"state/jobs", "state"}) {
        SCOPED_TRACE(removed);
        std::filesystem::remove_all(folder.dir() / removed);
        const auto job = folder.store().create(folder.spec("true"));
        ASSERT_TRUE(job) << job.error().message;
        EXPECT_TRUE(folder.store().load(job->id));
        for (const char* made : {"state", "state/jobs"}) {
            struct stat info {};
            ASSERT_EQ(::stat((folder.dir() / made).c_str(), &info), 0);
            EXPECT_EQ(info.st_mode & 0777U, 0700U) << made;
        }
    }
}

TEST(Store, LetsOneOfManyDecideAboutAQueuedJob) {
    const StoredJob job;
    std::atomic<int> cancelled = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&, i] {
                if (job.folder.store().cancel(job.id, "thread " + std::to_string(i))) ++cancelled;
            });
        }
    }
    EXPECT_EQ(cancelled, 1);
    EXPECT_EQ(job.load()->status, Status::kCancelled);
}

TEST(Store, DoesNotEndAJobThatAnotherProcessHasLocked) {
    const StoredJob job;
    job.write(kLockFile, "not a word of ours");
    const UniqueFd lock(::open((job.folder.store().folder_of(job.id) / kLockFile).c_str(), O_RDWR));
    ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
    EXPECT_EQ(job.load()->status, Status::kQueued);
    const auto cancelled = job.folder.store().cancel(job.id, "test");
    ASSERT_FALSE(cancelled);
    EXPECT_EQ(cancelled.error().message, "job " + job.id + " is locked by another process");
    EXPECT_EQ(job.load()->status, Status::kQueued);
}

/// Makes the stored job that of another machine, which shares the state directory.
void give_to(const std::string& host, const StoredJob& job) {
    auto record = job.load();
    ASSERT_TRUE(record) << record.error().message;
    record->host = host;
    ASSERT_TRUE(job.folder.store().rewrite(*record));
}

TEST(Store, LeavesAJobOfAnotherHostToThatHost) {
    for (const bool started : {false, true}) {
        SCOPED_TRACE(started);
        const StoredJob job;
        give_to("elsewhere", job);
        if (started) job.write(kStartedFile, started_by(ProcessIdentity::of_this_process()));
        const Store& store = job.folder.store();
        const auto loaded = job.load();
        ASSERT_TRUE(loaded) << loaded.error().message;
        EXPECT_EQ(loaded->status, started ? Status::kRunning : Status::kQueued);
        EXPECT_EQ(loaded->host, "elsewhere");
        EXPECT_TRUE(is_elsewhere(*loaded));
        EXPECT_EQ(store.list().size(), 1U);
        const std::string refusal =
            "job " + job.id + " belongs to the host elsewhere: only there it can be ended";
        const auto cancelled = store.cancel(job.id, "test");
        ASSERT_FALSE(cancelled);
        EXPECT_EQ(cancelled.error().message, refusal);
        const auto ended = store.end_unstarted(job.id, {});
        ASSERT_FALSE(ended);
        EXPECT_EQ(ended.error().message, refusal);
        EXPECT_FALSE(store.has_ended(job.id)) << "nobody has judged it";
    }
}

TEST(Store, KeepsTheHostOfAJobThatIsWrittenAgain) {
    const StoredJob job;
    EXPECT_EQ(job.load()->host, host_name());
    give_to("elsewhere", job);
    ASSERT_TRUE(job.folder.store().rewrite(*job.load()));
    EXPECT_EQ(job.load()->host, "elsewhere");
}

TEST(Store, TreatsAnOldRecordWithoutAHostAsOneOfThisHost) {
    const StoredJob job;
    const std::string file = "state/jobs/" + job.id + "/" + kJobFile;
    std::string text = job.folder.dir().read(file);
    const std::string member = "\"host\":\"" + host_name() + "\",";
    ASSERT_NE(text.find(member), std::string::npos) << text;
    text.erase(text.find(member), member.size());
    job.write(kJobFile, text);
    EXPECT_TRUE(job.folder.store().cancel(job.id, "test"));
}

TEST(Store, DoesNotRemoveJobsOfAnotherHost) {
    const StoredJob job;
    give_to("elsewhere", job);
    JobEnd end;
    end.status = Status::kCompleted;
    job.write(kStatusFile, encode_end(end));
    EXPECT_EQ(job.folder.store().clean_up(0, [](const JobRecord&) { return true; }), 0);
    EXPECT_EQ(job.load()->status, Status::kCompleted);
}

TEST(Store, RemovesOnlyOldDeliveredEndedJobs) {
    const JobsFolder folder;
    const auto make = [&](std::int64_t days_ago, bool ended) {
        const JobId id = folder.store().create(folder.spec("true"))->id;
        JobEnd end;
        end.status = Status::kCompleted;
        end.ended_ms = wall_clock_ms() - days_ago * 86'400'000;
        if (ended) folder.dir().write("state/jobs/" + id + "/" + kStatusFile, encode_end(end));
        return id;
    };
    const JobId old = make(31, true);
    const JobId young = make(29, true);
    const JobId queued = make(0, false);
    const JobId untold = make(31, true);
    const JobId tree_lives = make(31, true);
    folder.dir().write("state/jobs/.removed-0000aaaa-x/output", "half removed");
    const PreparedJob in_use = *folder.store().prepare();
    PreparedJob abandoned = *folder.store().prepare();
    const std::filesystem::path abandoned_path = abandoned.path();
    abandoned.release();
    std::filesystem::last_write_time(
        abandoned_path, std::filesystem::file_time_type::clock::now() - std::chrono::hours(2));
    const UniqueFd lock(
        ::open((folder.store().folder_of(tree_lives) / kLockFile).c_str(), O_RDWR | O_CREAT, 0600));
    ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
    Problems problems;
    EXPECT_EQ(folder.store().clean_up(
                  30, [&](const JobRecord& job) { return job.id != untold; }, &problems),
              1);
    EXPECT_EQ(problems, Problems());
    EXPECT_FALSE(folder.store().load(old));
    for (const JobId& id : {young, queued, untold, tree_lives})
        EXPECT_TRUE(folder.store().load(id));
    EXPECT_FALSE(std::filesystem::exists(folder.store().folder() / ".removed-0000aaaa-x"));
    EXPECT_FALSE(std::filesystem::exists(abandoned_path));
    EXPECT_TRUE(std::filesystem::exists(in_use.path()));
}

constexpr std::int64_t kDay = 86'400'000;
constexpr char kOtherBoot[] = "11111111-2222-3333-4444-555555555555";

TEST(Clock, SetMeanwhileDoesNotChangeTheOrderOfJobs) {
    const JobsFolder folder;
    struct Case {
        const char* boot;  // none: this one
        std::int64_t wall_ms, since_boot_ns;
    };
    // In their true order: another boot, then this one, in which the clock was set back a year and
    // then forward by ten.
    const std::int64_t now = wall_clock_ms();
    const Case cases[] = {
        {kOtherBoot, now - 2 * kDay, 50}, {kOtherBoot, now - 3 * kDay, 60}, {nullptr, now, 10},
        {nullptr, now - 365 * kDay, 20},  {nullptr, now + 3650 * kDay, 30}, {nullptr, now, 40},
    };
    std::vector<JobId> ids;
    for (const Case& c : cases) {
        auto job = folder.store().create(folder.spec("true"));
        ASSERT_TRUE(job);
        if (c.boot != nullptr) job->boot_id = c.boot;
        job->submitted_ms = c.wall_ms;
        job->submitted_ns = c.since_boot_ns;
        ASSERT_TRUE(folder.store().rewrite(*job));
        ids.push_back(job->id);
    }
    std::vector<JobId> listed;
    for (const JobRecord& job : folder.store().list())
        listed.push_back(job.id);
    EXPECT_EQ(listed, ids);
}

TEST(Clock, SetMeanwhileDoesNotChangeHowLongAJobHasRun) {
    for (const std::int64_t jump : {-400 * kDay, std::int64_t{0}, 400 * kDay}) {
        SCOPED_TRACE(jump);
        const StoredJob job;
        const Started started{ProcessIdentity::of_this_process(), wall_clock_ms() + jump, 1000};
        job.write(kStartedFile, encode_started(started));
        const UniqueFd lock(::open((job.folder.store().folder_of(job.id) / kLockFile).c_str(),
                                   O_RDWR | O_CREAT, 0600));
        ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
        const auto loaded = job.load();
        ASSERT_TRUE(loaded);
        EXPECT_EQ(loaded->status, Status::kRunning);
        // As old as this process, which is no older than the longest test.
        EXPECT_GE(wall_clock_ms() - loaded->started_ms, 0);
        EXPECT_LT(wall_clock_ms() - loaded->started_ms, kDay);
    }
}

/// A job that has ended, by both clocks, and one more that shows that the clock was set.
class OldJob {
public:
    OldJob(std::int64_t ended_ms, const std::string& boot, std::int64_t ended_boot_ms) {
        JobEnd end;
        end.status = Status::kCompleted;
        end.ended_ms = ended_ms;
        end.boot_id = boot;
        end.ended_boot_ms = ended_boot_ms;
        job_.write(kStatusFile, encode_end(end));
        // Its record is of that boot too, so that it says nothing of this one's clock.
        auto record = *job_.load();
        record.boot_id = kOtherBoot;
        EXPECT_TRUE(job_.folder.store().rewrite(record));
    }
    void show_that_the_clock_was_set() const {
        auto job = job_.folder.store().create(job_.folder.spec("true"));
        ASSERT_TRUE(job);
        job->submitted_ms -= 90 * kDay;
        ASSERT_TRUE(job_.folder.store().rewrite(*job));
    }
    [[nodiscard]] int clean_up(int keep_days) const {
        return job_.folder.store().clean_up(keep_days, [](const JobRecord&) { return true; });
    }

private:
    StoredJob job_;
};

TEST(Clock, SetMeanwhileNeitherRemovesNorKeepsAJob) {
    struct Case {
        const char* what;
        std::int64_t ended_ago_ms;  // by the wall clock
        std::string boot;
        std::int64_t ended_since_boot;  // milliseconds ago; of this boot
        int keep_days;
        bool clock_was_set;
        int removed;
    };
    const Case cases[] = {
        {"forward: young by the other clock", 60 * kDay, boot_id(), 1000, 30, false, 0},
        {"back: from the future, and ended a second ago", -365 * kDay, boot_id(), 1000, 0, false,
         1},
        {"of another boot and old", 60 * kDay, kOtherBoot, 0, 30, false, 1},
        {"of another boot and young", 2 * kDay, kOtherBoot, 0, 30, false, 0},
        {"of another boot and from the future", -5 * kDay, kOtherBoot, 0, 0, false, 0},
        {"of another boot, old or not: nobody knows", 60 * kDay, kOtherBoot, 0, 30, true, 0},
        {"of a version that noted no boot", 60 * kDay, "", 0, 30, false, 1},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        const OldJob job(wall_clock_ms() - c.ended_ago_ms, c.boot,
                         std::max<std::int64_t>(0, boot_clock_ms() - c.ended_since_boot));
        if (c.clock_was_set) job.show_that_the_clock_was_set();
        EXPECT_EQ(job.clean_up(c.keep_days), c.removed);
    }
}

TEST(OutputCap, IsWhatIsLeftButNeverNothing) {
    constexpr std::uint64_t kMebibyte = 1U << 20U;
    struct Case {
        std::uint64_t limit, total, held, cap;
    };
    const Case cases[] = {
        {64 * kMebibyte, 4096 * kMebibyte, 0, 64 * kMebibyte},
        {64 * kMebibyte, 100 * kMebibyte, 60 * kMebibyte, 40 * kMebibyte},
        {64 * kMebibyte, 100 * kMebibyte, 100 * kMebibyte, kMebibyte},
        {64 * kMebibyte, 100 * kMebibyte, 500 * kMebibyte, kMebibyte},
        {1000, 100 * kMebibyte, 500 * kMebibyte, 1000},
        {0, 0, 0, 0},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.held);
        EXPECT_EQ(output_cap(c.limit, c.total, c.held), c.cap);
    }
}

}  // namespace
}  // namespace tenon::jobs
