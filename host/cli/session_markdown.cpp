#include "host/cli/session_markdown.h"

#include <algorithm>
#include <sstream>

#include "host/base/clock.h"
#include "host/base/untrusted.h"

namespace tenon::cli {
namespace {

using journal::RecordType;

constexpr std::size_t kShortestFence = 3;

/// The length of the longest run of backquotes.
std::size_t longest_run(std::string_view text) {
    std::size_t longest = 0;
    std::size_t run = 0;
    for (const char c : text) {
        run = c == '`' ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    return longest;
}

/// `text` in one line of code.
std::string code(std::string_view text) {
    const std::string shown = visible(text);
    const std::string quotes(longest_run(shown) + 1, '`');
    const bool needs_blank = quotes.size() > 1 || shown.starts_with('`') || shown.ends_with('`');
    return quotes + (needs_blank ? " " : "") + shown + (needs_blank ? " " : "") + quotes;
}

std::string code_block(std::string_view text, std::string_view language = {}) {
    std::string shown = visible(text, true);
    if (!shown.ends_with('\n')) shown += '\n';
    const std::string fence(std::max(longest_run(shown) + 1, kShortestFence), '`');
    return fence + std::string(language) + "\n" + shown + fence + "\n";
}

std::string block_quote(std::string_view text) {
    std::string out;
    std::istringstream in(harmless(text));
    for (std::string line; std::getline(in, line);)
        out += line.empty() ? ">\n" : "> " + line + "\n";
    return out;
}

/// The fence of a code block that begins or ends in this line; empty: there is none (CommonMark,
/// section 4.5).
std::string_view fence_in(std::string_view line) {
    const std::size_t at = line.find_first_not_of(' ');
    if (at == line.npos || at > 3 || (line[at] != '`' && line[at] != '~')) return {};
    const std::size_t end = std::min(line.find_first_not_of(line[at], at), line.size());
    if (line[at] == '`' && line.find('`', end) != line.npos) return {};  // code within a line
    return end - at < kShortestFence ? std::string_view() : line.substr(at, end - at);
}

/// An answer, with the end of a code block that it has left open.
std::string whole_markdown(std::string_view text) {
    std::string shown = harmless(text);
    if (!shown.ends_with('\n')) shown += '\n';
    std::string open;
    std::istringstream in(shown);
    for (std::string line; std::getline(in, line);) {
        const std::string_view fence = fence_in(line);
        if (fence.empty()) continue;
        const bool is_bare = line.find_last_not_of(" \t") == line.find(fence) + fence.size() - 1;
        if (open.empty()) {
            open = fence;
        } else if (fence[0] == open[0] && fence.size() >= open.size() && is_bare) {
            open.clear();
        }
    }
    return open.empty() ? shown : shown + open + "\n";
}

/// The arguments of a call: a single text as it is, others as JSON.
std::string arguments_block(const Json& input) {
    if (!input.is_object() || input.empty()) return {};
    if (input.size() == 1 && input.begin()->is_string())
        return "\n" + code_block(*string_in(*input.begin()));
    return "\n" + code_block(pretty_json(input), "json");
}

}  // namespace

std::string ConversationMarkdown::heading(const journal::SessionSummary& session) {
    const auto item = [](const char* name, const std::string& value) {
        return "- " + std::string(name) + ": " + value + "\n";
    };
    return "# Session " + session.id + "\n\n" + item("workspace", code(session.workspace)) +
           item("model", code(session.model)) + item("begun", rfc3339(session.created_ms)) +
           item("last change", rfc3339(session.last_ms));
}

std::string ConversationMarkdown::of(const journal::SessionEntry& entry) {
    switch (entry.type) {
        case RecordType::kAnswer:
            return answer(entry);
        case RecordType::kResult:
            return result(entry);
        case RecordType::kClear:
            return begin("Conversation cleared");
        case RecordType::kCompaction:
            return begin("Conversation made shorter") + "\n" + block_quote(entry.text);
        default:
            break;
    }
    if (entry.origin == "notification")
        return begin("Jobs that ended") + "\n" + code_block(entry.text);
    if (entry.origin == "command") return begin("Own command") + "\n" + code_block(entry.text);
    if (entry.origin != "prompt") return {};
    section_.clear();  // each prompt has a section of its own
    std::string text =
        begin("Prompt") + "\n" + block_quote(entry.typed.empty() ? entry.text : entry.typed);
    for (const OrderedJson& file : entry.attached)
        text += "\nAttached: " + code(string_or(file, "name")) + "\n";
    return text;
}

std::string ConversationMarkdown::begin(std::string_view section) {
    if (section_ == section) return {};
    section_ = section;
    return "\n## " + section_ + "\n";
}

std::string ConversationMarkdown::answer(const journal::SessionEntry& entry) {
    std::string text;
    calls_.clear();
    for (const OrderedJson& ordered : entry.content) {
        const Json block(ordered);
        const std::string type = string_or(block, "type");
        if (type == "text") text += "\n" + whole_markdown(string_or(block, "text"));
        if (type != "tool_use") continue;
        const std::string tool = string_or(block, "name");
        calls_.emplace_back(string_or(block, "id"), tool);
        text += "\nCall of " + code(tool) + "\n" + arguments_block(member(block, "input"));
    }
    return text.empty() ? text : begin("Answer") + text;
}

std::string ConversationMarkdown::result(const journal::SessionEntry& entry) {
    const auto call = std::find_if(calls_.begin(), calls_.end(),
                                   [&](const auto& one) { return one.first == entry.tool_use_id; });
    if (call == calls_.end()) return {};
    return "\nResult of " + code(call->second) + (entry.is_error ? " (error)" : "") + "\n\n" +
           code_block(entry.text);
}

Result<void> write_markdown(const std::filesystem::path& folder, const std::string& id,
                            const Secrets& secrets,
                            const std::function<Result<void>(const std::string&)>& put) {
    const auto session = journal::summarise_session(folder, id);
    if (!session) return session.error();
    ConversationMarkdown markdown;
    Result<void> written = put(secrets.redact(ConversationMarkdown::heading(*session)));
    auto read =
        journal::read_entries(folder / (id + ".jsonl"), [&](const journal::SessionEntry& entry) {
            if (written) written = put(secrets.redact(markdown.of(entry)));
        });
    return read ? written : read;
}

}  // namespace tenon::cli
