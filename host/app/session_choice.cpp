#include "host/app/session_choice.h"

#include <algorithm>
#include <ctime>
#include <vector>

#include "host/app/session_list.h"
#include "host/base/clock.h"
#include "host/base/ids.h"

namespace tenon::app {
namespace {

namespace fs = std::filesystem;

struct JournalFile {
    fs::file_time_type written;
    fs::path path;
};

std::vector<JournalFile> newest_first(const fs::path& folder) {
    std::vector<JournalFile> files;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(folder, failed)) {
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
        const auto head = first_record(file.path);
        const std::string id = file.path.stem().string();
        if (head && string_or(*head, "workspace") == workspace.string() && is_session_id(id))
            return id;
    }
    return Error{"--continue: there is no session of " + workspace.string() + " yet"};
}

}  // namespace tenon::app
