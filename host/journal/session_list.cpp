#include "host/journal/session_list.h"

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <set>
#include <sstream>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <tuple>

#include "host/base/ids.h"
#include "host/base/json.h"
#include "host/base/path_text.h"
#include "host/base/unique_fd.h"
#include "host/base/utf8.h"
#include "host/journal/journal_lines.h"

namespace tenon::journal {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostOfAPrompt = 4096;
constexpr std::size_t kTypeIsWithin = 80;  // bytes: "v" and "seq" stand before it

/// Locked files as /proc/locks names them, "fe:00:10953150". A file system that shows another
/// device than stat(2) does is not recognised.
std::set<std::string> locked_files() {
    std::set<std::string> found;
    std::ifstream in("/proc/locks");
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        std::string number, kind, mode, access, pid, file;
        if (words >> number >> kind >> mode >> access >> pid >> file && kind == "FLOCK")
            found.insert(file);
    }
    return found;
}

std::string lock_name(const struct stat& file) {
    char text[64];
    std::snprintf(text, sizeof text, "%02x:%02x:%llu", ::major(file.st_dev), ::minor(file.st_dev),
                  static_cast<unsigned long long>(file.st_ino));
    return text;
}

/// The type of a record that stands where this program writes it.
std::string_view type_of(std::string_view line) {
    constexpr std::string_view kKey = R"("type":")";
    const std::string_view head = line.substr(0, kTypeIsWithin);
    const auto at = head.find(kKey);
    if (at == std::string_view::npos) return {};
    const std::string_view rest = head.substr(at + kKey.size());
    return rest.substr(0, rest.find('"'));
}

void take_record(std::string_view line, SessionSummary& session) {
    const std::string_view type = type_of(line);
    if (type == "assistant") {
        ++session.turns;
    } else if (type == "user" && session.first_prompt.empty()) {
        const auto record = parse_json(line, kMaxOwnJsonDepth);
        if (record && string_or(*record, "origin") == "prompt") {
            const std::string text = utf8::repair(string_or(*record, "text"));
            session.first_prompt = utf8::first_bytes(text, kMostOfAPrompt);
        }
    } else if (type == "model") {
        if (const auto record = parse_json(line))
            session.model = string_or(*record, "model", session.model);
    } else if (type == "workspace") {
        if (const auto record = parse_json(line))
            session.workspace =
                path_from_text(string_or(*record, "workspace", path_to_text(session.workspace)));
    }
}

Result<Json> read_head(JournalLines& lines) {
    while (true) {
        const auto line = lines.next();
        if (!line) return line.error();
        if (!*line) return Error{"no record"};
        for (const std::string_view part : parts_between_nuls((*line)->text)) {
            auto record = parse_json(part, kMaxOwnJsonDepth);
            if (record && record->is_object()) return record;
        }
    }
}

Result<SessionSummary> summarise(const fs::path& path, const std::set<std::string>& locked) {
    auto lines = JournalLines::open(path);
    if (!lines) return lines.error();
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return Error::from_errno("read " + path.string());
    const auto head = read_head(*lines);
    if (!head || string_or(*head, "type") != "session" ||
        string_or(*head, "id") != path.stem().string())
        return Error{path.string() + ": not the journal of a session of that name"};
    if (integer_or(*head, "v", 0) > 1) return Error{path.string() + ": written by a newer tenon"};
    SessionSummary session;
    session.id = path.stem().string();
    session.workspace = path_from_text(string_or(*head, "workspace"));
    session.provider = string_or(*head, "provider");
    session.model = string_or(*head, "model");
    session.system = string_or(*head, "system");
    session.created_ms = integer_or(*head, "created_ms", 0);
    session.last_ms = info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1'000'000;
    session.held = locked.count(lock_name(info)) > 0;
    while (true) {
        const auto line = lines->next();
        if (!line) return line.error().while_doing("read " + path.string());
        if (!*line) return session;
        for (const std::string_view part : parts_between_nuls((*line)->text))
            take_record(part, session);
    }
}

}  // namespace

std::vector<SessionSummary> list_sessions(const fs::path& folder, const fs::path& workspace,
                                          std::vector<std::string>* problems) {
    std::vector<SessionSummary> found;
    const std::set<std::string> locked = locked_files();
    std::error_code failed;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end;
         at.increment(failed)) {
        const fs::path& path = at->path();
        std::error_code ignored;
        if (path.extension() != ".jsonl" || !is_session_id(path.stem().string()) ||
            !at->is_regular_file(ignored))
            continue;
        auto session = summarise(path, locked);
        if (!session && problems != nullptr) problems->push_back(session.error().message);
        if (session && (workspace.empty() || session->workspace == workspace.string()))
            found.push_back(*std::move(session));
    }
    std::sort(found.begin(), found.end(), [](const SessionSummary& a, const SessionSummary& b) {
        return std::tie(b.last_ms, b.id) < std::tie(a.last_ms, a.id);
    });
    return found;
}

fs::path moved_mark(const fs::path& journal) {
    return fs::path(journal).replace_extension() / "moved";
}

Result<std::string> workspace_of_session(const fs::path& journal) {
    auto lines = JournalLines::open(journal);
    if (!lines) return lines.error();
    const auto head = read_head(*lines);
    if (!head || string_or(*head, "type") != "session")
        return Error{journal.string() + ": not the journal of a session"};
    std::string workspace = string_or(*head, "workspace");
    std::error_code failed;
    if (!fs::exists(moved_mark(journal), failed)) return path_from_text(workspace);
    while (true) {
        const auto line = lines->next();
        if (!line) return line.error().while_doing("read " + journal.string());
        if (!*line) return path_from_text(workspace);
        for (const std::string_view part : parts_between_nuls((*line)->text)) {
            if (type_of(part) != "workspace") continue;
            if (const auto record = parse_json(part))
                workspace = string_or(*record, "workspace", std::move(workspace));
        }
    }
}

bool is_session_held(const fs::path& folder, const std::string& id) {
    const fs::path path = folder / (id + ".jsonl");
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat info {};
    if (!fd || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
    if (locked_files().count(lock_name(info)) > 0) return true;
    // Where /proc/locks names the file in another way. Let go at once: a host may be about to open
    // it.
    return ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

Result<SessionSummary> summarise_session(const fs::path& folder, const std::string& id) {
    const fs::path path = folder / (id + ".jsonl");
    std::error_code failed;
    if (!fs::exists(path, failed) && !failed) return Error{"there is no session '" + id + "'"};
    return summarise(path, locked_files());
}

}  // namespace tenon::journal
