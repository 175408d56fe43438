#include "host/sandbox/landlock.h"

#include <algorithm>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <memory>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/base/path_text.h"
#include "host/sandbox/policy.h"

namespace tenon::sandbox {
namespace {

constexpr long kCreateRuleset = 444;  // the same numbers on every architecture
constexpr long kAddRule = 445;
constexpr long kRestrictSelf = 446;
constexpr unsigned kVersionFlag = 1;
constexpr int kRulePathBeneath = 1;

constexpr std::uint64_t bit(int n) {
    return std::uint64_t{1} << static_cast<unsigned>(n);
}
constexpr std::uint64_t kExecute = bit(0);
constexpr std::uint64_t kWriteFile = bit(1);
constexpr std::uint64_t kReadFile = bit(2);
constexpr std::uint64_t kReadDir = bit(3);
constexpr std::uint64_t kRemoveDir = bit(4);
constexpr std::uint64_t kRemoveFile = bit(5);
constexpr std::uint64_t kMakeDir = bit(7);
constexpr std::uint64_t kMakeReg = bit(8);
constexpr std::uint64_t kMakeSock = bit(9);
constexpr std::uint64_t kMakeFifo = bit(10);
constexpr std::uint64_t kMakeSym = bit(12);
constexpr std::uint64_t kRefer = bit(13);     // ABI 2
constexpr std::uint64_t kTruncate = bit(14);  // ABI 3
constexpr std::uint64_t kIoctlDev = bit(15);  // ABI 5
constexpr std::uint64_t kNetBind = bit(0);    // ABI 4
constexpr std::uint64_t kNetConnect = bit(1);
constexpr std::uint64_t kScopeAbstractSockets = bit(0);  // ABI 6
constexpr std::uint64_t kScopeSignals = bit(1);

constexpr std::uint64_t kFileRights = kExecute | kWriteFile | kReadFile | kTruncate | kIoctlDev;
constexpr std::uint64_t kWriteRights = kWriteFile | kTruncate | kReadDir | kRemoveDir |
                                       kRemoveFile | kMakeDir | kMakeReg | kMakeSock | kMakeFifo |
                                       kMakeSym | kRefer;

struct RulesetAttributes {
    std::uint64_t files;
    std::uint64_t network;
    std::uint64_t scoped;
};
struct __attribute__((packed)) PathBeneath {
    std::uint64_t allowed;
    std::int32_t parent;
};

std::uint64_t rights_known_to(int abi) {
    if (abi >= 5) return bit(16) - 1;
    if (abi >= 3) return bit(15) - 1;
    return abi == 2 ? bit(14) - 1 : bit(13) - 1;
}

std::size_t attribute_bytes(int abi) {
    return abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
}

bool contains_a_denied_path(const std::string& directory, const std::vector<std::string>& denied) {
    return std::any_of(denied.begin(), denied.end(),
                       [&](const std::string& path) { return is_beneath(path, directory); });
}

bool entry_is_directory(int fd, const dirent& entry) {
    if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
    struct stat info {};
    return ::fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
}

/// Fails with ELOOP where a part of the path is a link.
UniqueFd open_without_links(const std::string& path, int flags) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_NO_SYMLINKS;
    return UniqueFd(
        static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
}

using Listing = std::unique_ptr<DIR, int (*)(DIR*)>;

/// Nothing when it cannot be listed.
Listing open_listing(const std::string& directory) {
    UniqueFd opened = open_without_links(directory, O_RDONLY | O_DIRECTORY);
    DIR* const listing = opened ? ::fdopendir(opened.get()) : nullptr;
    if (listing != nullptr) (void)opened.release();
    return {listing, ::closedir};
}

}  // namespace

int landlock_abi() {
    const long abi = ::syscall(kCreateRuleset, nullptr, 0, kVersionFlag);
    return abi > 0 ? static_cast<int>(abi) : 0;
}

Result<Landlock> Landlock::create(int abi, bool refuse_tcp) {
    RulesetAttributes attributes{};
    attributes.files = rights_known_to(abi);
    if (abi >= 4 && refuse_tcp) attributes.network = kNetBind | kNetConnect;
    if (abi >= 6) attributes.scoped = kScopeAbstractSockets | kScopeSignals;
    UniqueFd ruleset(
        static_cast<int>(::syscall(kCreateRuleset, &attributes, attribute_bytes(abi), 0)));
    if (!ruleset) return Error::from_errno("make a Landlock ruleset");
    return Landlock(abi, std::move(ruleset));
}

std::uint64_t Landlock::rights(Access access, bool directory) const {
    std::uint64_t rights = 0;
    switch (access) {
        case Access::kList:
            rights = kReadDir;
            break;
        case Access::kRead:
            rights = kReadFile | kExecute;
            break;
        case Access::kReadTree:
            rights = kReadFile | kReadDir;
            break;
        case Access::kRunTree:
            rights = kReadFile | kReadDir | kExecute;
            break;
        case Access::kReadWrite:
            rights = kReadFile | kExecute | kWriteRights;
            break;
        case Access::kWrite:
            rights = kWriteRights;
            break;
        case Access::kDevice:
            rights = kReadFile | kWriteFile | kTruncate | kIoctlDev | kReadDir;
            break;
    }
    return rights & rights_known_to(abi_) & (directory ? ~std::uint64_t{0} : kFileRights);
}

Result<void> Landlock::add(int path, bool directory, Access access, const std::string& name) {
    PathBeneath rule{rights(access, directory), path};
    if (rule.allowed == 0) return {};
    if (::syscall(kAddRule, ruleset_.get(), kRulePathBeneath, &rule, 0) == 0) return {};
    return Error::from_errno("add a Landlock rule for " + name);
}

Result<void> Landlock::allow(const std::string& path, Access access) {
    return allow_opened(UniqueFd(::open(path.c_str(), O_PATH | O_CLOEXEC)), path, access);
}

Result<void> Landlock::allow_real(const std::string& path, Access access) {
    return allow_opened(open_without_links(path, O_PATH), path, access);
}

/// Called right after `opened` was opened: errno says why it was not.
Result<void> Landlock::allow_opened(const UniqueFd& opened, const std::string& path,
                                    Access access) {
    if (!opened && (errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == ELOOP))
        return {};
    struct stat info {};
    if (!opened || ::fstat(opened.get(), &info) != 0) return Error::from_errno("open " + path);
    return add(opened.get(), S_ISDIR(info.st_mode), access, path);
}

Result<void> Landlock::allow_reading_around(const std::string& directory,
                                            const std::vector<std::string>& denied, Access access) {
    if (std::find(denied.begin(), denied.end(), directory) != denied.end()) return {};
    if (!contains_a_denied_path(directory, denied)) return allow_real(directory, access);
    const Listing listing = open_listing(directory);
    // It cannot be listed, or has gone: nothing can be allowed.
    if (!listing) return {};
    const std::string prefix = directory == "/" ? "/" : directory + "/";
    while (const dirent* entry = ::readdir(listing.get())) {
        const std::string_view name = entry->d_name;
        if (name == "." || name == ".." || entry->d_type == DT_LNK) continue;
        const std::string path = prefix + std::string(name);
        if (contains_a_denied_path(path, denied)) {
            if (auto done = allow_reading_around(path, denied, access); !done) return done;
            continue;
        }
        const UniqueFd fd(
            ::openat(::dirfd(listing.get()), entry->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
        if (!fd) continue;  // it has gone meanwhile
        if (auto done = add(fd.get(), entry_is_directory(fd.get(), *entry), access, path); !done)
            return done;
    }
    return {};
}

Result<void> Landlock::enforce() {
    if (::syscall(kRestrictSelf, ruleset_.get(), 0) == 0) return {};
    return Error::from_errno("enforce Landlock");
}

}  // namespace tenon::sandbox
