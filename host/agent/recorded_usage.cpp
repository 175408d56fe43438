#include "host/agent/recorded_usage.h"

#include "host/agent/repair.h"
#include "host/journal/reader.h"

namespace tenon::agent {
namespace {

using journal::RecordType;

Result<journal::Reader> open_for_usage(const std::filesystem::path& path) {
    return journal::Reader::open(path, {RecordType::kAnswer, RecordType::kUsage});
}

Result<void> add_records(journal::Reader& reader, RecordedUsage& sum) {
    while (true) {
        const auto record = reader.next_record();
        if (!record) return record.error();
        if (!*record) return {};
        sum.tokens += read_usage((*record)->value("usage"));
        sum.has_estimates = sum.has_estimates || (*record)->has("estimated");
    }
}

/// The folder of a session also holds transcripts, which are no journals.
void add_if_journal(const std::filesystem::path& path, RecordedUsage& sum) {
    auto reader = open_for_usage(path);
    if (!reader) return;
    const auto first = reader->next();
    if (!first || !*first || (*first)->type != RecordType::kSession) return;
    (void)add_records(*reader, sum);
}

}  // namespace

Result<RecordedUsage> usage_of_session(const std::filesystem::path& journal) {
    auto reader = open_for_usage(journal);
    if (!reader) return reader.error();
    RecordedUsage sum;
    if (auto added = add_records(*reader, sum); !added) return added.error();
    const std::filesystem::path folder = journal.parent_path() / journal.stem();
    std::error_code failed;
    for (std::filesystem::directory_iterator at(folder, failed), end; !failed && at != end;
         at.increment(failed)) {
        std::error_code ignored;
        if (at->path().extension() == ".jsonl" && at->is_regular_file(ignored))
            add_if_journal(at->path(), sum);
    }
    return sum;
}

}  // namespace tenon::agent
