#include "host/session/subagent_journal.h"

#include "host/base/utf8.h"
#include "host/journal/reader.h"

namespace tenon::session {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostWordsCharacters = 50'000;

bool has_no_text(std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// The texts of an answer, and whether it has no calls.
std::pair<std::string, bool> texts_of(const journal::Record& answer) {
    std::pair<std::string, bool> found{{}, true};
    const Json& content = answer.value("content");
    if (!content.is_array()) return found;
    for (const Json& block : content) {
        const std::string type = string_or(block, "type");
        if (type == "text") found.first += string_or(block, "text");
        if (type == "tool_use") found.second = false;
    }
    return found;
}

std::string shortened_words(const std::string& text) {
    constexpr std::size_t kPart = kMostWordsCharacters / 2;
    return utf8::shorten(text, kMostWordsCharacters, kPart, kPart, [](std::size_t left_out) {
        return "\n[" + std::to_string(left_out) + " characters omitted]\n";
    });
}

/// The journal of the last subagent that worked for this call.
std::optional<fs::path> journal_of_call(const fs::path& folder, const std::string& tool_use_id) {
    std::optional<fs::path> newest;
    std::int64_t created_ms = -1;
    std::error_code failed;
    for (fs::directory_iterator it(folder, failed), end; !failed && it != end;
         it.increment(failed)) {
        if (it->path().extension() != ".jsonl") continue;
        auto reader = journal::Reader::open(it->path());
        if (!reader) continue;
        const auto head = reader->next_record();
        if (!head || !*head || (*head)->type() != journal::RecordType::kSession ||
            (*head)->string("parent_call") != tool_use_id)
            continue;
        const std::int64_t created = (*head)->integer("created_ms", 0);
        if (created > created_ms) newest = it->path();
        created_ms = std::max(created_ms, created);
    }
    return newest;
}

void take_record(const journal::Record& record, SubagentWords& words) {
    words.finished = false;  // a record after an answer requires another answer
    if (record.type() != journal::RecordType::kAnswer) return;
    auto [text, no_calls] = texts_of(record);
    const std::string stop_reason = record.string("stop_reason");
    words.finished = no_calls && (stop_reason == "end_turn" || stop_reason == "stop_sequence");
    if (!has_no_text(text)) words.all.append(words.all.empty() ? "" : "\n\n").append(text);
    words.last = std::move(text);
}

}  // namespace

Result<SubagentWords> read_subagent(const fs::path& journal, const Secrets& secrets) {
    auto reader = journal::Reader::open(journal);
    if (!reader) return reader.error();
    SubagentWords words;
    while (true) {
        const auto record = reader->next_record();
        if (!record) return record.error();
        if (!*record) break;
        take_record(**record, words);
    }
    words.all = shortened_words(secrets.redact(utf8::repair(words.all)));
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
    return has_no_text(text) ? "(no output)" : text;
}

}  // namespace tenon::session
