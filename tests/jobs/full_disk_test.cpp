// Jobs on a disk without free space or free inodes, and on one that refuses to be written.
#include <csignal>

#include "tests/jobs/jobs_fixture.h"
#include "tests/support/small_disk.h"

namespace tenon::jobs {
namespace {

using tenon::testing::SmallDisk;
using testing::deadline;
using testing::drain;
using testing::ended;
using testing::JobsFolder;
using testing::processes_of;

constexpr char kSize[] = "size=8m,nr_inodes=400";
constexpr std::uint64_t kMostFree = 8;

/// A store on a small disk. What commands wait for is on another disk.
class FullDisk : public ::testing::Test {
protected:
    FullDisk() {
        std::filesystem::create_directories(dir / "state");
        disk.emplace(dir / "state", kSize);
        if (disk->why_not().empty()) store.emplace(*Store::open(dir / "state/jobs"));
    }
    void SetUp() override {
        if (!store) GTEST_SKIP() << "only root can mount the small disk: " << disk->why_not();
    }
    [[nodiscard]] QueueOptions options() const {
        QueueOptions options;
        options.session = "s";
        options.shim.program = TENON_SHIM;
        return options;
    }
    [[nodiscard]] JobSpec spec(std::string command, JobKind kind = JobKind::kBackground) const {
        JobSpec spec;
        spec.session = "s";
        spec.workspace = spec.cwd = dir.path();
        spec.command = std::move(command);
        spec.kind = kind;
        return spec;
    }
    [[nodiscard]] std::string fifo(const std::string& name) const {
        const auto path = dir / name;
        ::unlink(path.c_str());
        EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
        return path;
    }
    /// How many blocks, or inodes, are left.
    void leave(bool blocks, std::uint64_t free) const {
        blocks ? disk->leave_blocks(free) : disk->leave_files(free);
    }
    /// Checks what the next host reads of the job.
    void expect_on_record(const JobRecord& job) const {
        EXPECT_TRUE(store->has_ended(job.id));
        const auto again = store->load(job.id);
        ASSERT_TRUE(again) << again.error().message;
        EXPECT_EQ(encode_end(again->end), encode_end(job.end));
        EXPECT_EQ(report(store->folder_of(job.id), *again), report(store->folder_of(job.id), job));
        EXPECT_TRUE(processes_of(job.id).empty());
    }
    /// Checks that the end says that the job has not begun, and why.
    void expect_not_begun(const JobRecord& job) const {
        EXPECT_EQ(job.status, Status::kError);
        EXPECT_EQ(job.end.exit_code, 127);
        const std::string text = report(store->folder_of(job.id), job);
        EXPECT_NE(text.find("No space left on device"), std::string::npos) << text;
        EXPECT_EQ(text.rfind("tenon: ", 0), 0U) << text;
        EXPECT_EQ(text.substr(text.rfind('\n') + 1), "[exit code: 127]") << text;
        EXPECT_FALSE(std::filesystem::exists(dir / "ran"));
    }
    void expect_its_own_end(const JobRecord& job) const {
        EXPECT_EQ(job.status, Status::kError);
        EXPECT_EQ(job.end.exit_code, 3);
        EXPECT_EQ(job.end.signal, std::nullopt);
    }

    const tenon::testing::TempDir dir;
    std::optional<SmallDisk> disk;
    std::optional<Store> store;
};

TEST_F(FullDisk, BeforeAJobIsRecordedRefusesItOrRunsItToItsEnd) {
    for (const bool blocks : {true, false}) {
        for (std::uint64_t free = 0; free <= kMostFree; ++free) {
            SCOPED_TRACE(blocks ? "blocks" : "names");
            SCOPED_TRACE(free);
            std::filesystem::remove(dir / "ran");
            Queue queue(*store, options());
            leave(blocks, free);
            const auto before = store->ids();
            const auto job = queue.submit(spec("touch " + (dir / "ran").string() + "; exit 3"));
            if (!job) {
                EXPECT_LT(free, 5U);
                const std::string why = job.error().message;
                EXPECT_NE(why.find("No space left on device"), std::string::npos) << why;
                const bool no_end = why.find("reserve the space of") != std::string::npos;
                const std::string named = dir / (no_end ? "state/jobs: " : "state/prepared/");
                EXPECT_NE(why.find(named), std::string::npos) << why;
                EXPECT_EQ(store->ids(), before) << "nothing is left of it";
            } else {
                const JobRecord end = ended(queue, job->id);
                end.end.exit_code == 127 ? expect_not_begun(end) : expect_its_own_end(end);
                expect_on_record(end);
            }
            disk->give_back();
        }
    }
}

TEST_F(FullDisk, BeforeAQueuedJobStartsEndsItWithTheReasonOrRunsIt) {
    for (const bool blocks : {true, false}) {
        for (std::uint64_t free = 0; free <= kMostFree; ++free) {
            SCOPED_TRACE(blocks ? "blocks" : "names");
            SCOPED_TRACE(free);
            std::filesystem::remove(dir / "ran");
            const auto job = store->create(spec("touch " + (dir / "ran").string() + "; exit 3"));
            ASSERT_TRUE(job) << job.error().message;
            leave(blocks, free);
            Queue queue(*store, options());
            queue.adopt([](const JobRecord&) { return false; });
            const JobRecord end = ended(queue, job->id);
            end.end.exit_code == 127 ? expect_not_begun(end) : expect_its_own_end(end);
            EXPECT_TRUE(free > 0 || end.end.exit_code == 127);
            expect_on_record(end);
            disk->give_back();
        }
    }
}

TEST_F(FullDisk, WhileACommandRunsDoesNotKeepItsEndFromTheRecord) {
    for (const bool blocks : {true, false}) {
        for (std::uint64_t free = 0; free <= kMostFree; ++free) {
            for (const JobKind kind : {JobKind::kForeground, JobKind::kBackground}) {
                SCOPED_TRACE(blocks ? "blocks" : "names");
                SCOPED_TRACE(free);
                const std::string gate = fifo("gate");
                Queue queue(*store, options());
                const auto job =
                    queue.submit(spec("echo go >" + gate + "; cat " + gate +
                                          "; head -c 100000 /dev/zero | tr '\\0' x; exit 3",
                                      kind));
                ASSERT_TRUE(job) << job.error().message;
                ASSERT_EQ(JobsFolder::read_fifo(gate), "go\n");
                leave(blocks, free);
                JobsFolder::write_fifo(gate);
                const JobRecord end = ended(queue, job->id);
                expect_its_own_end(end);
                EXPECT_EQ(end.end.output_bytes, 100'003U);
                expect_on_record(end);
                disk->give_back();
            }
        }
    }
}

TEST_F(FullDisk, BetweenTheEndOfACommandAndItsRecordDoesNotKeepItFromTheRecord) {
    for (const bool blocks : {true, false}) {
        for (std::uint64_t free = 0; free <= kMostFree; ++free) {
            SCOPED_TRACE(blocks ? "blocks" : "names");
            SCOPED_TRACE(free);
            const std::string ready = fifo("ready");
            Queue queue(*store, options());
            // Its supervisor stands still while bash ends.
            const auto job =
                queue.submit(spec("kill -STOP $PPID; exec 9>" + ready + "; echo go >&9; exit 3"));
            ASSERT_TRUE(job) << job.error().message;
            ASSERT_EQ(JobsFolder::read_fifo(ready), "go\n") << "and bash has closed it by its end";
            leave(blocks, free);
            const auto shim = store->started(job->id);
            ASSERT_TRUE(shim) << shim.error().message;
            ASSERT_TRUE(send_signal(open_process(shim->shim), SIGCONT));
            const JobRecord end = ended(queue, job->id);
            expect_its_own_end(end);
            expect_on_record(end);
            disk->give_back();
        }
    }
}

TEST_F(FullDisk, LetsJobsBeCancelledAndRecordsWhoAsked) {
    for (const bool blocks : {true, false}) {
        SCOPED_TRACE(blocks ? "blocks" : "names");
        auto one_at_a_time = options();
        one_at_a_time.max_running = 1;
        Queue queue(*store, one_at_a_time);
        const std::string ready = fifo("ready");
        const JobId running = queue.submit(spec("echo go >" + ready + "; exec sleep 1000"))->id;
        const JobId queued = queue.submit(spec("true"))->id;
        ASSERT_EQ(JobsFolder::read_fifo(ready), "go\n");
        leave(blocks, 0);
        for (const JobId& id : {queued, running}) {
            const auto cancelled = queue.cancel(id, "background_cancel");
            ASSERT_TRUE(cancelled) << cancelled.error().message;
            const JobRecord end = ended(queue, id);
            EXPECT_EQ(end.status, Status::kCancelled);
            EXPECT_EQ(end.end.ended_by, "background_cancel");
            expect_on_record(end);
        }
        disk->give_back();
    }
}

TEST_F(FullDisk, EndsTheJobsOfASessionThatEnds) {
    auto one_at_a_time = options();
    one_at_a_time.max_running = 1;
    Queue queue(*store, one_at_a_time);
    const std::string ready = fifo("ready");
    const JobId running = queue.submit(spec("echo go >" + ready + "; exec sleep 1000"))->id;
    const JobId queued = queue.submit(spec("true"))->id;
    ASSERT_EQ(JobsFolder::read_fifo(ready), "go\n");
    leave(true, 0);
    EXPECT_EQ(queue.cancel_session_jobs("exit"), 0U);
    for (const JobId& id : {queued, running})
        expect_on_record(*queue.find(id));
}

TEST_F(FullDisk, LetsALostJobBeRecordedAsLost) {
    const std::string ready = fifo("ready");
    Queue queue(*store, options());
    const JobId id = queue.submit(spec("echo go >" + ready + "; exec sleep 1000"))->id;
    ASSERT_EQ(JobsFolder::read_fifo(ready), "go\n");
    leave(true, 0);
    ASSERT_TRUE(send_signal(open_process(store->started(id)->shim), SIGKILL));
    const JobRecord end = ended(queue, id);
    EXPECT_EQ(end.status, Status::kLost);
    expect_on_record(end);
}

TEST_F(FullDisk, LetsAForegroundCommandBecomeABackgroundJobForEverybody) {
    const std::string ready = fifo("ready");
    Queue queue(*store, options());
    const JobId id =
        queue.submit(spec("echo go >" + ready + "; exec sleep 1000", JobKind::kForeground))->id;
    ASSERT_EQ(JobsFolder::read_fifo(ready), "go\n");
    leave(true, 0);
    ASSERT_TRUE(queue.to_background(id));
    EXPECT_EQ(store->load(id)->spec.kind, JobKind::kBackground);
    ASSERT_TRUE(queue.cancel(id, "test"));
    EXPECT_EQ(ended(queue, id).status, Status::kCancelled);
}

/// Puts a directory in the place of a record, so that the file system refuses the record.
class Refusal {
public:
    Refusal(std::filesystem::path at) : at_(std::move(at)) {
        std::filesystem::remove(at_);
        std::filesystem::create_directories(at_ / "in the way");
    }
    void lift() const { std::filesystem::remove_all(at_); }

private:
    std::filesystem::path at_;
};

TEST(RefusingDisk, DoesNotHideTheTrueEndFromTheHostAndGetsTheRecordLater) {
    const JobsFolder folder;
    for (const JobKind kind : {JobKind::kForeground, JobKind::kBackground}) {
        const std::string gate = folder.fifo(kind == JobKind::kForeground ? "gate1" : "gate2");
        Queue queue(folder.store(), folder.options());
        const auto job = queue.submit(
            folder.spec("echo go >" + gate + "; cat " + gate + "; sleep 1000 & exit 3", kind));
        ASSERT_TRUE(job) << job.error().message;
        ASSERT_EQ(JobsFolder::read_fifo(gate), "go\n");
        const Refusal refusal(folder.store().folder_of(job->id) / kStatusFile);
        JobsFolder::write_fifo(gate);
        const JobRecord end = ended(queue, job->id);
        EXPECT_EQ(end.status, Status::kError);
        EXPECT_EQ(end.end.exit_code, 3);
        EXPECT_EQ(end.end.left_behind, 1);
        EXPECT_EQ(drain(queue).size(), kind == JobKind::kBackground ? 1U : 0U);
        EXPECT_TRUE(folder.store().is_supervised(job->id)) << "nobody takes it for lost";
        refusal.lift();
        folder.wait_for_shim(job->id);
        const auto recorded = folder.store().load(job->id);
        ASSERT_TRUE(recorded) << recorded.error().message;
        EXPECT_EQ(encode_end(recorded->end), encode_end(end.end));
        EXPECT_TRUE(processes_of(job->id).empty());
    }
}

TEST(RefusingDisk, LetsAJobThatWaitsForItsRecordBeCancelled) {
    const JobsFolder folder;
    const std::string gate = folder.fifo("gate");
    Queue queue(folder.store(), folder.options());
    const auto job = queue.submit(folder.spec("echo go >" + gate + "; cat " + gate + "; exit 3"));
    ASSERT_EQ(JobsFolder::read_fifo(gate), "go\n");
    const std::filesystem::path status = folder.store().folder_of(job->id) / kStatusFile;
    const Refusal refusal(status);
    JobsFolder::write_fifo(gate);
    EXPECT_EQ(ended(queue, job->id).end.exit_code, 3);
    ASSERT_TRUE(send_signal(open_process(folder.store().started(job->id)->shim), SIGTERM));
    folder.wait_for_shim(job->id);
    refusal.lift();
}

TEST(RefusingDisk, EndsAJobThatHasNotBegunWithTheReason) {
    const JobsFolder folder;
    JobSpec spec = folder.spec("touch ran");
    spec.session = "s";
    const auto job = folder.store().create(spec);
    ASSERT_TRUE(job) << job.error().message;
    const Refusal refusal(folder.store().folder_of(job->id) / ".status.tmp");
    Queue queue(folder.store(), folder.options());
    queue.adopt([](const JobRecord&) { return false; });
    const JobRecord end = ended(queue, job->id);
    EXPECT_EQ(end.status, Status::kError);
    EXPECT_EQ(end.end.exit_code, 127);
    EXPECT_NE(folder.report_of(end).find("reserve the space of status.json: Is a directory"),
              std::string::npos)
        << folder.report_of(end);
    EXPECT_FALSE(std::filesystem::exists(folder.dir() / "ran"));
    EXPECT_EQ(drain(queue), std::vector{job->id});
}

TEST(RefusingDisk, LeavesAJobQueuedWhoseCancelCannotBeRecordedAndSaysWhy) {
    const JobsFolder folder;
    auto options = folder.options();
    options.max_running = 1;
    Queue queue(folder.store(), options);
    const std::string ready = folder.fifo("ready");
    const JobId running = queue.submit(folder.spec("echo go >" + ready + "; exec sleep 1000"))->id;
    const JobId refused = queue.submit(folder.spec("touch ran"))->id;
    const JobId queued = queue.submit(folder.spec("touch ran"))->id;
    ASSERT_EQ(JobsFolder::read_fifo(ready), "go\n");
    const Refusal refusal(folder.store().folder_of(refused) / ".status.tmp");
    Problems problems;
    EXPECT_EQ(queue.cancel_session_jobs("exit", &problems), 1U);
    EXPECT_EQ(problems, Problems{"cancel job " + refused + ": job " + refused +
                                 ": reserve the space of status.json: Is a directory"});
    EXPECT_EQ(folder.store().load(refused)->status, Status::kQueued);
    for (const JobId& id : {running, queued})
        EXPECT_EQ(queue.find(id)->status, Status::kCancelled);
    EXPECT_FALSE(std::filesystem::exists(folder.dir() / "ran"));
}

TEST(RefusingDisk, ThatLosesTheDirectoryOfAJobStillLearnsItsTrueEnd) {
    const JobsFolder folder;
    const std::string gate = folder.fifo("gate");
    Queue queue(folder.store(), folder.options());
    const auto job = queue.submit(folder.spec("echo go >" + gate + "; cat " + gate + "; exit 3"));
    ASSERT_EQ(JobsFolder::read_fifo(gate), "go\n");
    // The supervisor or the queue may still make a file in it.
    std::error_code failed;
    do {
        std::filesystem::remove_all(folder.store().folder(), failed);
    } while (failed == std::errc::directory_not_empty);
    ASSERT_FALSE(failed) << failed.message();
    JobsFolder::write_fifo(gate);
    const JobRecord end = ended(queue, job->id);
    EXPECT_EQ(end.status, Status::kError);
    EXPECT_EQ(end.end.exit_code, 3);
    const auto next = queue.submit(folder.spec("true"));
    ASSERT_TRUE(next) << next.error().message;
    EXPECT_EQ(ended(queue, next->id).status, Status::kCompleted);
}

TEST(Shim, TreatsALimitThatTheClockCannotCountAsNone) {
    const JobsFolder folder;
    Queue queue(folder.store(), folder.options());
    JobSpec spec = folder.spec("true");
    spec.timeout = std::chrono::hours(3'000'000);
    const auto job = queue.submit(spec);
    ASSERT_TRUE(job) << job.error().message;
    EXPECT_EQ(ended(queue, job->id).status, Status::kCompleted);
}

}  // namespace
}  // namespace tenon::jobs
