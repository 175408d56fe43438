#include "host/sandbox/confinement.h"

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/sandbox/capabilities.h"
#include "host/sandbox/filter.h"
#include "host/sandbox/landlock.h"

namespace tenon::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr int kAbiOfTruncate = 3;
constexpr int kAbiOfSignals = 6;
constexpr char kShared[] = "/dev/shm";
/// Nothing else in /dev is opened: a disk holds every file, denied ones too.
constexpr const char* kDevices[] = {"/dev/null",    "/dev/zero", "/dev/full", "/dev/random",
                                    "/dev/urandom", "/dev/tty",  "/dev/ptmx", "/dev/pts"};
constexpr char kOwn[] = "tmp";  // in the job's temporary directory: what it may write
constexpr char kEmptyDirectory[] = "empty";
constexpr char kEmptyFile[] = "none";

bool is_directory(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
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

/// Where temporary directories are made.
fs::path place_for_temporary() {
    const char* set = std::getenv("TMPDIR");
    if (set != nullptr && set[0] == '/' && ::access(set, W_OK) == 0 && is_directory(set)) {
        std::error_code error;
        auto real = fs::canonical(set, error);
        if (!error) return real;
    }
    return "/tmp";
}

}  // namespace

std::vector<Gap> find_gaps() {
    return gaps_with(landlock_abi(), has_seccomp(), can_make_mount_namespace());
}

Result<Confinement> Confinement::prepare(Policy policy, const std::string& name,
                                         const fs::path& records) {
    if (!policy.is_on()) return Confinement(std::move(policy), {});
    Placeholders placeholders;
    if (policy.mode == Mode::kWorkspace) {
        auto made = Placeholders::make(records, policy.workspace, policy.protected_paths,
                                       outermost(policy.writable));
        if (!made) return made.error().while_doing("sandbox");
        placeholders = *std::move(made);
    }
    Confinement out(std::move(policy), std::move(placeholders));
    if (auto made = out.make_temporary(name); !made) return made.error().while_doing("sandbox");
    return out;
}

Confinement::Confinement(Confinement&& other) noexcept
    : policy_(std::move(other.policy_)),
      placeholders_(std::move(other.placeholders_)),
      temporary_(std::exchange(other.temporary_, {})) {}

Confinement::~Confinement() {
    if (temporary_.empty()) return;
    // The command may have taken away its own rights to directories that it made.
    std::error_code ignored;
    fs::remove_all(temporary_, ignored);
    if (!ignored) return;
    for (fs::recursive_directory_iterator
             at(temporary_, fs::directory_options::skip_permission_denied, ignored),
         end;
         !ignored && at != end; at.increment(ignored)) {
        if (at->is_directory(ignored) && !at->is_symlink(ignored))
            fs::permissions(at->path(), fs::perms::owner_all, fs::perm_options::add, ignored);
    }
    fs::remove_all(temporary_, ignored);
}

Result<void> Confinement::make_temporary(const std::string& name) {
    std::string pattern = (place_for_temporary() / ("tenon-" + name + "-XXXXXX")).string();
    if (::mkdtemp(pattern.data()) == nullptr)
        return Error::from_errno("make the temporary directory " + pattern);
    temporary_ = pattern;
    const auto own = temporary_ / kOwn;
    const auto directory = temporary_ / kEmptyDirectory;
    const auto file = temporary_ / kEmptyFile;
    if (::mkdir(own.c_str(), 0700) != 0 || ::mkdir(directory.c_str(), 0) != 0)
        return Error::from_errno("make the temporary directory " + own.string());
    const UniqueFd made(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0));
    if (!made) return Error::from_errno("make " + file.string());
    return {};
}

std::vector<std::string> Confinement::writable() const {
    std::vector<std::string> directories{(temporary_ / kOwn).string()};
    if (policy_.mode == Mode::kWorkspace) {
        directories.insert(directories.end(), policy_.writable.begin(), policy_.writable.end());
        directories.emplace_back(kShared);
    }
    std::erase_if(directories, [](const std::string& path) { return !is_directory(path); });
    return outermost(std::move(directories));
}

/// What is denied although it is around a directory that may be used cannot be hidden; there
/// Landlock does it.
std::vector<std::string> Confinement::hidden() const {
    std::vector<std::string> paths = policy_.denied_reads;
    std::erase_if(paths, [&](const std::string& path) {
        return is_beneath(temporary_.string(), path) ||
               std::any_of(policy_.writable.begin(), policy_.writable.end(),
                           [&](const std::string& used) { return is_beneath(used, path); });
    });
    return outermost(std::move(paths));
}

MountPlan Confinement::mount_plan() const {
    MountPlan plan;
    plan.writable = writable();
    plan.pins = pins_for(policy_.protected_paths, plan.writable);
    plan.hidden = hidden();
    plan.empty_directory = (temporary_ / kEmptyDirectory).string();
    plan.empty_file = (temporary_ / kEmptyFile).string();
    return plan;
}

Result<void> Confinement::check(const std::vector<Gap>& gaps) const {
    std::vector<Gap> not_expected;
    for (const Gap gap : gaps) {
        const auto& known = policy_.tolerated;
        if (std::find(known.begin(), known.end(), gap) == known.end()) not_expected.push_back(gap);
    }
    if (not_expected.empty()) return {};
    return Error{"the sandbox cannot be enforced here, so the command was not started; missing: " +
                 describe(not_expected)};
}

Result<void> Confinement::enforce_landlock(int abi, bool has_mounts) const {
    auto landlock = Landlock::create(abi, policy_.network == Network::kNone);
    if (!landlock) return landlock.error();
    std::vector<std::string> denied = policy_.denied_reads;
    denied.emplace_back("/dev");
    if (auto done = landlock->allow("/", Access::kList); !done) return done;
    if (auto done = landlock->allow_reading_around("/", denied); !done) return done;
    for (const char* device : kDevices) {
        if (auto done = landlock->allow(device, Access::kDevice); !done) return done;
    }
    const auto allow_reading = [&](const std::string& directory) {
        return has_mounts ? landlock->allow(directory, Access::kRead)
                          : landlock->allow_reading_around(directory, denied);
    };
    for (const std::string& directory : policy_.writable) {
        if (auto done = allow_reading(directory); !done) return done;
    }
    if (auto done = landlock->allow(kShared, Access::kRead); !done) return done;
    for (const std::string& directory : writable()) {
        if (auto done = landlock->allow(directory, Access::kWrite); !done) return done;
        if (auto done = allow_reading(directory); !done) return done;
    }
    return landlock->enforce();
}

Result<void> Confinement::enter() {
    if (!policy_.is_on()) return {};
    ::setenv("TMPDIR", (temporary_ / kOwn).c_str(), 1);
    // `git init` copies examples of hooks, which it cannot do here; it goes on without them.
    ::setenv("GIT_TEMPLATE_DIR", "", 0);
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return Error::from_errno("sandbox: set no_new_privs");
    const auto mounts = enter_mount_namespace(mount_plan());
    if (!mounts) return mounts.error().while_doing("sandbox");
    const int abi = landlock_abi();
    const bool seccomp = has_seccomp();
    if (auto fine = check(gaps_with(abi, seccomp, *mounts)); !fine) return fine;
    if (abi > 0) {
        if (auto done = enforce_landlock(abi, *mounts); !done)
            return done.error().while_doing("sandbox");
    }
    if (auto done = drop_capabilities({policy_.network == Network::kFull, abi >= kAbiOfSignals});
        !done)
        return done.error().while_doing("sandbox");
    if (seccomp) {
        if (auto done = enforce_filter(filter_for(policy_.network)); !done)
            return done.error().while_doing("sandbox");
    }
    return {};
}

}  // namespace tenon::sandbox
