#include <algorithm>
#include <fstream>

#include "host/agent/record.h"
#include "host/agent/repair.h"
#include "host/agent/session.h"
#include "host/agent/wire.h"

namespace tenon::agent {
namespace {

constexpr std::string_view kInterrupted = "interrupted";
constexpr std::uint64_t kMix = 0x9e3779b97f4a7c15ULL;  // spreads neighbours (Knuth, 6.4)
constexpr std::uint64_t kNextPlace = std::uint64_t{1} << 56U;
constexpr std::string_view kLostText = "[a damaged part of this conversation could not be read]";

Result<SessionHead> read_head(std::string_view line, const std::string& where) {
    const auto record = Record::read(line);
    if (!record) return record.error().while_doing(where);
    if (record->integer("v", 0) > 1) {
        return Error{where + ": written by a newer tenon (record version " +
                     std::to_string(record->integer("v", 0)) + ", this one reads 1)"};
    }
    if (record->string("type") != "session" || !record->value("tools").is_array())
        return Error{where + ": not the first record of a session"};
    SessionHead head;
    head.id = record->string("id");
    head.workspace = record->string("workspace");
    head.provider = record->string("provider");
    head.model = record->string("model");
    head.system = record->string("system");
    head.tools = record->raw("tools");
    head.created_ms = record->integer("created_ms", 0);
    head.parent = record->string("parent");
    head.parent_call = record->string("parent_call");
    return head;
}

std::optional<ToolCall> call_in(const Json& block) {
    if (string_or(block, "type") != "tool_use") return std::nullopt;
    ToolCall call{string_or(block, "id"), string_or(block, "name"), Json::object(), {}};
    if (block.contains("input")) call.input = member(block, "input");
    return call;
}

/// What no request may carry: a damaged journal can hold it.
bool is_unusable(const Json& block) {
    const std::string type = string_or(block, "type");
    if (type.empty()) return true;
    if (type == "text") return is_blank(string_or(block, "text"));
    if (type != "tool_use") return false;
    return string_or(block, "name").empty() || !member(block, "input").is_object();
}

}  // namespace

Result<Deliveries> read_deliveries(const std::filesystem::path& journal) {
    std::ifstream in(journal, std::ios::binary);
    if (!in) return Error::from_errno("read " + journal.string());
    Deliveries found;
    std::unordered_map<std::int64_t, std::vector<std::string>> announced;
    for (std::string line; std::getline(in, line);) {
        const auto record = Record::read(line);
        if (!record) continue;
        const std::string type = record->string("type");
        if (type == "session") found.parent_call = record->string("parent_call");
        if (type == "tool_result") found.tool_use_ids.insert(record->string("tool_use_id"));
        if (type == "delivery") {
            announced[record->integer("seq", -1)] = record->strings("jobs");
        } else if (const auto it = announced.find(record->integer("delivery", -1));
                   it != announced.end()) {
            found.jobs.insert(it->second.begin(), it->second.end());
        }
    }
    return found;
}

Result<Session> Session::open(const std::filesystem::path& folder, SessionHead fresh) {
    const std::filesystem::path path = folder / (fresh.id + ".jsonl");
    auto opened = Journal::open(path);
    if (!opened) return opened.error();
    const auto lines = opened->lines();
    if (lines.empty()) {
        const auto files = folder / fresh.id;
        Session session(std::move(opened->journal), std::move(fresh), files);
        if (auto written = session.write_head(); !written) return written.error();
        return session;
    }
    auto head = read_head(lines.front(), path.string() + ":1");
    if (!head) return head.error();
    if (head->id != fresh.id) {
        return Error{path.string() + ":1: holds the session '" + head->id + "', not '" + fresh.id +
                     "'"};
    }
    Session session(std::move(opened->journal), std::move(*head), folder / fresh.id);
    session.resumed_ = true;
    if (auto read = session.read(lines); !read) return read.error().while_doing(path.string());
    return session;
}

Result<void> Session::read(const std::vector<std::string_view>& lines) {
    std::int64_t last_seq = 0;
    for (std::size_t i = 1; i < lines.size(); ++i) {
        const std::string where = "line " + std::to_string(i + 1);
        const auto record = Record::read(lines[i]);
        if (!record) {
            warn_of(where, "damaged, skipped (" + record.error().message + ")");
            continue;
        }
        if (record->integer("v", 0) > 1) return Error{where + ": written by a newer tenon"};
        read_record(*record, where);
        last_seq = std::max(last_seq, record->integer("seq", last_seq));
    }
    journal_.continue_after(std::max(last_seq, static_cast<std::int64_t>(lines.size()) - 1));
    announced_.clear();
    return {};
}

/// What could not be read may have been anything: thinking behind it is void.
void Session::warn_of(const std::string& where, const std::string& what) {
    mended_ = true;
    warnings_.push_back("session " + head_.id + ", " + where + ": " + what);
}

/// Text, or another answer, behind calls without results: the records of those results are gone.
void Session::mend_before_text() {
    for (const ToolCall& call : conversation_.unanswered()) {
        mended_ = true;
        (void)conversation_.add_result(call.id, {std::string(kInterrupted), true, {}});
    }
}

void Session::read_record(const Record& record, const std::string& where) {
    const std::string type = record.string("type");
    if (type == "user") {
        mend_before_text();
        if (!record.has("text")) warn_of(where, "a message without text, skipped");
        put(record.string("text"), record.string("origin"));
    } else if (type == "assistant") {
        read_answer(record, where);
    } else if (type == "tool_result") {
        read_result(record, where);
    } else if (type == "delivery") {
        announced_[record.integer("seq", -1)] = record.strings("jobs");
    } else if (type == "clear") {
        conversation_ = Conversation();
        mended_ = false;
        forget();
    } else if (type == "redaction") {
        mend_before_text();
        conversation_.redact(calls_recorded_as(record.strings("tool_use_ids")));
    } else if (type == "compaction") {
        read_compaction(record, where);
    } else if (type == "mended") {
        mended_ = false;
    } else if (type == "model") {
        if (record.has("model")) head_.model = record.string("model");
    } else if (type == "tools" && record.value("tools").is_array()) {
        head_.tools = record.raw("tools");
        mend_before_text();
        conversation_.strip_thinking();
    } else if (type.empty()) {
        warn_of(where, "a record without a type, skipped");
    }
    if (const auto it = announced_.find(record.integer("delivery", -1)); it != announced_.end()) {
        delivered_.insert(it->second.begin(), it->second.end());
    }
}

void Session::read_result(const Record& record, const std::string& where) {
    const std::string id = record.string("tool_use_id");
    const std::string_view text = record.quoted("text");
    if (!conversation_.add_quoted_result(call_recorded_as(id), text.empty() ? R"("")" : text,
                                         record.boolean("is_error", false))) {
        warn_of(where, "a result without its call, skipped");
    }
    answered_.insert(id);
}

void Session::read_answer(const Record& record, const std::string& where) {
    const Json& content = record.value("content");
    const auto texts = split_blocks(record.raw("content"));
    if (!content.is_array() || content.size() != texts.size()) {
        warn_of(where, "an answer without content, skipped");
        return;
    }
    mend_before_text();
    const bool goes_on = std::exchange(paused_, record.string("stop_reason") == "pause_turn") &&
                         !conversation_.ends_with_user();
    if (!conversation_.awaits_answer() && !goes_on)
        warn_of(where, "an answer to nothing that is there");
    std::vector<std::string> blocks;
    std::vector<ToolCall> calls;
    const auto seq = static_cast<std::uint64_t>(record.integer("seq", 0));
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (mended_ && is_thinking_block(texts[i])) continue;
        if (is_unusable(content[i])) {
            warn_of(where, "a block that no endpoint would take, skipped");
            continue;
        }
        auto call = call_in(content[i]);
        blocks.push_back(call ? name_call(*call, texts[i], (seq << 16U) + i)
                              : std::string(texts[i]));
        if (call) calls.push_back(std::move(*call));
    }
    const std::size_t count_kept = without_thinking_at_the_end({blocks.begin(), blocks.end()});
    mended_ = mended_ || count_kept < blocks.size();
    blocks.resize(count_kept);
    if (blocks.empty()) return;
    std::string kept;
    for (const std::string& block : blocks)
        kept.append(kept.empty() ? "" : ",").append(block);
    if (!conversation_.awaits_answer() && !goes_on) conversation_.add_text(kLostText);
    conversation_.add_answer("[" + kept + "]", std::move(calls));
    if (!mended_) count(read_usage(record.value("usage")));
}

/// The block with an id and a name that endpoints take, which the call has from here on too. Such
/// an id follows from the call's place alone, so that it is the same whenever the journal is read.
std::string Session::name_call(ToolCall& call, std::string_view block, std::uint64_t place) {
    std::string out(block);
    if (const std::string name = fitting_tool_name(call.name); name != call.name) {
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

std::set<std::string> Session::calls_recorded_as(const std::vector<std::string>& ids) const {
    std::set<std::string> calls(ids.begin(), ids.end());
    for (const auto& [call, recorded] : recorded_ids_) {
        if (std::find(ids.begin(), ids.end(), recorded) != ids.end()) calls.insert(call);
    }
    return calls;
}

void Session::read_compaction(const Record& record, const std::string& where) {
    const std::string text = record.string("text");
    if (text.empty()) {
        warn_of(where, "a summary without text, skipped");
        return;
    }
    mend_before_text();
    conversation_.restart(record.strings("front"), text, record.strings("behind"),
                          record.boolean("asks", true));
    mended_ = false;  // the model has seen exactly this
    forget();
}

}  // namespace tenon::agent
