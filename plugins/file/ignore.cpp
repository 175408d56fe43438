#include "plugins/file/ignore.h"

#include <algorithm>

namespace tenon::file {
namespace {

/// Blanks at the end do not count, unless there is a backslash before them. A backslash at the end
/// of the line keeps them all, and then the pattern matches nothing.
std::string_view without_trailing_blanks(std::string_view line) {
    std::size_t end = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\\') {
            if (++i == line.size()) return line;
            end = i + 1;
        } else if (line[i] != ' ') {
            end = i + 1;
        }
    }
    return line.substr(0, end);
}

}  // namespace

IgnoreFile::IgnoreFile(std::string folder, std::string_view text) : folder_(std::move(folder)) {
    if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty() || line.front() == '#') continue;
        if (line.back() == '\r') line.remove_suffix(1);
        line = without_trailing_blanks(line.substr(0, line.find('\0')));
        const bool keeps = !line.empty() && line.front() == '!';
        if (keeps) line.remove_prefix(1);
        const bool only_folders = !line.empty() && line.back() == '/';
        if (only_folders) line.remove_suffix(1);
        if (!line.empty()) rules_.push_back({GitPattern(line), keeps, only_folders});
    }
}

IgnoreFile::Verdict IgnoreFile::judge(std::string_view path, bool is_folder) const {
    path.remove_prefix(std::min(path.size(), folder_.empty() ? 0 : folder_.size() + 1));
    const std::string_view name = path.substr(path.rfind('/') + 1);
    for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
        if (rule->only_folders && !is_folder) continue;
        if (rule->pattern.matches(path, name))
            return rule->keeps ? Verdict::kKept : Verdict::kIgnored;
    }
    return Verdict::kNothing;
}

bool IgnoreStack::ignores(std::string_view path, bool is_folder, std::size_t first) const {
    for (std::size_t i = files_.size(); i > first; --i) {
        const IgnoreFile::Verdict verdict = files_[i - 1].judge(path, is_folder);
        if (verdict != IgnoreFile::Verdict::kNothing)
            return verdict == IgnoreFile::Verdict::kIgnored;
    }
    return false;
}

}  // namespace tenon::file
