#include "host/journal/session_entries.h"

#include <optional>

#include "host/journal/journal_lines.h"
#include "host/journal/record.h"

namespace tenon::journal {
namespace {

using Kind = SessionEntry::Kind;
using Ordered = OrderedJson;

std::optional<SessionEntry> entry_from(const Json& record, std::string_view line) {
    const std::string type = string_or(record, "type");
    SessionEntry entry;
    entry.text = string_or(record, "text");
    if (type == "user") {
        entry.origin = string_or(record, "origin");
        return entry;
    }
    if (type == "assistant" && member(record, "content").is_array()) {
        entry.kind = Kind::kAnswer;
        entry.content = parse_ordered_json(Record::read(line)->raw("content"), kMaxOwnJsonDepth)
                            .value_or(OrderedJson::array());
        return entry;
    }
    if (type == "tool_result") {
        entry.kind = Kind::kResult;
        entry.tool_use_id = string_or(record, "tool_use_id");
        entry.is_error = bool_or(record, "is_error", false);
        return entry;
    }
    if (type != "clear" && type != "compaction") return std::nullopt;
    entry.kind = type == "clear" ? Kind::kCleared : Kind::kSummarised;
    return entry;
}

/// Gathers what a user message is made of.
class Messages {
public:
    void take(const SessionEntry& entry) {
        switch (entry.kind) {
            case Kind::kText:
                user_.push_back(Ordered{{"type", "text"}, {"text", entry.text}});
                return;
            case Kind::kResult:
                user_.push_back(result(entry));
                return;
            case Kind::kAnswer:
                end_user_message();
                messages_.push_back(Ordered{{"role", "assistant"}, {"content", entry.content}});
                return;
            case Kind::kCleared:
                end_user_message();
                messages_.push_back(Ordered{{"type", "clear"}});
                return;
            case Kind::kSummarised:
                break;
        }
        end_user_message();
        messages_.push_back(Ordered{{"type", "compaction"}, {"text", entry.text}});
    }
    std::vector<Ordered> end() {
        end_user_message();
        return std::move(messages_);
    }

private:
    static Ordered result(const SessionEntry& entry) {
        Ordered block{
            {"type", "tool_result"}, {"tool_use_id", entry.tool_use_id}, {"content", entry.text}};
        if (entry.is_error) block["is_error"] = true;
        return block;
    }
    void end_user_message() {
        if (!user_.empty()) messages_.push_back(Ordered{{"role", "user"}, {"content", user_}});
        user_ = Ordered::array();
    }

    Ordered user_ = Ordered::array();
    std::vector<Ordered> messages_;
};

}  // namespace

Result<void> read_entries(const std::filesystem::path& journal,
                          const std::function<void(SessionEntry)>& take) {
    auto lines = JournalLines::open(journal);
    if (!lines) return lines.error();
    while (true) {
        const auto line = lines->next();
        if (!line) return line.error().while_doing("read " + journal.string());
        if (!*line) return {};
        for (const std::string_view part : parts_between_nuls((*line)->text)) {
            const auto record = parse_json(part, kMaxOwnJsonDepth);
            if (!record || !record->is_object()) continue;
            if (integer_or(*record, "v", 0) > 1)
                return Error{journal.string() + ": written by a newer tenon"};
            if (auto entry = entry_from(*record, part)) take(*std::move(entry));
        }
    }
}

Result<std::vector<Ordered>> read_messages(const std::filesystem::path& journal) {
    Messages messages;
    auto read = read_entries(journal, [&](const SessionEntry& entry) { messages.take(entry); });
    if (!read) return read.error();
    return messages.end();
}

}  // namespace tenon::journal
