#pragma once

#include <thread>
#include <vector>

#include "host/base/mutex.h"
#include "host/jobs/store.h"

namespace tenon::jobs {

/// The thread "jobs-sync" of a queue: brings the records of new jobs to the disk. It does so in
/// batches, since each commit of the file system's journal delays those who submit meanwhile.
/// Thread-safe; `add` does not block.
class RecordSync {
public:
    /// `store` outlives this. Throws std::runtime_error when there is no thread left.
    explicit RecordSync(const Store& store);
    /// Syncs what was added, then joins the thread.
    ~RecordSync();
    RecordSync(const RecordSync&) = delete;
    RecordSync& operator=(const RecordSync&) = delete;

    void add(const JobId& id);

private:
    void run();

    const Store& store_;
    Mutex mutex_;
    Condition changed_;
    std::vector<JobId> unsynced_ TENON_GUARDED_BY(mutex_);
    bool closing_ TENON_GUARDED_BY(mutex_) = false;
    std::thread thread_;  // the last member: it uses all others
};

}  // namespace tenon::jobs
