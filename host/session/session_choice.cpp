#include "host/session/session_choice.h"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <sys/stat.h>
#include <tuple>
#include <vector>

#include "host/base/clock.h"
#include "host/base/ids.h"
#include "host/journal/session_list.h"

namespace tenon::session {
namespace {

namespace fs = std::filesystem;

struct JournalFile {
    fs::file_time_type written;
    fs::path path;
};

std::vector<JournalFile> newest_first(const fs::path& folder) {
    std::vector<JournalFile> files;
    std::error_code failed;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end;
         at.increment(failed)) {
        const fs::directory_entry& entry = *at;
        std::error_code ignored;
        if (entry.path().extension() == ".jsonl" && entry.is_regular_file(ignored)) {
            files.push_back({entry.last_write_time(ignored), entry.path()});
        }
    }
    std::sort(files.begin(), files.end(), [](const JournalFile& a, const JournalFile& b) {
        return std::tie(b.written, b.path) < std::tie(a.written, a.path);
    });
    return files;
}

/// Only what is known to be gone: what cannot be looked at may be there.
bool is_gone(const fs::path& folder) {
    struct stat info {};
    if (::stat(folder.c_str(), &info) == 0) return !S_ISDIR(info.st_mode);
    return errno == ENOENT || errno == ENOTDIR;
}

}  // namespace

std::string new_session_id() {
    const std::time_t now = wall_clock_ms() / 1000;
    std::tm parts{};
    ::localtime_r(&now, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y%m%d-%H%M%S-", &parts);
    return text + random_hex(4);
}

Result<std::string> latest_session(const fs::path& folder, const fs::path& workspace) {
    for (const JournalFile& file : newest_first(folder)) {
        const std::string id = file.path.stem().string();
        if (!is_session_id(id)) continue;
        const auto belongs_to = journal::workspace_of_session(file.path);
        if (belongs_to && *belongs_to == workspace.native()) return id;
    }
    return Error{"--continue: there is no session of " + workspace.string() + " yet"};
}

Result<bool> is_to_be_moved(const NamedSession& named, const config::Settings& settings,
                            const std::function<bool(const std::string& question)>& ask) {
    const fs::path journal = settings.state_dir / "sessions" / (named.id + ".jsonl");
    std::error_code missing;
    if (!fs::is_regular_file(journal, missing)) return false;
    const auto old = journal::workspace_of_session(journal);
    // Opening it says what is wrong with the journal.
    if (!old || *old == settings.workspace.native()) return false;

    const std::string belongs = "session '" + named.id + "' belongs to the workspace " + *old;
    if (!is_gone(*old)) {
        return Error{belongs + ", not to " + settings.workspace.string() +
                     "; go there, or use --workspace " + *old};
    }
    const std::string how =
        "--session " + named.id + " --workspace " + settings.workspace.string() + " --yes";
    if (!named.workspace_named) {
        return Error{belongs + ", which no longer exists; to move the session here: " + how};
    }
    if (named.yes) return true;
    if (!ask) {
        return Error{belongs +
                     ", which no longer exists, and there is no terminal to ask on; to "
                     "move the session: " +
                     how};
    }
    if (ask("The " + belongs + ", which no longer exists. Move it to " +
            settings.workspace.string() + "?"))
        return true;
    return Error{belongs + "; it was not moved"};
}

}  // namespace tenon::session
