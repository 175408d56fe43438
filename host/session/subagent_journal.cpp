#include "host/session/subagent_journal.h"

#include "host/base/utf8.h"
#include "host/journal/journal_lines.h"

namespace tenon::session {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostCharacters = 50'000;

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// The texts of an answer; whether it asks for no tool.
std::pair<std::string, bool> texts_of(const Json& answer) {
    std::pair<std::string, bool> found{{}, true};
    const auto content = answer.find("content");
    if (content == answer.end() || !content->is_array()) return found;
    for (const Json& block : *content) {
        const std::string type = string_or(block, "type");
        if (type == "text") found.first += string_or(block, "text");
        if (type == "tool_use") found.second = false;
    }
    return found;
}

std::string shortened(const std::string& text) {
    constexpr std::size_t kPart = kMostCharacters / 2;
    return utf8::shorten(text, kMostCharacters, kPart, kPart, [](std::size_t left_out) {
        return "\n[" + std::to_string(left_out) + " characters omitted]\n";
    });
}

/// The first record of a journal; null where its first line holds none.
Json head_in(std::string_view line) {
    for (const std::string_view part : journal::parts_between_nuls(line)) {
        auto record = parse_json(part, kMaxOwnJsonDepth);
        if (record && record->is_object()) return std::move(*record);
    }
    return nullptr;
}

/// The journal of the subagent that worked for this call last.
std::optional<fs::path> journal_of_call(const fs::path& folder, const std::string& tool_use_id) {
    std::optional<fs::path> newest;
    std::int64_t created_ms = -1;
    std::error_code failed;
    for (fs::directory_iterator it(folder, failed), end; !failed && it != end;
         it.increment(failed)) {
        if (it->path().extension() != ".jsonl") continue;
        auto lines = journal::JournalLines::open(it->path());
        if (!lines) continue;
        const auto line = lines->next();
        if (!line || !*line) continue;
        const Json head = head_in((*line)->text);
        if (string_or(head, "type") != "session" || string_or(head, "parent_call") != tool_use_id)
            continue;
        const std::int64_t created = integer_or(head, "created_ms", 0);
        if (created > created_ms) newest = it->path();
        created_ms = std::max(created_ms, created);
    }
    return newest;
}

void take_record(std::string_view line, SubagentWords& words) {
    const auto record = parse_json(line, kMaxOwnJsonDepth);
    if (!record || !record->is_object()) return;
    words.finished = false;  // what follows an answer asks for another
    if (string_or(*record, "type") != "assistant") return;
    auto [text, no_calls] = texts_of(*record);
    const std::string stop_reason = string_or(*record, "stop_reason");
    words.finished = no_calls && (stop_reason == "end_turn" || stop_reason == "stop_sequence");
    if (!is_blank(text)) words.all.append(words.all.empty() ? "" : "\n\n").append(text);
    words.last = std::move(text);
}

}  // namespace

Result<SubagentWords> read_subagent(const fs::path& journal, const Secrets& secrets) {
    auto lines = journal::JournalLines::open(journal);
    if (!lines) return lines.error();
    SubagentWords words;
    while (true) {
        const auto line = lines->next();
        if (!line) return line.error().while_doing("read " + journal.string());
        if (!*line) break;
        for (const std::string_view part : journal::parts_between_nuls((*line)->text))
            take_record(part, words);
    }
    words.all = shortened(secrets.redact(utf8::repair(words.all)));
    words.last = secrets.redact(utf8::repair(words.last));
    return words;
}

std::optional<agent::RecoveredCall> recover_subagent(const fs::path& folder,
                                                     const agent::ToolCall& call,
                                                     const agent::ToolFacts& facts,
                                                     const Secrets& secrets) {
    const auto journal = journal_of_call(folder, call.id);
    if (!journal) return std::nullopt;
    auto words = read_subagent(*journal, secrets);
    if (!words) return std::nullopt;
    if (words->finished && facts.recovered == agent::RecoveredAnswer::kSubagent)
        return agent::RecoveredCall{text_or_none(std::move(words->last)), false, {}};
    std::string text = "interrupted";
    if (!words->all.empty()) text += "; the subagent had said:\n" + words->all;
    return agent::RecoveredCall{std::move(text), true, {}};
}

std::string text_or_none(std::string text) {
    return is_blank(text) ? "(no output)" : text;
}

}  // namespace tenon::session
