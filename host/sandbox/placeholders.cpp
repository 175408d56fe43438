#include "host/sandbox/placeholders.h"

#include <cstdio>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/private_dirs.h"
#include "host/sandbox/policy.h"

namespace tenon::sandbox {
namespace {

constexpr mode_t kOuter = 01755;  // something may be made beside the protected path in it
constexpr mode_t kInner = 01555;
constexpr mode_t kUsual = 0755;
constexpr mode_t kModeBits = 07777;

std::string lock_name(const std::string& workspace) {
    std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a
    for (const char c : workspace)
        hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    char text[32];
    std::snprintf(text, sizeof text, "%016llx.lock", static_cast<unsigned long long>(hash));
    return text;
}

bool is_placeholder(const std::string& path) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return false;
    const mode_t mode = info.st_mode & kModeBits;
    return info.st_uid == ::geteuid() && (mode == kOuter || mode == kInner);
}

/// Nothing is done where something stands already, be it one of ours.
Result<void> make_one(const std::string& path, mode_t mode) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) == 0) return {};
    const mode_t usual = ::umask(0);
    const bool made = ::mkdir(path.c_str(), mode) == 0 || errno == EEXIST;
    const int code = errno;
    ::umask(usual);
    if (made) return {};
    return Error::from_errno("hold the place of " + path, code);
}

/// The paths from beneath `root` down to `path`.
std::vector<std::string> steps(const std::string& path, const std::string& root) {
    std::vector<std::string> out;
    for (auto end = path.find('/', root.size() + 1); end != std::string::npos;
         end = path.find('/', end + 1))
        out.push_back(path.substr(0, end));
    out.push_back(path);
    return out;
}

bool is_directory(const std::string& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

}  // namespace

Result<Placeholders> Placeholders::make(const std::filesystem::path& records,
                                        const std::string& workspace,
                                        const std::vector<std::string>& paths,
                                        const std::vector<std::string>& writable) {
    Placeholders held;
    if (auto made = make_private_dirs(records); !made) return made.error();
    const auto file = records / lock_name(workspace);
    held.lock_.reset(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!held.lock_) return Error::from_errno("open " + file.string());
    while (::flock(held.lock_.get(), LOCK_SH) != 0) {
        if (errno != EINTR) return Error::from_errno("lock " + file.string());
    }
    for (const std::string& path : paths) {
        for (const std::string& root : writable) {
            if (!is_beneath(path, root) || path == root || !is_directory(root)) continue;
            for (const std::string& step : steps(path, root)) {
                if (auto made = make_one(step, step == path ? kInner : kOuter); !made)
                    return made.error();
                held.places_.push_back(step);
                if (!is_directory(step)) break;  // a link or a file in the way is pinned itself
            }
        }
    }
    return held;
}

Placeholders::~Placeholders() {
    if (lock_) remove();
}

/// Where others still hold the lock, theirs is the last word.
void Placeholders::remove() {
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) return;
    for (auto place = places_.rbegin(); place != places_.rend(); ++place) {
        if (!is_placeholder(*place)) continue;
        // What somebody has filled, as `git init` does, becomes an ordinary directory.
        if (::rmdir(place->c_str()) != 0) ::chmod(place->c_str(), kUsual);
    }
}

}  // namespace tenon::sandbox
