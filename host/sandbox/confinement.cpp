#include "host/sandbox/confinement.h"

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/path_text.h"
#include "host/sandbox/capabilities.h"
#include "host/sandbox/directories.h"
#include "host/sandbox/filter.h"

namespace tenon::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr int kAbiOfTruncate = 3;
constexpr int kAbiOfSignals = 6;
constexpr char kSharedMemory[] = "/dev/shm";
constexpr char kDefaultTemporary[] = "/tmp";
/// Nothing else in /dev can be opened: a disk contains all files, also those that may not be read.
constexpr const char* kDevices[] = {"/dev/null",    "/dev/zero", "/dev/full", "/dev/random",
                                    "/dev/urandom", "/dev/tty",  "/dev/ptmx", "/dev/pts"};
// In Tenon's directory for locks. These are shown in the place of hidden files and directories.
constexpr char kEmptyDirectory[] = "empty";
constexpr char kEmptyFile[] = "none";

bool is_directory(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool exists(const std::string& path) {
    return ::faccessat(AT_FDCWD, path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

std::vector<Gap> gaps_with(int abi, bool seccomp, bool mounts) {
    std::vector<Gap> gaps;
    if (abi == 0) gaps.push_back(Gap::kLandlock);
    if (!seccomp) gaps.push_back(Gap::kSeccomp);
    if (!mounts) gaps.push_back(Gap::kMountNamespace);
    if (!mounts && abi > 0 && abi < kAbiOfTruncate) gaps.push_back(Gap::kTruncate);
    if (abi > 0 && abi < kAbiOfSignals) gaps.push_back(Gap::kSignals);
    return gaps;
}

Result<void> check_gaps(const Policy& policy, const std::vector<Gap>& gaps) {
    std::vector<Gap> not_tolerated;
    for (const Gap gap : gaps) {
        const auto& known = policy.tolerated;
        if (std::find(known.begin(), known.end(), gap) == known.end()) not_tolerated.push_back(gap);
    }
    if (not_tolerated.empty()) return {};
    return Error{"the command was not started: its sandbox cannot be enforced here, for want of " +
                 describe(not_tolerated)};
}

/// Where temporary directories are made.
fs::path parent_of_temporary() {
    const char* set = std::getenv("TMPDIR");
    const bool usable =
        set != nullptr && set[0] == '/' && ::access(set, W_OK) == 0 && is_directory(set);
    for (const char* place : {usable ? set : kDefaultTemporary, kDefaultTemporary}) {
        std::error_code error;
        auto real = fs::canonical(place, error);
        if (!error) return real;
    }
    return kDefaultTemporary;
}

}  // namespace

std::vector<Gap> find_gaps() {
    return gaps_with(landlock_abi(), has_seccomp(), can_make_mount_namespace());
}

Result<Confinement> Confinement::prepare(Policy policy, const std::string& name,
                                         const fs::path& records) {
    Confinement out(std::move(policy));
    if (!out.policy_.is_on()) return out;
    const auto in_sandbox = [](const Error& error) { return error.while_doing("sandbox"); };
    // Whether a mount namespace can be made is only known when one is entered.
    const bool has_filters = has_seccomp();
    if (auto fine = check_gaps(
            out.policy_, gaps_with(landlock_abi(), has_filters, out.uses(Gap::kMountNamespace)));
        !fine)
        return in_sandbox(fine.error());
    if (auto made = out.make_temporary(name); !made) return in_sandbox(made.error());
    if (auto done = out.plan_mounts(records); !done) return in_sandbox(done.error());
    if (auto done = out.plan_landlock(); !done) return in_sandbox(done.error());
    if (has_filters) out.filter_ = filter_for(out.policy_.network, out.landlock_.has_value());
    auto handover = Handover::make();
    if (!handover) return in_sandbox(handover.error());
    out.handover_ = *std::move(handover);
    return out;
}

Confinement::Confinement(Confinement&& other) noexcept
    : policy_(std::move(other.policy_)),
      placeholders_(std::move(other.placeholders_)),
      temporary_(std::exchange(other.temporary_, {})),
      mounts_(std::move(other.mounts_)),
      landlock_(std::move(other.landlock_)),
      filter_(std::move(other.filter_)),
      handover_(std::move(other.handover_)),
      handed_over_(std::move(other.handed_over_)),
      broker_(std::move(other.broker_)) {}

Confinement::~Confinement() {
    if (temporary_.empty()) return;
    std::error_code error;
    fs::remove_all(temporary_, error);
    if (!error) return;
    make_removable(temporary_.string());
    fs::remove_all(temporary_, error);
}

/// What the host has reported as missing is not used, so that the report stays true.
bool Confinement::uses(Gap gap) const {
    const auto& missing = policy_.tolerated;
    return std::find(missing.begin(), missing.end(), gap) == missing.end();
}

Result<void> Confinement::make_temporary(const std::string& name) {
    std::string pattern = (parent_of_temporary() / ("tenon-" + name + "-XXXXXX")).string();
    if (::mkdtemp(pattern.data()) == nullptr)
        return Error::from_errno("make the temporary directory " + pattern);
    temporary_ = pattern;
    return {};
}

std::vector<std::string> Confinement::writable() const {
    std::vector<std::string> directories{temporary_.string()};
    if (policy_.mode == Mode::kWorkspace) {
        directories.insert(directories.end(), policy_.writable.begin(), policy_.writable.end());
        directories.emplace_back(kSharedMemory);
    }
    std::erase_if(directories, [](const std::string& path) { return !is_directory(path); });
    return outermost(std::move(directories));
}

/// Not if the path is missing, or if it contains a directory that may be used: then Landlock
/// prevents the reading.
bool Confinement::can_be_hidden(const std::string& path) const {
    return uses(Gap::kMountNamespace) && exists(path) && !is_beneath(temporary_.string(), path) &&
           std::none_of(policy_.writable.begin(), policy_.writable.end(),
                        [&](const std::string& used) { return is_beneath(used, path); });
}

Result<void> Confinement::plan_mounts(const fs::path& records) {
    mounts_.writable = writable();
    if (!uses(Gap::kMountNamespace)) return {};
    if (policy_.mode == Mode::kWorkspace) {
        // Also for paths that may not be read: if such a path in a writable directory were missing,
        // Landlock would not allow reading new files beside it.
        std::vector<std::string> paths = policy_.protected_paths;
        paths.insert(paths.end(), policy_.denied_reads.begin(), policy_.denied_reads.end());
        auto placeholders = Placeholders::make(records, policy_.workspace, paths, mounts_.writable);
        if (!placeholders) return placeholders.error();
        placeholders_ = *std::move(placeholders);
    }
    // If these could be renamed, the next command could read them by the new name.
    mounts_.pins = pins_for(policy_.protected_paths, policy_.denied_reads, mounts_.writable);
    std::vector<std::string> hidden = policy_.denied_reads;
    std::erase_if(hidden, [&](const std::string& path) { return !can_be_hidden(path); });
    mounts_.hidden = outermost(std::move(hidden));
    if (mounts_.hidden.empty()) return {};
    mounts_.empty_directory = (records / kEmptyDirectory).string();
    mounts_.empty_file = (records / kEmptyFile).string();
    return make_empty(records, mounts_.empty_directory, mounts_.empty_file);
}

Result<void> Confinement::plan_landlock() {
    const int abi = landlock_abi();
    if (abi == 0) return {};
    auto landlock = Landlock::create(abi, policy_.network == Network::kNone);
    if (!landlock) return landlock.error();
    std::vector<std::string> denied = policy_.denied_reads;
    std::erase_if(denied, [&](const std::string& path) { return can_be_hidden(path); });
    denied.emplace_back("/dev");
    if (auto done = landlock->allow("/", Access::kList); !done) return done;
    if (auto done = landlock->allow_reading_around("/", denied); !done) return done;
    for (const char* device : kDevices) {
        if (auto done = landlock->allow(device, Access::kDevice); !done) return done;
    }
    if (auto done = landlock->allow(kSharedMemory, Access::kRead); !done) return done;
    // Directories that may be used may be read, also inside of a denied path; but not the denied
    // paths inside of them.
    for (const auto& directories : {policy_.writable, mounts_.writable}) {
        for (const std::string& directory : directories) {
            if (auto done = landlock->allow_reading_around(directory, denied); !done) return done;
        }
    }
    for (const std::string& directory : mounts_.writable) {
        if (auto done = landlock->allow(directory, Access::kWrite); !done) return done;
    }
    landlock_.emplace(*std::move(landlock));
    return {};
}

Result<void> Confinement::enter() {
    if (!policy_.is_on()) return {};
    const auto in_sandbox = [](const Error& error) { return error.while_doing("sandbox"); };
    ::setenv("TMPDIR", temporary_.c_str(), 1);
    // `git init` copies examples of hooks. Here it cannot, and with this it does not try.
    ::setenv("GIT_TEMPLATE_DIR", "", 0);
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return in_sandbox(Error::from_errno("set no_new_privs"));
    if (uses(Gap::kMountNamespace)) {
        const auto entered = enter_mount_namespace(mounts_);
        if (!entered) return in_sandbox(entered.error());
        if (!*entered) return in_sandbox(check_gaps(policy_, {Gap::kMountNamespace}).error());
        handover_.put(UniqueFd(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)));
    }
    if (landlock_) {
        // In a PID namespace the command has another /proc than the one in the rules.
        const auto own = landlock_->allow_reading_around("/proc", policy_.denied_reads);
        if (!own) return in_sandbox(own.error());
        if (auto done = landlock_->enforce(); !done) return in_sandbox(done.error());
    }
    const bool signals_are_scoped = landlock_ && uses(Gap::kSignals);
    if (auto done = drop_capabilities({policy_.network == Network::kFull, signals_are_scoped});
        !done)
        return in_sandbox(done.error());
    if (!filter_.empty()) {
        auto listener = enforce_filter(filter_);
        if (!listener) return in_sandbox(listener.error());
        handover_.put(*std::move(listener));
    }
    if (auto sent = handover_.send(); !sent) return in_sandbox(sent.error());
    return {};
}

void Confinement::attend() {
    handed_over_ = handover_.receive();
    if (filter_.empty() || handed_over_.empty()) return;
    broker_.emplace(std::move(handed_over_.back()), policy_.network, mounts_.writable);
    handed_over_.pop_back();
}

}  // namespace tenon::sandbox
