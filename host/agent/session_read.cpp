#include <algorithm>
#include <unordered_map>

#include "host/agent/repair.h"
#include "host/agent/session.h"
#include "host/agent/wire.h"
#include "host/base/path_text.h"
#include "host/journal/journal_lines.h"
#include "host/journal/record.h"

namespace tenon::agent {
namespace {

constexpr char kAmongNuls[] =
    "NUL bytes beside a record, as a crash of the machine leaves them; the record is kept";
constexpr std::string_view kInterrupted = "interrupted";
constexpr std::uint64_t kMix = 0x9e3779b97f4a7c15ULL;  // spreads neighbours (Knuth, 6.4)
constexpr std::uint64_t kNextPlace = std::uint64_t{1} << 56U;
constexpr std::string_view kLostText = "[a damaged part of this conversation could not be read]";

/// Where a record may stand: most lines are one.
struct Place {
    std::size_t line = 0;   ///< from 1
    std::string_view text;  ///< the line, or its part between NULs
    bool among_nuls = false;
};

std::vector<Place> places_in(const std::vector<std::string_view>& lines) {
    std::vector<Place> places;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const bool among_nuls = lines[i].find('\0') != std::string_view::npos;
        for (const std::string_view part : journal::parts_between_nuls(lines[i]))
            places.push_back({i + 1, part, among_nuls});
    }
    return places;
}

Result<SessionHead> read_head(const journal::Record& record, const std::string& where) {
    if (record.integer("v", 0) > 1) {
        return Error{where + ": written by a newer tenon (record version " +
                     std::to_string(record.integer("v", 0)) + ", this one reads 1)"};
    }
    if (record.string("type") != "session" || !record.value("tools").is_array())
        return Error{where + ": not the first record of a session"};
    SessionHead head;
    head.id = record.string("id");
    head.workspace = path_from_text(record.string("workspace"));
    head.provider = record.string("provider");
    head.model = record.string("model");
    head.system = record.string("system");
    head.tools = record.raw("tools");
    head.created_ms = record.integer("created_ms", 0);
    head.parent = record.string("parent");
    head.parent_call = record.string("parent_call");
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
    auto lines = journal::JournalLines::open(journal);
    if (!lines) return lines.error();
    Deliveries found;
    std::unordered_map<std::int64_t, std::vector<std::string>> announced;
    const auto take = [&](std::string_view text) {
        const auto record = journal::Record::read(text);
        if (!record) return;
        const std::string type = record->string("type");
        if (type == "session") found.parent_call = record->string("parent_call");
        if (type == "tool_result") found.tool_use_ids.insert(record->string("tool_use_id"));
        if (type == "delivery") {
            announced[record->integer("seq", -1)] = record->strings("jobs");
        } else if (const auto it = announced.find(record->integer("delivery", -1));
                   it != announced.end()) {
            found.jobs.insert(it->second.begin(), it->second.end());
        }
    };
    while (true) {
        const auto line = lines->next();
        if (!line) return line.error().while_doing("read " + journal.string());
        if (!*line) return found;
        for (const std::string_view part : journal::parts_between_nuls((*line)->text))
            take(part);
    }
}

Result<Session> Session::open(const std::filesystem::path& folder, SessionHead fresh) {
    const std::filesystem::path path = folder / (fresh.id + ".jsonl");
    auto opened = journal::Journal::open(path);
    if (!opened) return opened.error();
    const auto lines = opened->lines();
    if (lines.empty()) {
        const auto files = folder / fresh.id;
        Session session(std::move(opened->journal), std::move(fresh), files);
        if (auto written = session.write_head(); !written) return written.error();
        return session;
    }
    const auto places = places_in(lines);
    std::size_t first = 0;  // record that can be read
    std::vector<std::pair<std::string, std::string>> damaged;
    Result<journal::Record> record = journal::Record::read(places.front().text);
    while (!record && ++first < places.size()) {
        damaged.emplace_back("line " + std::to_string(places[first - 1].line),
                             record.error().message);
        record = journal::Record::read(places[first].text);
    }
    if (!record) {
        const std::string why = places.front().among_nuls
                                    ? "NUL bytes, as a crash of the machine leaves them"
                                : damaged.empty() ? record.error().message
                                                  : damaged.front().second;
        return Error{path.string() + ":1: no record of this journal can be read (" + why +
                     "); the file is left as it is. Move it away to begin a new session '" +
                     fresh.id + "', or put a copy of it in its place"};
    }
    auto head = read_head(*record, path.string() + ":" + std::to_string(places[first].line));
    if (!head) {
        if (damaged.empty()) return head.error();
        return Error{head.error().message + "; the first record is damaged (" +
                     damaged.front().first + "), and without it the session cannot be opened"};
    }
    if (head->id != fresh.id) {
        return Error{path.string() + ":1: holds the session '" + head->id + "', not '" + fresh.id +
                     "'"};
    }
    Session session(std::move(opened->journal), std::move(*head), folder / fresh.id);
    session.resumed_ = true;
    for (const auto& [where, why] : damaged)
        session.warn_of(where, "damaged, skipped (" + why + ")");
    if (auto read = session.read(lines, first); !read)
        return read.error().while_doing(path.string());
    (void)session.journal_.mend_end();  // else before the next record
    return session;
}

/// `first` is the place of the first record.
Result<void> Session::read(const std::vector<std::string_view>& lines, std::size_t first) {
    std::int64_t last_seq = 0;
    std::unordered_map<std::int64_t, std::string_view> seen;
    const auto places = places_in(lines);
    if (places[first].among_nuls) warn_of("line " + std::to_string(places[first].line), kAmongNuls);
    for (std::size_t i = first + 1; i < places.size(); ++i) {
        const Place& place = places[i];
        const std::string where = "line " + std::to_string(place.line);
        const auto record = journal::Record::read(place.text);
        if (!record) {
            warn_of(where, "damaged, skipped (" + record.error().message + ")");
            continue;
        }
        if (record->integer("v", 0) > 1) return Error{where + ": written by a newer tenon"};
        if (place.among_nuls) warn_of(where, kAmongNuls);
        const std::int64_t seq = record->integer("seq", -1);
        const auto [earlier, is_new] = seen.emplace(seq, place.text);
        if (seq >= 0 && !is_new && earlier->second == place.text) {
            note(where, "the same record once more, skipped");
            continue;
        }
        read_record(*record, where);
        last_seq = std::max(last_seq, seq);
    }
    journal_.continue_after(std::max(last_seq, static_cast<std::int64_t>(lines.size()) - 1));
    announced_.clear();
    return {};
}

void Session::note(const std::string& where, const std::string& what) {
    warnings_.push_back("session " + head_.id + ", " + where + ": " + what);
}

/// What could not be read may have been anything: thinking behind it is void.
void Session::warn_of(const std::string& where, const std::string& what) {
    mended_ = true;
    note(where, what);
}

/// Text, or another answer, behind calls without results: the records of those results are gone.
void Session::mend_before_text() {
    for (const ToolCall& call : conversation_.unanswered()) {
        mended_ = true;
        (void)conversation_.add_result(call.id, {std::string(kInterrupted), true, {}});
    }
}

void Session::read_record(const journal::Record& record, const std::string& where) {
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
    } else if (type == "workspace") {
        if (record.has("workspace")) head_.workspace = path_from_text(record.string("workspace"));
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

void Session::read_result(const journal::Record& record, const std::string& where) {
    const std::string id = record.string("tool_use_id");
    const std::string_view text = record.quoted("text");
    if (!conversation_.add_quoted_result(call_recorded_as(id), text.empty() ? R"("")" : text,
                                         record.boolean("is_error", false))) {
        warn_of(where, "a result without its call, skipped");
    }
}

void Session::read_answer(const journal::Record& record, const std::string& where) {
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

/// The calls that a record means. Records have the ids that calls have in the conversation; those
/// of older versions have the recorded ones.
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
        warn_of(where, "a summary without text, skipped");
        return;
    }
    mend_before_text();
    const auto front = record.strings("front");
    conversation_.restart(front, text, record.strings("behind"), record.boolean("asks", true));
    mended_ = false;  // the model has seen exactly this
    forget();
    front_texts_ = front.size();
}

}  // namespace tenon::agent
