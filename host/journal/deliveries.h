#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/base/mutex.h"
#include "host/base/result.h"
#include "host/journal/record.h"

/// Which ends of background jobs a session has delivered to its model.
namespace tenon::journal {

/// Finds the deliveries in the records of one journal. A delivery record lists jobs; their ends
/// count as delivered when a later record names its seq in the member `delivery`. Used by one
/// thread.
class DeliveryRecords {
public:
    /// The jobs whose end this record delivers. Must be called with every record of the types
    /// kDelivery, kText and kResult, in the order of the journal.
    std::vector<std::string> delivered_by(const Record& record);

private:
    std::unordered_map<std::int64_t, std::vector<std::string>> jobs_by_delivery_seq_;
};

/// What in a journal shows that ends of jobs have been delivered. The end of a foreground job is
/// delivered by the result of its call.
struct DeliveryEvidence {
    std::set<std::string> jobs;          ///< background jobs whose end has been delivered
    std::set<std::string> tool_use_ids;  ///< calls that have their result
    std::string parent_call;             ///< of a subagent's journal: the call it works for
};
/// Reads it without the journal's lock. Damaged records count as not there. Error: the journal
/// cannot be read, or a later version wrote in it.
Result<DeliveryEvidence> read_deliveries(const std::filesystem::path& journal);

/// The ends of background jobs of one open session: which have been delivered, which a call has
/// reserved, and which wait. For an open session, only this object holds this state; journals of
/// other sessions are read with read_deliveries. An end is delivered when the journal holds the
/// record that delivers it; the session calls `deliver` then, also for the records that it reads
/// when it is opened. Thread-safe. Not responsible for how a job ended.
class Deliveries {
public:
    enum class Reservation {
        kByThisCall,     ///< the call may deliver it
        kByAnotherCall,  ///< another call of the same answer delivers it
        kDelivered,      ///< it was delivered before; it may be shown again
    };

    [[nodiscard]] bool is_delivered(const std::string& job) const;
    [[nodiscard]] bool is_undelivered_and_unreserved(const std::string& job) const;

    /// Two calls of one answer may find the same end: the first that reserves it delivers it. A
    /// reservation stays after the delivery, so that another call of the same answer gets
    /// kByAnotherCall and not kDelivered.
    [[nodiscard]] Reservation reserve(const std::string& job, const std::string& call);
    /// The calls of the answer have ended: what they reserved and did not deliver can be reserved
    /// again.
    void end_reservations();

    /// The job has ended, and its end waits for its delivery unless it was delivered already.
    void add_waiting(const std::string& job);
    /// The ends that wait, in the order in which they were added; reserved ones among them.
    [[nodiscard]] std::vector<std::string> waiting() const;
    /// The journal holds their delivery.
    void deliver(const std::vector<std::string>& jobs);

private:
    mutable Mutex mutex_;
    std::set<std::string> delivered_ TENON_GUARDED_BY(mutex_);
    std::map<std::string, std::string> reserved_ TENON_GUARDED_BY(mutex_);  // job: call
    std::vector<std::string> waiting_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::journal
