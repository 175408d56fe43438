#include "host/plugins/allow_list.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <optional>
#include <sys/stat.h>

#include "host/base/atomic_file.h"
#include "host/base/untrusted.h"
#include "host/base/utf8.h"
#include "host/plugins/trusted_file.h"

namespace tenon::plugins {
namespace {

namespace fs = std::filesystem;
using plugin::Refusal;

constexpr std::size_t kMaxListBytes = 4U << 20U;
constexpr std::size_t kHashDigits = 64;

/// The hash of a line `HASH  NAME` or `HASH *NAME`. sha256sum begins the line with a backslash when
/// it has escaped the name.
std::optional<std::string> hash_in(std::string_view line) {
    if (line.starts_with('\\')) line.remove_prefix(1);
    std::string hash(line.substr(0, kHashDigits));
    const bool is_hash = hash.size() == kHashDigits &&
                         std::all_of(hash.begin(), hash.end(),
                                     [](unsigned char c) { return std::isxdigit(c) != 0; });
    const bool ends =
        line.size() <= kHashDigits || line[kHashDigits] == ' ' || line[kHashDigits] == '\t';
    if (!is_hash || !ends) return std::nullopt;
    std::transform(hash.begin(), hash.end(), hash.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return hash;
}

/// Why a file is no list, or not one that counts. The remedies of `open_trusted` are those for a
/// plugin file, which may also belong to the user.
std::optional<Refusal> wrong_kind_or_owner(const std::string& named, const struct stat& info) {
    if (!S_ISREG(info.st_mode))
        return Refusal{named + " is not a regular file",
                       "put a file with lines as sha256sum prints them in its place"};
    if (!owns_this_program(info.st_uid))
        return Refusal{named + " does not belong to root", "chown root " + named};
    return std::nullopt;
}

}  // namespace

Result<AllowList, Refusal> AllowList::read(const fs::path& file) {
    AllowList out;
    out.file_ = file;
    struct stat info {};
    if (::lstat(file.c_str(), &info) != 0 && (errno == ENOENT || errno == ENOTDIR)) return out;
    out.exists_ = true;
    const std::string named = visible(file.string());
    if (::stat(file.c_str(), &info) == 0)
        if (auto refusal = wrong_kind_or_owner(named, info)) return *refusal;
    const auto opened = open_trusted(file);
    if (!opened) return Refusal{named + ": " + opened.error().reason, opened.error().remedy};
    // The file may be another one by now.
    if (::fstat(opened->fd.get(), &info) != 0)
        return Refusal{Error::from_errno("stat " + named).message, "check the file"};
    if (auto refusal = wrong_kind_or_owner(named, info)) return *refusal;
    const auto text =
        read_whole_file("/proc/self/fd/" + std::to_string(opened->fd.get()), kMaxListBytes);
    if (!text) return Refusal{named + ": " + text.error().message, "make it readable"};
    std::size_t number = 0;
    for (std::string_view rest = *text; !rest.empty();) {
        const auto end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = utf8::trimmed(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        ++number;
        if (line.empty() || line.starts_with('#')) continue;
        auto hash = hash_in(line);
        if (!hash)
            return Refusal{named + ":" + std::to_string(number) + ": " + in_quotes(line) +
                               " is no line of sha256sum",
                           "write 64 hexadecimal digits, two blanks and a name, or begin the line "
                           "with #"};
        out.hashes_.insert(*std::move(hash));
    }
    return out;
}

Result<void, Refusal> AllowList::check(const std::string& sha256, const fs::path& library) const {
    if (hashes_.count(sha256) > 0) return {};
    return Refusal{"plugins.require is known, and " + visible(file_.string()) +
                       (exists_ ? " does not list" : " does not exist, so it does not list") +
                       " its SHA-256 " + sha256,
                   "to allow exactly this file, add the line '" + sha256 + "  " +
                       visible(library.filename().string()) + "' to " + visible(file_.string())};
}

}  // namespace tenon::plugins
