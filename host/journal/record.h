#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/json.h"
#include "host/base/result.h"

namespace tenon::journal {

/// What a record says. Its name in the file stands first, its members follow; every record also has
/// "v" (1), "seq" (counts up) and "type" (the name).
enum class RecordType {
    /// session: id workspace provider model system tools created_ms, perhaps server; of a subagent
    /// also parent parent_call. First, once. `server`: the URL below which requests are sent,
    /// without credentials.
    kSession,
    /// user: origin text; of a prompt perhaps in_turn typed attached. A text of a user message.
    /// `in_turn`: it was delivered with tool results of a turn, else it begins one. `typed` is what
    /// the person typed, where `text` is something else; `attached` holds objects with name and
    /// text, or with name, media_type and data (base64): the blocks that follow the text.
    kText,
    /// assistant: id model asked stop_reason usage content. The content is verbatim. `asked` is an
    /// object with the provider and the name of the model that was asked; `model` is what the
    /// server called it. An older record has no `asked`. `thread` is Answer::in_thread; `estimated`
    /// is the part of `usage` that the server has not stated.
    kAnswer,
    /// tool_result: tool_use_id text is_error, perhaps images: objects with media_type and data.
    kResult,
    /// delivery: jobs. The record whose member `delivery` is this one's seq delivers how these jobs
    /// ended; it counts only when that record is there.
    kDelivery,
    /// clear: by. The conversation begins anew; what was delivered stays delivered.
    kClear,
    /// redaction: tool_use_ids, perhaps images. From here on these results say only which tool was
    /// used. `images`: those of the last message ("last") or of all ("all") are left out too.
    kRedaction,
    /// compaction: trigger transcript asks front text behind. One user message takes the place of
    /// the conversation: the texts of `front`, `text` with the summary, those of `behind`, and
    /// perhaps
    /// `behind_images`; what was delivered stays delivered.
    kCompaction,
    /// mended: from here on the model has seen the conversation as it is read back, damaged and
    /// repaired records included.
    kMended,
    /// model: model, perhaps provider and server. From here on requests name this model, in this
    /// wire format, and go to this server. With a provider, but without a server: it is not known.
    kModel,
    /// tools: tools. From here on requests carry these tools.
    kTools,
    /// workspace: workspace. From here on the session belongs to this directory.
    kWorkspace,
    /// usage: usage. The tokens of answers that are in no record: summaries, empty answers, those
    /// that were dropped.
    kUsage,
    kUnknown,  ///< of another name
    kNone,     ///< it has no type
};
constexpr std::size_t kRecordTypes = static_cast<std::size_t>(RecordType::kNone) + 1;

/// The type of this name.
RecordType record_type(std::string_view name);

/// One record of a journal, a JSON object on one line. Its members are parsed when somebody asks
/// for them, or can be taken as they stand in the line: most of a journal's bytes stand in a few
/// long strings that go on into requests byte for byte. The line must outlive it. For one thread.
class Record {
public:
    /// The Error says where the line is damaged.
    static Result<Record> read(std::string_view line);

    [[nodiscard]] RecordType type() const;

    /// A member of the given type; `otherwise`, or an empty one, where there is none.
    [[nodiscard]] std::string string(const char* key) const;
    [[nodiscard]] std::int64_t integer(const char* key, std::int64_t otherwise) const {
        return integer_in(value(key)).value_or(otherwise);
    }
    [[nodiscard]] bool boolean(const char* key, bool otherwise) const {
        const Json& flag = value(key);
        return flag.is_boolean() ? flag == Json(true) : otherwise;
    }
    [[nodiscard]] std::vector<std::string> strings(const char* key) const;
    /// Null when there is none, or a string.
    [[nodiscard]] const Json& value(const char* key) const;

    [[nodiscard]] bool has(std::string_view key) const { return raw_.count(key) > 0; }
    /// The member as it stands in the line; empty: there is none.
    [[nodiscard]] std::string_view raw(std::string_view key) const;
    /// The same of a string, quotes included; empty when it is of another type.
    [[nodiscard]] std::string_view quoted(std::string_view key) const;

private:
    void add(std::string_view key, std::string_view value);

    std::map<std::string_view, std::string_view> raw_;
    mutable std::map<std::string_view, Json> parsed_;  // what somebody asked for
    Json escaped_;  // the members with escapes in their keys, all but the strings
};

}  // namespace tenon::journal
