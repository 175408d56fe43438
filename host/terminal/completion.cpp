#include "host/terminal/completion.h"

#include <algorithm>
#include <cstdlib>

#include "host/base/text_width.h"
#include "host/base/utf8.h"

namespace tenon::terminal {
namespace {

constexpr std::size_t kMaxCompletionLines = 5;
constexpr std::size_t kMaxFolderEntries = 20000;

bool can_be_completed(std::string_view name) {
    return utf8::is_valid(name) && std::none_of(name.begin(), name.end(), [](char c) {
               return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
           });
}

std::filesystem::path from_home(std::string_view path) {
    const char* home = std::getenv("HOME");
    if (path.substr(0, 2) != "~/" || home == nullptr) return path;
    return std::filesystem::path(home) / path.substr(2);
}

}  // namespace

std::string_view word_to_complete(std::string_view before) {
    const auto blank = before.find_last_of(" \t\n");
    const std::size_t start = blank == std::string_view::npos ? 0 : blank + 1;
    const std::string_view word = before.substr(start);
    if (word.empty()) return {};
    return word[0] == '@' || (word[0] == '/' && start == 0) ? word : std::string_view{};
}

std::string common_beginning(const std::vector<std::string>& candidates) {
    if (candidates.empty()) return "";
    std::string_view common = candidates.front();
    for (const std::string_view candidate : candidates) {
        std::size_t same = 0;
        while (same < common.size() && same < candidate.size() && common[same] == candidate[same])
            ++same;
        common = common.substr(0, same);
    }
    return std::string(common.substr(0, common.size() - utf8::incomplete_suffix(common)));
}

std::vector<std::string> in_columns(const std::vector<std::string>& names, std::size_t columns) {
    std::size_t widest = 0;
    for (const std::string& name : names)
        widest = std::max(widest, width_of(name));
    const std::size_t cell = widest + 2;
    const std::size_t per_line = std::max<std::size_t>(1, columns / cell);
    std::vector<std::string> lines;
    std::size_t shown = 0;
    while (shown < names.size() && lines.size() < kMaxCompletionLines) {
        std::string line;
        for (std::size_t i = 0; i < per_line && shown < names.size(); ++i, ++shown) {
            line.resize(line.size() + i * cell - std::min(i * cell, width_of(line)), ' ');
            line += names[shown];
        }
        lines.push_back(std::move(line));
    }
    if (shown < names.size())
        lines.push_back("… +" + std::to_string(names.size() - shown) + " more");
    return lines;
}

std::vector<std::string> complete_path(const std::filesystem::path& folder, std::string_view word) {
    const std::string_view path = word.substr(std::min<std::size_t>(1, word.size()));
    const auto slash = path.rfind('/');
    const std::size_t last = slash == std::string_view::npos ? 0 : slash + 1;
    const std::string_view start = path.substr(last);
    std::vector<std::string> found;
    std::size_t seen = 0;
    std::error_code failed;
    std::filesystem::directory_iterator entry(folder / from_home(path.substr(0, last)), failed);
    for (; !failed && entry != std::filesystem::directory_iterator() && seen < kMaxFolderEntries;
         entry.increment(failed), ++seen) {
        const std::string name = entry->path().filename().string();
        if (name.compare(0, start.size(), start) != 0 || !can_be_completed(name)) continue;
        if (name[0] == '.' && start.empty()) continue;
        std::error_code unknown;
        found.push_back("@" + std::string(path.substr(0, last)) + name +
                        (entry->is_directory(unknown) ? "/" : ""));
    }
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace tenon::terminal
