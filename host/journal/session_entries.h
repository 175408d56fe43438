#pragma once

#include <filesystem>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "host/base/json.h"
#include "host/base/result.h"
#include "host/journal/record.h"

/// A conversation as its journal holds it, for people and other programs. It is read without the
/// journal's lock, while a host may be writing it.
namespace tenon::journal {

struct SessionEntry {
    RecordType type = RecordType::kText;  ///< kText, kAnswer, kResult, kClear or kCompaction
    std::string origin;                   ///< of a text: prompt, notification, reminder, …
    std::string text;                     ///< of a text, a result, a summary
    bool in_turn = false;                 ///< of a prompt: it was delivered with tool results
    std::string typed;                    ///< what a person typed, where `text` is something else
    nlohmann::ordered_json
        content;  ///< of an answer: its blocks, members in the order of the endpoint
    /// Of a prompt: what is attached; of a result: its images. An array of what the record holds.
    nlohmann::ordered_json attached = nlohmann::ordered_json::array();
    std::string tool_use_id;  ///< of a result
    bool is_error = false;    ///< of a result
};

/// The types of records that are entries.
inline constexpr std::initializer_list<RecordType> kEntryTypes = {
    RecordType::kText, RecordType::kAnswer, RecordType::kResult, RecordType::kClear,
    RecordType::kCompaction};
/// None: the record is of another type, or lacks its content.
std::optional<SessionEntry> entry_from(const Record& record);

/// Calls `take` for each entry, oldest first, from the record at the offset `from` on. Records that
/// are damaged, repeated, unknown or cut off are passed over. Error: the journal cannot be read, or
/// a newer version wrote in it.
Result<void> read_entries(const std::filesystem::path& journal,
                          const std::function<void(SessionEntry)>& take, std::int64_t from = 0);

/// The conversation as messages of the Messages API, {"role","content":[block,…]}: texts and
/// results between two answers are one message. {"type":"clear"} stands where it was cleared,
/// {"type":"compaction","text"} where it was summarised. The messages before these stay.
Result<std::vector<nlohmann::ordered_json>> read_messages(const std::filesystem::path& journal);

}  // namespace tenon::journal
