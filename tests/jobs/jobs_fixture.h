#pragma once

#include <chrono>
#include <fcntl.h>
#include <fstream>
#include <optional>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <vector>

#include <gtest/gtest.h>

#include "host/base/unique_fd.h"
#include "host/jobs/queue.h"
#include "host/jobs/report.h"
#include "host/jobs/store.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace tenon::jobs::testing {

using namespace std::chrono_literals;

/// A state directory, its store, and what most tests of jobs need.
class JobsFolder {
public:
    [[nodiscard]] const Store& store() const { return store_; }
    [[nodiscard]] const tenon::testing::TempDir& dir() const { return dir_; }

    [[nodiscard]] QueueOptions options(const std::string& session = "s") const {
        QueueOptions options;
        options.session = session;
        options.shim.program = TENON_SHIM;
        return options;
    }
    [[nodiscard]] JobSpec spec(std::string command, Kind kind = Kind::kBackground) const {
        JobSpec spec;
        spec.workspace = spec.cwd = dir_.path();
        spec.command = std::move(command);
        spec.kind = kind;
        return spec;
    }
    /// A fifo: reading it waits for the command that writes it, and the other way round.
    [[nodiscard]] std::string fifo(const std::string& name) const {
        const auto path = dir_ / name;
        EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
        return path;
    }
    static std::string read_fifo(const std::string& path) {
        std::ostringstream out;
        out << std::ifstream(path).rdbuf();
        return out.str();
    }
    static void write_fifo(const std::string& path) { std::ofstream(path) << "go\n"; }

    /// Waits until no shim holds the job any more.
    void wait_for_shim(const JobId& id) const {
        const UniqueFd lock(::open((store_.folder_of(id) / kLockFile).c_str(), O_RDWR | O_CLOEXEC));
        ASSERT_TRUE(lock);
        ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
    }
    [[nodiscard]] std::string report_of(const JobRecord& job) const {
        return report(store_.folder_of(job.id), job);
    }

private:
    tenon::testing::TempDir dir_;
    Store store_ = *Store::open(dir_ / "state/jobs");
};

/// The processes that have this job's id in their environment.
inline std::vector<std::string> processes_of(const JobId& id) {
    const std::string mark = "TENON_JOB_ID=" + id;
    std::vector<std::string> found;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
        std::ostringstream text;
        text << std::ifstream(entry.path() / "environ", std::ios::binary).rdbuf();
        if (text.str().find(mark) == std::string::npos) continue;
        std::ostringstream line;
        line << std::ifstream(entry.path() / "cmdline", std::ios::binary).rdbuf();
        found.push_back(entry.path().filename().string() + " " + line.str());
    }
    return found;
}

/// For Queue::adopt: the end of no job has been delivered yet.
inline bool nothing_delivered(const JobRecord&) {
    return false;
}

/// Long enough for the slowest machine. A test that passes does not wait so long.
inline std::chrono::steady_clock::time_point deadline() {
    return std::chrono::steady_clock::now() + 60s;
}

inline JobRecord ended(const Queue& queue, const JobId& id) {
    EXPECT_EQ(queue.wait_any(std::vector{id}, deadline(), {}), Queue::Waited::kEnded);
    return queue.find(id).value_or({});
}

inline JobRecord run(Queue& queue, JobSpec spec) {
    auto job = queue.submit(std::move(spec));
    if (!job) {
        ADD_FAILURE() << job.error().message;
        return {};
    }
    return ended(queue, job->id);
}

/// The ids in `ended`, in their order.
inline std::vector<JobId> drain(Queue& queue) {
    std::vector<JobId> ids;
    while (const Poco::AutoPtr<Poco::Notification> next = queue.ended().dequeueNotification()) {
        ids.push_back(dynamic_cast<const JobEndedNotification&>(*next).job.id);
    }
    return ids;
}

}  // namespace tenon::jobs::testing
