#include "host/journal/session_entries.h"

#include "host/journal/reader.h"

namespace tenon::journal {
namespace {

using Ordered = OrderedJson;

/// An array of a record; empty when there is none.
Ordered ordered_array(const Record& record, const char* key) {
    if (!record.raw(key).starts_with('[')) return Ordered::array();
    return parse_ordered_json(record.raw(key), kMaxOwnJsonDepth).value_or(Ordered::array());
}

/// The blocks of attached files and images, as the model got them.
void append_attached(Ordered& blocks, const Ordered& attached) {
    for (const Ordered& file : attached) {
        if (const std::string data = string_or(file, "data"); !data.empty()) {
            blocks.push_back(Ordered{{"type", "image"},
                                     {"source",
                                      {{"type", "base64"},
                                       {"media_type", string_or(file, "media_type")},
                                       {"data", data}}}});
        }
        if (const std::string text = string_or(file, "text"); !text.empty())
            blocks.push_back(Ordered{{"type", "text"}, {"text", text}});
    }
}

/// Collects the parts of a user message.
class Messages {
public:
    void take(const SessionEntry& entry) {
        switch (entry.type) {
            case RecordType::kText:
                user_.push_back(Ordered{{"type", "text"}, {"text", entry.text}});
                append_attached(user_, entry.attached);
                return;
            case RecordType::kResult:
                user_.push_back(result(entry));
                return;
            case RecordType::kAnswer:
                end_user_message();
                messages_.push_back(Ordered{{"role", "assistant"}, {"content", entry.content}});
                return;
            case RecordType::kClear:
                end_user_message();
                messages_.push_back(Ordered{{"type", "clear"}});
                return;
            default:
                end_user_message();
                messages_.push_back(Ordered{{"type", "compaction"}, {"text", entry.text}});
        }
    }
    std::vector<Ordered> end() {
        end_user_message();
        return std::move(messages_);
    }

private:
    static Ordered result(const SessionEntry& entry) {
        Ordered block{
            {"type", "tool_result"}, {"tool_use_id", entry.tool_use_id}, {"content", entry.text}};
        if (!entry.attached.empty()) {
            Ordered content = Ordered::array({Ordered{{"type", "text"}, {"text", entry.text}}});
            append_attached(content, entry.attached);
            block["content"] = std::move(content);
        }
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

std::optional<SessionEntry> entry_from(const Record& record) {
    SessionEntry entry;
    entry.type = record.type();
    entry.text = record.string("text");
    switch (entry.type) {
        case RecordType::kText:
            entry.origin = record.string("origin");
            entry.in_turn = record.boolean("in_turn", false);
            entry.typed = record.string("typed");
            entry.attached = ordered_array(record, "attached");
            return entry;
        case RecordType::kAnswer:
            if (!record.raw("content").starts_with('[')) return std::nullopt;
            entry.content = parse_ordered_json(record.raw("content"), kMaxOwnJsonDepth)
                                .value_or(OrderedJson::array());
            return entry;
        case RecordType::kResult:
            entry.tool_use_id = record.string("tool_use_id");
            entry.is_error = record.boolean("is_error", false);
            entry.attached = ordered_array(record, "images");
            return entry;
        case RecordType::kClear:
        case RecordType::kCompaction:
            return entry;
        default:
            return std::nullopt;
    }
}

Result<void> read_entries(const std::filesystem::path& journal,
                          const std::function<void(SessionEntry)>& take, std::int64_t from) {
    auto reader = Reader::open(journal, kEntryTypes, from);
    if (!reader) return reader.error();
    while (true) {
        const auto record = reader->next_record();
        if (!record) return record.error();
        if (!*record) return {};
        if (auto entry = entry_from(**record)) take(*std::move(entry));
    }
}

Result<std::vector<Ordered>> read_messages(const std::filesystem::path& journal) {
    Messages messages;
    auto read = read_entries(journal, [&](const SessionEntry& entry) { messages.take(entry); });
    if (!read) return read.error();
    return messages.end();
}

}  // namespace tenon::journal
