#include "host/terminal/completion.h"

#include <algorithm>
#include <cstdlib>

#include "host/terminal/path_match.h"
#include "host/terminal/workspace_walk.h"

namespace tenon::terminal {
namespace {

constexpr std::size_t kMaxFolderEntries = 20000;
constexpr std::string_view kBlanks = " \t\n";

std::filesystem::path from_home(std::string_view path) {
    const char* home = std::getenv("HOME");
    if (path.substr(0, 2) != "~/" || home == nullptr) return path;
    return std::filesystem::path(home) / path.substr(2);
}

bool begins_a_mention(std::string_view text, std::size_t at) {
    constexpr std::string_view kBefore = " \t\n([{<";
    return at == 0 || kBefore.find(text[at - 1]) != std::string_view::npos;
}

/// The end of the mention that begins at `at`; none when it has no end yet.
std::optional<std::size_t> end_of_mention(std::string_view text, std::size_t at) {
    const bool is_quoted = text.substr(at + 1, 1) == "\"";
    const std::size_t end =
        is_quoted ? text.find_first_of("\"\n", at + 2) : text.find_first_of(kBlanks, at);
    if (end == std::string_view::npos) return std::nullopt;
    return end + (is_quoted ? 1 : 0);
}

bool needs_quotation(std::string_view path) {
    constexpr std::string_view kMarksOfSentences = ".,;:!?)]}>'";
    return path.find(' ') != std::string_view::npos || path.starts_with('\'') ||
           path.ends_with("\u00a0") ||
           (!path.empty() && kMarksOfSentences.find(path.back()) != std::string_view::npos);
}

}  // namespace

std::optional<WordToComplete> word_to_complete(std::string_view before, std::string_view after) {
    using Kind = WordToComplete::Kind;
    const bool is_at_end = after.empty() || kBlanks.find(after[0]) != std::string_view::npos;
    if (!is_at_end) return std::nullopt;
    if (before.starts_with('/')) {
        if (before.find_first_of(" \t\n/", 1) == std::string_view::npos)
            return WordToComplete{Kind::kCommand, 0, std::string(before.substr(1)), false};
    }
    for (std::size_t at = before.find('@'); at != std::string_view::npos;
         at = before.find('@', at + 1)) {
        if (!begins_a_mention(before, at)) continue;
        if (const auto end = end_of_mention(before, at)) {
            at = *end - 1;
            continue;
        }
        const bool is_quoted = before.substr(at + 1, 1) == "\"";
        const std::string_view typed = before.substr(at + (is_quoted ? 2 : 1));
        return WordToComplete{Kind::kPath, at, std::string(typed), is_quoted};
    }
    return std::nullopt;
}

std::string mention_of(std::string_view path) {
    const bool is_folder = path.ends_with('/');
    if (!needs_quotation(path)) return "@" + std::string(path);
    return "@\"" + std::string(path) + (is_folder ? "" : "\"");
}

std::string begun_mention_of(std::string_view path, bool is_quoted) {
    const bool quotes = is_quoted || path.find(' ') != std::string_view::npos;
    return (quotes ? "@\"" : "@") + std::string(path);
}

bool is_from_a_folder(std::string_view typed) {
    return typed.starts_with('/') || typed.starts_with("~/") || typed.starts_with("../");
}

std::vector<std::string> complete_path(const std::filesystem::path& folder,
                                       std::string_view typed) {
    const auto slash = typed.rfind('/');
    const std::size_t last = slash == std::string_view::npos ? 0 : slash + 1;
    const std::string start = small_letters(typed.substr(last));
    std::vector<std::string> found;
    std::size_t seen = 0;
    std::error_code failed;
    std::filesystem::directory_iterator entry(folder / from_home(typed.substr(0, last)), failed);
    for (; !failed && entry != std::filesystem::directory_iterator() && seen < kMaxFolderEntries;
         entry.increment(failed), ++seen) {
        const std::string name = entry->path().filename().string();
        if (name == ".git" || !can_be_mentioned(name)) continue;
        if (!small_letters(name).starts_with(start) || (name[0] == '.' && start.empty())) continue;
        std::error_code unknown;
        found.push_back(std::string(typed.substr(0, last)) + name +
                        (entry->is_directory(unknown) ? "/" : ""));
    }
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace tenon::terminal
