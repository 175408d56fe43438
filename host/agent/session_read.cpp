#include <algorithm>
#include <cctype>
#include <unordered_map>

#include "host/agent/journal_lines.h"
#include "host/agent/record.h"
#include "host/agent/session.h"
#include "host/agent/wire.h"
#include "host/base/path_text.h"

namespace tenon::agent {
namespace {

constexpr char kAmongNuls[] =
    "NUL bytes beside a record, as a crash of the machine leaves them; the record is kept";
constexpr std::string_view kInterrupted = "interrupted";
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
        for (const std::string_view part : parts_between_nuls(lines[i]))
            places.push_back({i + 1, part, among_nuls});
    }
    return places;
}

Result<SessionHead> read_head(const Record& record, const std::string& where) {
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

Usage usage_in(const Json& usage) {
    return plausible({integer_or(usage, "input_tokens", 0), integer_or(usage, "output_tokens", 0),
                      integer_or(usage, "cache_read_input_tokens", 0),
                      integer_or(usage, "cache_creation_input_tokens", 0)});
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
    if (type == "text")
        return string_or(block, "text").find_first_not_of(" \t\r\n\f\v") == std::string::npos;
    if (type != "tool_use") return false;
    const std::string id = string_or(block, "id");
    const bool id_fits = !id.empty() && std::all_of(id.begin(), id.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '_' || c == '-';
    });
    return !id_fits || string_or(block, "name").empty() || !member(block, "input").is_object();
}

}  // namespace

Result<Deliveries> read_deliveries(const std::filesystem::path& journal) {
    auto lines = JournalLines::open(journal);
    if (!lines) return lines.error();
    Deliveries found;
    std::unordered_map<std::int64_t, std::vector<std::string>> announced;
    const auto take = [&](std::string_view text) {
        const auto record = Record::read(text);
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
        for (const std::string_view part : parts_between_nuls((*line)->text))
            take(part);
    }
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
    const auto places = places_in(lines);
    std::size_t first = 0;  // record that can be read
    std::vector<std::pair<std::string, std::string>> damaged;
    Result<Record> record = Record::read(places.front().text);
    while (!record && ++first < places.size()) {
        damaged.emplace_back("line " + std::to_string(places[first - 1].line),
                             record.error().message);
        record = Record::read(places[first].text);
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
        const auto record = Record::read(place.text);
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
        const auto ids = record.strings("tool_use_ids");
        conversation_.redact({ids.begin(), ids.end()});
    } else if (type == "compaction") {
        read_compaction(record, where);
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

void Session::read_result(const Record& record, const std::string& where) {
    const std::string id = record.string("tool_use_id");
    const std::string_view text = record.quoted("text");
    if (!conversation_.add_quoted_result(id, text.empty() ? R"("")" : text,
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
    if (!conversation_.awaits_answer()) warn_of(where, "an answer to nothing that is there");
    std::string kept;
    std::vector<ToolCall> calls;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (mended_ && is_thinking_block(texts[i])) continue;
        auto call = call_in(content[i]);
        if (is_unusable(content[i]) || (call && !call_ids_.insert(call->id).second)) {
            warn_of(where, "a block that no endpoint would take, skipped");
            continue;
        }
        if (call) calls.push_back(std::move(*call));
        kept.append(kept.empty() ? "" : ",").append(texts[i]);
    }
    if (kept.empty()) return;
    if (!conversation_.awaits_answer()) conversation_.add_text(kLostText);
    conversation_.add_answer("[" + kept + "]", std::move(calls));
    if (!mended_) count(usage_in(record.value("usage")));
}

void Session::read_compaction(const Record& record, const std::string& where) {
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
