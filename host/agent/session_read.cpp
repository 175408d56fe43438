#include <algorithm>

#include "host/agent/repair.h"
#include "host/agent/session.h"
#include "host/agent/wire.h"
#include "host/base/path_text.h"
#include "host/base/utf8.h"
#include "host/journal/reader.h"

namespace tenon::agent {
namespace {

using PlaceCondition = journal::Place::Condition;

constexpr char kBesideNuls[] =
    "NUL bytes beside a record, as a crash of the machine leaves them; the record is kept";
constexpr std::string_view kInterrupted = "interrupted";
constexpr std::uint64_t kMix = 0x9e3779b97f4a7c15ULL;  // spreads neighbours (Knuth, 6.4)
constexpr std::uint64_t kNextPlace = std::uint64_t{1} << 56U;
constexpr std::string_view kLostText = "[a damaged part of this conversation could not be read]";

std::string where_of(const journal::Place& place) {
    return "line " + std::to_string(place.line);
}

Result<SessionHead> read_head(const journal::Record& record) {
    if (record.type() != journal::RecordType::kSession || !record.value("tools").is_array())
        return Error{"not the first record of a session"};
    SessionHead head;
    head.id = record.string("id");
    head.workspace = path_from_text(record.string("workspace"));
    head.provider = record.string("provider");
    head.model = record.string("model");
    head.server = record.string("server");
    head.system = record.string("system");
    head.tools = record.raw("tools");
    head.created_ms = record.integer("created_ms", 0);
    head.parent = record.string("parent");
    head.parent_call = record.string("parent_call");
    return head;
}

/// See Message::origin. A record without `asked` is of the model that the journal has named last.
std::string origin_in(const journal::Record& answer, const SessionHead& head) {
    const Json& asked = answer.value("asked");
    if (!asked.is_object()) return ModelName{head.provider, head.model}.words();
    return ModelName{string_or(asked, "provider"), string_or(asked, "name")}.words();
}

/// Whether a JSON value is an array with these elements, which split_blocks has found, and no
/// other.
bool is_array_of(const std::vector<std::string_view>& blocks, std::string_view value) {
    if (!value.starts_with('[')) return false;
    const auto has_other = [&](std::size_t from, std::size_t to) {
        return value.substr(from, to - from).find_first_not_of(" \t\r\n,[]") != value.npos;
    };
    std::size_t from = 0;
    for (const std::string_view block : blocks) {
        const auto begin = static_cast<std::size_t>(block.data() - value.data());
        if (has_other(from, begin)) return false;
        from = begin + block.size();
    }
    return !has_other(from, value.size());
}

/// Whether a text block certainly has a text that is not blank. Most of a conversation is such
/// text, and need not be parsed.
bool is_plain_text(std::string_view block) {
    if (utf8::trimmed(raw_member(block, "type")) != R"("text")") return false;
    const std::string_view quoted = utf8::trimmed(raw_member(block, "text"));
    return quoted.size() > 2 && quoted.front() == '"' && quoted[1] > ' ' && quoted[1] != '\\';
}

std::optional<ToolCall> call_in(const Json& block) {
    if (string_or(block, "type") != "tool_use") return std::nullopt;
    ToolCall call{string_or(block, "id"), string_or(block, "name"), Json::object(), {}};
    if (block.contains("input")) call.input = member(block, "input");
    return call;
}

std::optional<Image> image_of(const Json& member_of_record) {
    Image image{string_or(member_of_record, "media_type"), string_or(member_of_record, "data")};
    if (image.media_type.empty() || image.data.empty()) return std::nullopt;
    return image;
}

std::vector<Image> images_of_list(const Json& list) {
    std::vector<Image> images;
    if (!list.is_array()) return images;
    for (const Json& entry : list)
        if (auto image = image_of(entry)) images.push_back(std::move(*image));
    return images;
}

std::vector<Attachment> attachments_in(const Json& list) {
    std::vector<Attachment> attachments;
    if (!list.is_array()) return attachments;
    for (const Json& entry : list)
        attachments.push_back(
            {string_or(entry, "name"), string_or(entry, "text"), image_of(entry)});
    return attachments;
}

/// Whether an endpoint would refuse the block: a damaged journal can hold such blocks.
bool is_unusable(const Json& block) {
    const std::string type = string_or(block, "type");
    if (type.empty()) return true;
    if (type == "text") return is_blank(string_or(block, "text"));
    if (type != "tool_use") return false;
    return string_or(block, "name").empty() || !member(block, "input").is_object();
}

Error no_record(const std::filesystem::path& path, const journal::Place& first,
                const std::string& id) {
    return Error{path.string() + ":1: no record of this journal can be read (" + first.problem +
                 "); the file is left as it is. Move it away to begin a new session '" + id +
                 "', or put a copy of it in its place"};
}

/// The head in the first readable record, if it is that of the session `id`.
Result<SessionHead> first_record(const std::filesystem::path& path, const journal::Place& place,
                                 const std::vector<journal::Place>& damaged,
                                 const std::string& id) {
    const bool newer = place.condition == PlaceCondition::kNewer;
    auto head = newer ? Result<SessionHead>(Error{place.problem}) : read_head(*place.record);
    if (!head) {
        const std::string message =
            path.string() + ":" + std::to_string(place.line) + ": " + head.error().message;
        if (damaged.empty()) return Error{message};
        return Error{message + "; the first record is damaged (" + where_of(damaged.front()) +
                     "), and without it the session cannot be opened"};
    }
    if (head->id == id) return head;
    return Error{path.string() + ":1: holds the session '" + head->id + "', not '" + id + "'"};
}

}  // namespace

Result<Session> Session::open(const std::filesystem::path& folder, SessionHead fresh,
                              journal::Deliveries* deliveries) {
    const std::filesystem::path path = folder / (fresh.id + ".jsonl");
    auto opened = journal::Journal::open(path);
    if (!opened) return opened.error();
    journal::Reader reader = opened->reader();
    std::vector<journal::Place> damaged;  // before the first record
    auto place = reader.next();
    for (; place && *place && (*place)->condition == PlaceCondition::kDamaged;
         place = reader.next())
        damaged.push_back(std::move(**place));
    if (!place) return place.error();
    if (!*place && damaged.empty()) {
        opened->continue_after(reader);
        Session session(std::move(*opened), fresh, folder / fresh.id, deliveries);
        if (auto written = session.write_head(); !written) return written.error();
        return session;
    }
    if (!*place) return no_record(path, damaged.front(), fresh.id);
    auto head = first_record(path, **place, damaged, fresh.id);
    if (!head) return head.error();
    Session session(std::move(*opened), std::move(*head), folder / fresh.id, deliveries);
    session.resumed_ = true;
    for (const journal::Place& found : damaged)
        session.warn(where_of(found), "damaged, skipped (" + found.problem + ")");
    if ((*place)->condition == PlaceCondition::kBesideNuls)
        session.warn(where_of(**place), kBesideNuls);
    if (auto read = session.read(reader); !read) return read.error().while_doing(path.string());
    (void)session.journal_.mend_end();  // else before the next record
    return session;
}

/// The records after the first.
Result<void> Session::read(journal::Reader& reader) {
    while (true) {
        const auto place = reader.next();
        if (!place) return place.error();
        if (!*place) break;
        if (auto read = read_place(**place); !read) return read;
    }
    journal_.continue_after(reader);
    delivery_records_ = {};
    return {};
}

Result<void> Session::read_place(const journal::Place& place) {
    const std::string where = where_of(place);
    switch (place.condition) {
        case PlaceCondition::kDamaged:
            warn(where, "damaged, skipped (" + place.problem + ")");
            return {};
        case PlaceCondition::kNewer:
            return Error{where + ": " + place.problem};
        case PlaceCondition::kRepeated:
            note(where, "the same record once more, skipped");
            return {};
        case PlaceCondition::kBesideNuls:
            warn(where, kBesideNuls);
            break;
        case PlaceCondition::kWhole:
            break;
    }
    read_record(*place.record, where);
    return {};
}

void Session::note(const std::string& where, const std::string& what) {
    warnings_.push_back("session " + head_.id + ", " + where + ": " + what);
}

/// The unreadable part may have been anything, so the thinking after it is not valid any more.
void Session::warn(const std::string& where, const std::string& what) {
    mended_ = true;
    conversation_.leave_thread();
    note(where, what);
}

/// Text, or another answer, follows calls without results: the records of those results are lost.
void Session::answer_open_calls() {
    for (const ToolCall& call : conversation_.unanswered()) {
        mended_ = true;
        conversation_.leave_thread();
        (void)conversation_.add_result(call.id, {std::string(kInterrupted), true, {}});
    }
}

void Session::read_record(const journal::Record& record, const std::string& where) {
    using journal::RecordType;
    switch (record.type()) {
        case RecordType::kText:
            answer_open_calls();
            if (!record.has("text")) warn(where, "a message without text, skipped");
            append_text(record.string("text"), record.string("origin"));
            if (record.has("attached"))
                append_attachments(attachments_in(record.value("attached")));
            break;
        case RecordType::kAnswer:
            read_answer(record, where);
            break;
        case RecordType::kResult:
            read_result(record, where);
            break;
        case RecordType::kClear:
            conversation_ = Conversation();
            mended_ = false;
            reset_counts();
            break;
        case RecordType::kRedaction:
            answer_open_calls();
            conversation_.redact(calls_recorded_as(record.strings("tool_use_ids")));
            if (record.has("images"))
                (void)conversation_.leave_out_images(record.string("images") == "last"
                                                         ? Conversation::WhichImages::kOfLastMessage
                                                         : Conversation::WhichImages::kAll);
            break;
        case RecordType::kCompaction:
            read_compaction(record, where);
            break;
        case RecordType::kMended:
            mended_ = false;
            break;
        case RecordType::kModel:
            conversation_.leave_thread();
            if (record.has("model")) head_.model = record.string("model");
            if (record.has("provider")) head_.provider = record.string("provider");
            if (record.has("provider") || record.has("server"))
                head_.server = record.string("server");
            break;
        case RecordType::kWorkspace:
            if (record.has("workspace"))
                head_.workspace = path_from_text(record.string("workspace"));
            break;
        case RecordType::kTools:
            if (record.value("tools").is_array()) read_tools(record);
            break;
        case RecordType::kNone:
            warn(where, "a record without a type, skipped");
            break;
        case RecordType::kSession:
        case RecordType::kDelivery:
        case RecordType::kUsage:
        case RecordType::kUnknown:
            break;
    }
    deliveries_->deliver(delivery_records_.delivered_by(record));
}

void Session::read_tools(const journal::Record& record) {
    head_.tools = record.raw("tools");
    answer_open_calls();
    conversation_.strip_thinking();
}

void Session::read_result(const journal::Record& record, const std::string& where) {
    const std::string id = record.string("tool_use_id");
    const std::string_view text = record.quoted("text");
    if (!conversation_.add_quoted_result(call_recorded_as(id), text.empty() ? R"("")" : text,
                                         record.boolean("is_error", false),
                                         images_of_list(record.value("images")))) {
        warn(where, "a result without its call, skipped");
    }
}

void Session::read_answer(const journal::Record& record, const std::string& where) {
    const std::string_view content = record.raw("content");
    const auto texts = split_blocks(content);
    if (!is_array_of(texts, content)) {
        warn(where, "an answer without content, skipped");
        return;
    }
    answer_open_calls();
    const bool goes_on = std::exchange(paused_, record.string("stop_reason") == "pause_turn") &&
                         !conversation_.ends_with_user();
    if (!conversation_.awaits_answer() && !goes_on)
        warn(where, "an answer to nothing that is there");
    std::vector<std::string> blocks;
    std::vector<ToolCall> calls;
    const auto seq = static_cast<std::uint64_t>(record.integer("seq", 0));
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (mended_ && is_thinking_block(texts[i])) continue;
        const bool is_plain = is_plain_text(texts[i]);
        const Json block = is_plain ? Json() : json_or_null(texts[i]);
        if (!is_plain && is_unusable(block)) {
            warn(where, "a block that no endpoint would take, skipped");
            continue;
        }
        auto call = call_in(block);
        blocks.push_back(call ? name_call(*call, texts[i], (seq << 16U) + i)
                              : std::string(texts[i]));
        if (call) calls.push_back(std::move(*call));
    }
    const std::size_t count_kept = count_without_final_thinking({blocks.begin(), blocks.end()});
    mended_ = mended_ || count_kept < blocks.size();
    blocks.resize(count_kept);
    if (blocks.empty()) return;
    std::string kept;
    for (const std::string& block : blocks)
        kept.append(kept.empty() ? "" : ",").append(block);
    if (!conversation_.awaits_answer() && !goes_on) conversation_.add_text(kLostText);
    const bool in_thread = !mended_ && record.boolean("thread", false);
    conversation_.add_answer("[" + kept + "]", std::move(calls), origin_in(record, head_),
                             in_thread ? record.string("id") : std::string());
    if (mended_) return;
    count(read_usage(record.value("usage")).without(read_usage(record.value("estimated"))));
}

/// The block with an id and a name that endpoints accept; the call gets them too. A new id depends
/// only on the place of the call, so that it is the same whenever the journal is read.
std::string Session::name_call(ToolCall& call, std::string_view block, std::uint64_t place) {
    std::string out(block);
    if (const std::string name = accepted_tool_name(call.name); name != call.name) {
        mended_ = true;
        call.name = name;
        out = with_member(out, "name", name);
    }
    const std::string recorded = call.id;
    used_ids_->add(recorded);
    if (is_call_id(recorded) && call_ids_.insert(recorded).second) return out;
    mended_ = true;
    do
        call.id = call_id_of((place += kNextPlace) * kMix);
    while (!used_ids_->add(call.id));
    call_ids_.insert(call.id);
    recorded_ids_[call.id] = recorded;
    return with_member(out, "id", call.id);
}

std::string Session::recorded_id(const std::string& tool_use_id) const {
    const auto it = recorded_ids_.find(tool_use_id);
    return it == recorded_ids_.end() ? tool_use_id : it->second;
}

/// The first call that waits for a result and whose record has this id.
std::string Session::call_recorded_as(const std::string& id) const {
    if (recorded_ids_.empty()) return id;
    for (const ToolCall& call : conversation_.unanswered()) {
        if (recorded_id(call.id) == id) return call.id;
    }
    return id;
}

/// The calls that a record names: by their id in the conversation, or, in records of older
/// versions, by the recorded id.
std::set<std::string> Session::calls_recorded_as(const std::vector<std::string>& ids) const {
    std::set<std::string> calls;
    for (const std::string& id : ids) {
        if (call_ids_.count(id) > 0) {
            calls.insert(id);
            continue;
        }
        for (const auto& [call, recorded] : recorded_ids_) {
            if (recorded == id) calls.insert(call);
        }
    }
    return calls;
}

void Session::read_compaction(const journal::Record& record, const std::string& where) {
    const std::string text = record.string("text");
    if (text.empty()) {
        warn(where, "a summary without text, skipped");
        return;
    }
    answer_open_calls();
    const auto introduction = record.strings("front");
    conversation_.restart(introduction, text, record.strings("behind"),
                          record.boolean("asks", true),
                          images_of_list(record.value("behind_images")));
    mended_ = false;  // the model has seen exactly this
    reset_counts();
    introduction_texts_ = introduction.size();
}

}  // namespace tenon::agent
