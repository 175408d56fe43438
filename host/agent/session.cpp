#include "host/agent/session.h"

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
           member("system", head.system) + R"(,"tools":)" + head.tools;
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
    return head;
}

std::string without_thinking(std::string_view content) {
    std::string kept;
    for (const std::string_view block : split_blocks(content)) {
        if (is_thinking_block(block)) continue;
        if (!kept.empty()) kept += ',';
        kept += block;
    }
    return "[" + kept + "]";
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

std::vector<ToolCall> calls_in(const Json& content) {
    std::vector<ToolCall> calls;
    for (const Json& block : content) {
        if (string_or(block, "type") != "tool_use") continue;
        ToolCall call{string_or(block, "id"), string_or(block, "name"), Json::object(), {}};
        if (block.contains("input")) call.input = block["input"];
        calls.push_back(std::move(call));
    }
    return calls;
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
        if (type == "tool_result") found.tool_use_ids.insert(string_or(*record, "tool_use_id"));
        if (type == "delivery") {
            announced[integer_or(*record, "with", -1)] = jobs_in(*record);
        } else if (const auto it = announced.find(integer_or(*record, "seq", -1));
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
            warnings_.push_back("session " + head_.id + ", " + where + ": damaged, skipped (" +
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
        conversation_.add_text(string_or(record, "text"));
    } else if (type == "assistant") {
        read_answer(record, line, where);
    } else if (type == "tool_result") {
        const std::string id = string_or(record, "tool_use_id");
        if (!conversation_.add_result(
                id, {string_or(record, "text"), bool_or(record, "is_error", false), {}})) {
            mended_ = true;
            warnings_.push_back("session " + head_.id + ", " + where +
                                ": a result without its call, skipped");
        }
        answered_.insert(id);
    } else if (type == "delivery") {
        announced_[integer_or(record, "with", -1)] = jobs_in(record);
        return;
    } else if (type == "model") {
        head_.model = string_or(record, "model", head_.model);
    } else if (type == "tools" && record.contains("tools") && record["tools"].is_array()) {
        head_.tools = raw_member(line, "tools");
        mend_before_text();
        conversation_.strip_thinking();
    }
    if (const auto it = announced_.find(integer_or(record, "seq", -1)); it != announced_.end()) {
        delivered_.insert(it->second.begin(), it->second.end());
        announced_.erase(it);
    }
}

void Session::read_answer(const Json& record, std::string_view line, const std::string& where) {
    if (!record.contains("content") || !record["content"].is_array()) {
        warnings_.push_back("session " + head_.id + ", " + where +
                            ": an answer without content, skipped");
        return;
    }
    mend_before_text();
    if (!conversation_.awaits_answer()) {
        mended_ = true;
        conversation_.add_text(kLostText);
    }
    std::string content(raw_member(line, "content"));
    if (mended_) content = without_thinking(content);
    if (split_blocks(content).empty()) return;
    conversation_.add_answer(content, calls_in(record["content"]));
}

Result<void> Session::deliver_with_next(const std::vector<std::string>& jobs) {
    if (jobs.empty()) return {};
    const std::string members = R"("jobs":)" + dump_json(Json(jobs)) + R"(,"with":)" +
                                std::to_string(journal_.next_seq() + 1);
    if (auto written = journal_.append("delivery", members); !written) return written.error();
    return {};
}

Result<void> Session::add_text(std::string_view text, std::string_view origin,
                               const std::vector<std::string>& delivers) {
    if (auto announced = deliver_with_next(delivers); !announced) return announced;
    if (auto written =
            journal_.append("user", member("origin", origin) + "," + member("text", text));
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
    return {};
}

Result<void> Session::add_result(const std::string& tool_use_id, const ToolResult& result) {
    if (auto announced = deliver_with_next(result.delivered_jobs); !announced) return announced;
    const std::string members = member("tool_use_id", tool_use_id) + R"(,"is_error":)" +
                                (result.is_error ? "true," : "false,") +
                                member("text", result.text);
    if (auto written = journal_.append("tool_result", members); !written) return written.error();
    delivered_.insert(result.delivered_jobs.begin(), result.delivered_jobs.end());
    answered_.insert(tool_use_id);
    (void)conversation_.add_result(tool_use_id, result);
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
