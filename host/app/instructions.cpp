#include "host/app/instructions.h"

#include "host/base/atomic_file.h"
#include "host/base/utf8.h"

namespace tenon::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostBytes = 32U << 10U;
constexpr std::size_t kLargestFile = 4U << 20U;

/// From the repository's root down to `workspace`; that alone when there is no repository.
std::vector<fs::path> folders_down_to(const fs::path& workspace) {
    std::vector<fs::path> folders;
    std::error_code ignored;
    for (fs::path folder = workspace;; folder = folder.parent_path()) {
        folders.insert(folders.begin(), folder);
        if (fs::exists(folder / ".git", ignored)) return folders;
        if (folder == folder.parent_path()) return {workspace};
    }
}

}  // namespace

Instructions project_instructions(const fs::path& workspace) {
    Instructions found;
    std::size_t left = kMostBytes;
    for (const fs::path& folder : folders_down_to(workspace)) {
        for (const char* name : {"AGENTS.md", "CLAUDE.md"}) {
            const fs::path file = folder / name;
            std::error_code ignored;
            if (!fs::exists(file, ignored)) continue;
            auto text = read_whole_file(file, kLargestFile);
            if (!text) {
                found.warnings.push_back(text.error().message);
                continue;
            }
            std::string words = utf8::repair(*text);
            if (words.find_first_not_of(" \t\r\n") == std::string::npos) break;
            const std::string_view kept = utf8::first_bytes(words, left);
            if (kept.size() < words.size()) {
                found.warnings.push_back(file.string() +
                                         ": cut, since all instructions together may have 32 KiB");
            }
            left -= kept.size();
            if (!kept.empty()) {
                found.text += "<instructions file=\"" + utf8::repair(file.string()) + "\">\n" +
                              std::string(kept) + "\n</instructions>\n";
            }
            break;
        }
    }
    return found;
}

}  // namespace tenon::app
