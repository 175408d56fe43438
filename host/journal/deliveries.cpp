#include "host/journal/deliveries.h"

#include <algorithm>

#include "host/journal/reader.h"

namespace tenon::journal {

std::vector<std::string> DeliveryRecords::delivered_by(const Record& record) {
    if (record.type() == RecordType::kDelivery) {
        const std::int64_t seq = record.integer("seq", -1);
        if (seq >= 0) jobs_by_delivery_seq_[seq] = record.strings("jobs");
        return {};
    }
    const auto list = jobs_by_delivery_seq_.find(record.integer("delivery", -1));
    return list == jobs_by_delivery_seq_.end() ? std::vector<std::string>() : list->second;
}

Result<DeliveryEvidence> read_deliveries(const std::filesystem::path& journal) {
    auto reader = Reader::open(journal, {RecordType::kSession, RecordType::kText,
                                         RecordType::kResult, RecordType::kDelivery});
    if (!reader) return reader.error();
    DeliveryEvidence found;
    DeliveryRecords deliveries;
    while (true) {
        const auto next = reader->next_record();
        if (!next) return next.error();
        if (!*next) return found;
        const Record& record = **next;
        if (record.type() == RecordType::kSession) found.parent_call = record.string("parent_call");
        if (record.type() == RecordType::kResult)
            found.tool_use_ids.insert(record.string("tool_use_id"));
        for (std::string& job : deliveries.delivered_by(record))
            found.jobs.insert(std::move(job));
    }
}

bool Deliveries::is_delivered(const std::string& job) const {
    const Lock lock(mutex_);
    return delivered_.count(job) > 0;
}

bool Deliveries::is_undelivered_and_unreserved(const std::string& job) const {
    const Lock lock(mutex_);
    return delivered_.count(job) == 0 && reserved_.count(job) == 0;
}

Deliveries::Reservation Deliveries::reserve(const std::string& job, const std::string& call) {
    const Lock lock(mutex_);
    if (const auto it = reserved_.find(job); it != reserved_.end())
        return it->second == call ? Reservation::kByThisCall : Reservation::kByAnotherCall;
    if (delivered_.count(job) > 0) return Reservation::kDelivered;
    reserved_[job] = call;
    return Reservation::kByThisCall;
}

void Deliveries::end_reservations() {
    const Lock lock(mutex_);
    reserved_.clear();
}

void Deliveries::add_waiting(const std::string& job) {
    const Lock lock(mutex_);
    if (delivered_.count(job) == 0) waiting_.push_back(job);
}

std::vector<std::string> Deliveries::waiting() const {
    const Lock lock(mutex_);
    return waiting_;
}

void Deliveries::deliver(const std::vector<std::string>& jobs) {
    if (jobs.empty()) return;
    const Lock lock(mutex_);
    delivered_.insert(jobs.begin(), jobs.end());
    std::erase_if(waiting_, [&](const std::string& job)
                                TENON_REQUIRES(mutex_) { return delivered_.count(job) > 0; });
}

}  // namespace tenon::journal
