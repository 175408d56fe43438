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
#include "host/base/path_text.h"
#include "host/base/unique_fd.h"
#include "host/base/utf8.h"
#include "host/journal/reader.h"

namespace tenon::journal {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostOfAPrompt = 4096;

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

Error not_a_session(const fs::path& path) {
    return Error{path.string() + ": not the journal of a session"};
}

/// The first record, when it is that of a session.
Result<Place> first_record(Reader& reader, const fs::path& path) {
    while (true) {
        auto place = reader.next();
        if (!place) return place.error();
        if (!*place) return not_a_session(path);
        Place& found = **place;
        if (found.condition == Place::Condition::kDamaged) continue;
        if (found.type != RecordType::kSession) return not_a_session(path);
        return std::move(found);
    }
}

void take_text(const Record& record, SessionSummary& session) {
    if (record.string("origin") != "prompt") return;
    const char* const member = record.has("typed") ? "typed" : "text";
    session.first_prompt = utf8::first_bytes(utf8::repair(record.string(member)), kMostOfAPrompt);
}

void take_record(const Place& place, SessionSummary& session) {
    if (place.type == RecordType::kAnswer) ++session.turns;
    if (!place.record) return;
    const Record& record = *place.record;
    if (place.type == RecordType::kText) take_text(record, session);
    if (place.type == RecordType::kModel) {
        if (record.has("model")) session.model = record.string("model");
        if (record.has("provider")) session.provider = record.string("provider");
    }
    if (place.type == RecordType::kWorkspace && record.has("workspace"))
        session.workspace = path_from_text(record.string("workspace"));
}

SessionSummary summary_of(const Record& head) {
    SessionSummary session;
    session.id = head.string("id");
    session.workspace = path_from_text(head.string("workspace"));
    session.provider = head.string("provider");
    session.model = head.string("model");
    session.system = head.string("system");
    session.created_ms = head.integer("created_ms", 0);
    return session;
}

Result<SessionSummary> summarise(const fs::path& path, const std::set<std::string>& locked) {
    auto reader = Reader::open(path, {RecordType::kSession, RecordType::kText, RecordType::kModel,
                                      RecordType::kWorkspace});
    if (!reader) return reader.error();
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return Error::from_errno("read " + path.string());
    const auto head = first_record(*reader, path);
    if (!head) return head.error();
    if (head->condition == Place::Condition::kNewer)
        return Error{path.string() + ": " + head->problem};
    SessionSummary session = summary_of(*head->record);
    if (session.id != path.stem().string())
        return Error{not_a_session(path).message + " of that name"};
    session.last_ms = info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1'000'000;
    session.held = locked.count(lock_name(info)) > 0;
    while (true) {
        const auto place = reader->next();
        if (!place) return place.error();
        if (!*place) return session;
        take_record(**place, session);
        if (!session.first_prompt.empty()) reader->stop_parsing(RecordType::kText);
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
    auto reader = Reader::open(journal, {RecordType::kSession, RecordType::kWorkspace});
    if (!reader) return reader.error();
    // Also of a newer version: opening the session says so.
    const auto head = first_record(*reader, journal);
    if (!head) return head.error();
    std::string workspace = head->record->string("workspace");
    std::error_code failed;
    if (!fs::exists(moved_mark(journal), failed)) return path_from_text(workspace);
    while (true) {
        const auto place = reader->next();
        if (!place) return place.error();
        if (!*place) return path_from_text(workspace);
        if ((*place)->type == RecordType::kWorkspace && (*place)->record &&
            (*place)->record->has("workspace"))
            workspace = (*place)->record->string("workspace");
    }
}

fs::path switched_mark(const fs::path& journal) {
    return fs::path(journal).replace_extension() / "switched";
}

Result<RecordedModel> model_of_session(const fs::path& journal) {
    auto reader = Reader::open(journal, {RecordType::kSession, RecordType::kModel});
    if (!reader) return reader.error();
    const auto head = first_record(*reader, journal);
    if (!head) return head.error();
    const Record& first = *head->record;
    RecordedModel model{first.string("provider"), first.string("model"), first.string("server")};
    std::error_code failed;
    if (!fs::exists(switched_mark(journal), failed)) return model;
    while (true) {
        const auto place = reader->next();
        if (!place) return place.error();
        if (!*place) return model;
        if ((*place)->type != RecordType::kModel || !(*place)->record) continue;
        const Record& change = *(*place)->record;
        if (change.has("model")) model.name = change.string("model");
        if (change.has("provider")) model.provider = change.string("provider");
        if (change.has("provider") || change.has("server")) model.server = change.string("server");
    }
}

bool is_session_held(const fs::path& folder, const std::string& id) {
    const fs::path path = folder / (id + ".jsonl");
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat info {};
    if (!fd || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
    if (locked_files().count(lock_name(info)) > 0) return true;
    // For a file that /proc/locks names in another way. The lock is released at once, since a host
    // may be about to open the session.
    return ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

Result<SessionSummary> summarise_session(const fs::path& folder, const std::string& id) {
    const fs::path path = folder / (id + ".jsonl");
    std::error_code failed;
    if (!fs::exists(path, failed) && !failed) return Error{"there is no session '" + id + "'"};
    return summarise(path, locked_files());
}

}  // namespace tenon::journal
