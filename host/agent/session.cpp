#include "host/agent/session.h"

#include <algorithm>
#include <cctype>
#include <fstream>

#include "host/agent/wire.h"

namespace tenon::agent {
namespace {

constexpr std::string_view kInterrupted = "interrupted";
constexpr std::string_view kLostText = "[a damaged part of this conversation could not be read]";

std::string member(std::string_view key, std::string_view text) {
    return json_quote(key) + ":" + json_quote(text);
}

std::string usage_text(const Usage& usage) {
    return dump_json(Json{{"input_tokens", usage.input_tokens},
                          {"output_tokens", usage.output_tokens},
                          {"cache_read_input_tokens", usage.cache_read_input_tokens},
                          {"cache_creation_input_tokens", usage.cache_creation_input_tokens}});
}

std::string head_members(const SessionHead& head) {
    return member("id", head.id) + "," + member("workspace", head.workspace) + "," +
           member("provider", head.provider) + "," + member("model", head.model) +
           R"(,"created_ms":)" + std::to_string(head.created_ms) + "," +
           member("system", head.system) +
           (head.parent.empty() ? "" : "," + member("parent", head.parent)) +
           (head.parent_call.empty() ? "" : "," + member("parent_call", head.parent_call)) +
           R"(,"tools":)" + head.tools;
}

Result<SessionHead> read_head(const std::string& line, const std::string& where) {
    const auto record = parse_json(line);
    if (!record) return record.error().while_doing(where);
    if (integer_or(*record, "v", 0) > 1) {
        return Error{where + ": written by a newer tenon (record version " +
                     std::to_string(integer_or(*record, "v", 0)) + ", this one reads 1)"};
    }
    if (string_or(*record, "type") != "session" || !record->contains("tools") ||
        !(*record)["tools"].is_array()) {
        return Error{where + ": not the first record of a session"};
    }
    SessionHead head;
    head.id = string_or(*record, "id");
    head.workspace = string_or(*record, "workspace");
    head.provider = string_or(*record, "provider");
    head.model = string_or(*record, "model");
    head.system = string_or(*record, "system");
    head.tools = raw_member(line, "tools");
    head.created_ms = integer_or(*record, "created_ms", 0);
    head.parent = string_or(*record, "parent");
    head.parent_call = string_or(*record, "parent_call");
    return head;
}

/// The jobs that a delivery record names.
std::vector<std::string> jobs_in(const Json& record) {
    std::vector<std::string> jobs;
    if (!record.contains("jobs") || !record["jobs"].is_array()) return jobs;
    for (const Json& job : record["jobs"]) {
        if (job.is_string()) jobs.push_back(job.get<std::string>());
    }
    return jobs;
}

std::optional<ToolCall> call_in(const Json& block) {
    if (string_or(block, "type") != "tool_use") return std::nullopt;
    ToolCall call{string_or(block, "id"), string_or(block, "name"), Json::object(), {}};
    if (block.contains("input")) call.input = block["input"];
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
    return !id_fits || string_or(block, "name").empty() || !block.contains("input") ||
           !block["input"].is_object();
}

}  // namespace

Result<Deliveries> read_deliveries(const std::filesystem::path& journal) {
    std::ifstream in(journal, std::ios::binary);
    if (!in) return Error::from_errno("read " + journal.string());
    Deliveries found;
    std::unordered_map<std::int64_t, std::vector<std::string>> announced;
    for (std::string line; std::getline(in, line);) {
        const auto record = parse_json(line);
        if (!record || !record->is_object()) continue;
        const std::string type = string_or(*record, "type");
        if (type == "session") found.parent_call = string_or(*record, "parent_call");
        if (type == "tool_result") found.tool_use_ids.insert(string_or(*record, "tool_use_id"));
        if (type == "delivery") {
            announced[integer_or(*record, "seq", -1)] = jobs_in(*record);
        } else if (const auto it = announced.find(integer_or(*record, "delivery", -1));
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
    if (opened->lines.empty()) {
        Session session(std::move(opened->journal), std::move(fresh));
        if (auto written = session.journal_.append("session", head_members(session.head_));
            !written)
            return written.error();
        return session;
    }
    auto head = read_head(opened->lines.front(), path.string() + ":1");
    if (!head) return head.error();
    if (head->id != fresh.id) {
        return Error{path.string() + ":1: holds the session '" + head->id + "', not '" + fresh.id +
                     "'"};
    }
    Session session(std::move(opened->journal), std::move(*head));
    session.resumed_ = true;
    if (auto read = session.read(opened->lines); !read)
        return read.error().while_doing(path.string());
    return session;
}

Result<void> Session::read(const std::vector<std::string>& lines) {
    std::int64_t last_seq = 0;
    for (std::size_t i = 1; i < lines.size(); ++i) {
        const std::string where = "line " + std::to_string(i + 1);
        const auto record = parse_json(lines[i]);
        if (!record || !record->is_object()) {
            warn_of(where, "damaged, skipped (" +
                               (record ? std::string("no JSON object") : record.error().message) +
                               ")");
            continue;
        }
        if (integer_or(*record, "v", 0) > 1) return Error{where + ": written by a newer tenon"};
        read_record(*record, lines[i], where);
        last_seq = std::max(last_seq, integer_or(*record, "seq", last_seq));
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

void Session::read_record(const Json& record, std::string_view line, const std::string& where) {
    const std::string type = string_or(record, "type");
    if (type == "user") {
        mend_before_text();
        if (!record.contains("text")) warn_of(where, "a message without text, skipped");
        conversation_.add_text(string_or(record, "text"));
    } else if (type == "assistant") {
        read_answer(record, line, where);
    } else if (type == "tool_result") {
        const std::string id = string_or(record, "tool_use_id");
        if (!conversation_.add_result(
                id, {string_or(record, "text"), bool_or(record, "is_error", false), {}})) {
            warn_of(where, "a result without its call, skipped");
        }
        answered_.insert(id);
    } else if (type == "delivery") {
        announced_[integer_or(record, "seq", -1)] = jobs_in(record);
    } else if (type == "clear") {
        conversation_ = Conversation();
        mended_ = false;
    } else if (type == "model") {
        head_.model = string_or(record, "model", head_.model);
    } else if (type == "tools" && record.contains("tools") && record["tools"].is_array()) {
        head_.tools = raw_member(line, "tools");
        mend_before_text();
        conversation_.strip_thinking();
    } else if (type.empty()) {
        warn_of(where, "a record without a type, skipped");
    }
    if (const auto it = announced_.find(integer_or(record, "delivery", -1));
        it != announced_.end()) {
        delivered_.insert(it->second.begin(), it->second.end());
    }
}

void Session::read_answer(const Json& record, std::string_view line, const std::string& where) {
    if (!record.contains("content") || !record["content"].is_array()) {
        warn_of(where, "an answer without content, skipped");
        return;
    }
    mend_before_text();
    if (!conversation_.awaits_answer()) warn_of(where, "an answer to nothing that is there");
    std::string kept;
    std::vector<ToolCall> calls;
    for (const std::string_view text : split_blocks(raw_member(line, "content"))) {
        const Json block = Json::parse(text, nullptr, false);
        if (mended_ && is_thinking_block(text)) continue;
        auto call = call_in(block);
        if (is_unusable(block) || (call && !call_ids_.insert(call->id).second)) {
            warn_of(where, "a block that no endpoint would take, skipped");
            continue;
        }
        if (call) calls.push_back(std::move(*call));
        kept.append(kept.empty() ? "" : ",").append(text);
    }
    if (kept.empty()) return;
    if (!conversation_.awaits_answer()) conversation_.add_text(kLostText);
    conversation_.add_answer("[" + kept + "]", std::move(calls));
}

Result<std::string> Session::announce(const std::vector<std::string>& jobs) {
    if (jobs.empty()) return std::string();
    auto seq = journal_.append("delivery", R"("jobs":)" + dump_json(Json(jobs)));
    if (!seq) return seq.error();
    return R"(,"delivery":)" + std::to_string(*seq);
}

Result<void> Session::add_text(std::string_view text, std::string_view origin,
                               const std::vector<std::string>& delivers) {
    const auto announced = announce(delivers);
    if (!announced) return announced.error();
    if (auto written = journal_.append(
            "user", member("origin", origin) + "," + member("text", text) + *announced);
        !written) {
        return written.error();
    }
    delivered_.insert(delivers.begin(), delivers.end());
    conversation_.add_text(text);
    return {};
}

Result<void> Session::add_answer(const Answer& answer) {
    const std::string members = member("id", answer.id) + "," + member("model", answer.model) +
                                "," + member("stop_reason", answer.stop_reason) + R"(,"usage":)" +
                                usage_text(answer.usage) + R"(,"content":)" + answer.content;
    if (auto written = journal_.append("assistant", members); !written) return written.error();
    conversation_.add_answer(answer.content, answer.calls);
    for (const ToolCall& call : answer.calls)
        call_ids_.insert(call.id);
    return {};
}

Result<void> Session::add_result(const std::string& tool_use_id, const ToolResult& result) {
    const auto announced = announce(result.delivered_jobs);
    if (!announced) return announced.error();
    const std::string members = member("tool_use_id", tool_use_id) + R"(,"is_error":)" +
                                (result.is_error ? "true," : "false,") +
                                member("text", result.text) + *announced;
    if (auto written = journal_.append("tool_result", members); !written) return written.error();
    delivered_.insert(result.delivered_jobs.begin(), result.delivered_jobs.end());
    answered_.insert(tool_use_id);
    (void)conversation_.add_result(tool_use_id, result);
    return {};
}

Result<void> Session::clear() {
    if (auto written = journal_.append("clear", R"("by":"user")"); !written) return written.error();
    conversation_ = Conversation();
    return {};
}

Result<void> Session::change_model(const std::string& model) {
    if (auto written = journal_.append("model", member("model", model)); !written)
        return written.error();
    head_.model = model;
    return {};
}

Result<void> Session::change_tools(const std::string& tools) {
    if (auto written = journal_.append("tools", R"("tools":)" + tools); !written)
        return written.error();
    head_.tools = tools;
    conversation_.strip_thinking();
    return {};
}

}  // namespace tenon::agent
