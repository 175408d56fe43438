#include "host/session/instructions.h"

#include "host/base/utf8.h"
#include "host/config/workspace_file.h"

namespace tenon::session {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostInstructionBytes = 32U << 10U;

/// The directories from the repository's root down to `workspace`.
std::vector<fs::path> folders_down_to(const fs::path& workspace, const fs::path& root) {
    std::vector<fs::path> folders;
    for (fs::path folder = workspace;; folder = folder.parent_path()) {
        folders.insert(folders.begin(), folder);
        if (folder == root || folder == folder.parent_path()) return folders;
    }
}

/// The text of one file, valid UTF-8; empty when there is none. Reads a little more than the limit,
/// so that a longer file is recognised.
Result<std::string> instruction_text(const fs::path& root, const fs::path& file) {
    const auto bytes = config::read_project_file(
        root, file, kMostInstructionBytes + 3);  // a character may be cut off
    if (!bytes) return bytes.error();
    if (!*bytes) return std::string();
    std::string_view text = **bytes;
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
        return Error{file.string() + " is UTF-16 text; save it as UTF-8"};
    if (text.find('\0') != std::string_view::npos)
        return Error{file.string() + " holds NUL bytes, so it is not UTF-8 text"};
    text = utf8::without_byte_order_mark(text);
    return utf8::repair(text);
}

bool is_blank_text(std::string_view text) {
    return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

}  // namespace

Instructions project_instructions(const fs::path& workspace) {
    Instructions found;
    const fs::path root = config::project_root(workspace, &found.warnings);
    std::size_t left = kMostInstructionBytes;
    for (const fs::path& folder : folders_down_to(workspace, root)) {
        for (const char* name : {"AGENTS.md", "CLAUDE.md"}) {
            const fs::path file = folder / name;
            const auto text = instruction_text(root, file);
            if (!text) found.warnings.push_back(text.error().message + "; it is left out");
            if (!text || is_blank_text(*text)) continue;
            const std::string_view kept = utf8::first_bytes(*text, left);
            if (kept.size() < text->size()) {
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

}  // namespace tenon::session
