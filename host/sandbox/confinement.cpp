#include "host/sandbox/confinement.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/sandbox/capabilities.h"
#include "host/sandbox/filter.h"

namespace tenon::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr int kAbiOfTruncate = 3;
constexpr int kAbiOfSignals = 6;
constexpr char kShared[] = "/dev/shm";
/// Nothing else in /dev is opened: a disk holds every file, denied ones too.
constexpr const char* kDevices[] = {"/dev/null",    "/dev/zero", "/dev/full", "/dev/random",
                                    "/dev/urandom", "/dev/tty",  "/dev/ptmx", "/dev/pts"};
// In Tenon's directory for locks: what is shown in the place of what is hidden.
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

Result<void> check(const Policy& policy, const std::vector<Gap>& gaps) {
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
fs::path place_for_temporary() {
    const char* set = std::getenv("TMPDIR");
    if (set != nullptr && set[0] == '/' && ::access(set, W_OK) == 0 && is_directory(set)) {
        std::error_code error;
        auto real = fs::canonical(set, error);
        if (!error) return real;
    }
    return "/tmp";
}

/// A message of one byte, with room for one descriptor beside it.
struct Letter {
    char byte = 0;
    iovec part{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};

    Letter() {
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
    }
};

bool send_descriptor(int channel, int fd) {
    Letter letter;
    cmsghdr* const head = CMSG_FIRSTHDR(&letter.message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(head), &fd, sizeof fd);
    return ::sendmsg(channel, &letter.message, MSG_NOSIGNAL) == 1;
}

/// None when nothing was sent.
UniqueFd receive_descriptor(int channel) {
    Letter letter;
    if (::recvmsg(channel, &letter.message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != 1) return {};
    const cmsghdr* const head = CMSG_FIRSTHDR(&letter.message);
    if (head == nullptr || head->cmsg_type != SCM_RIGHTS) return {};
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(head), sizeof fd);
    return UniqueFd(fd);
}

/// A command may have taken away its own rights to directories that it made.
void make_removable(const fs::path& directory) {
    std::error_code ignored;
    for (fs::recursive_directory_iterator
             at(directory, fs::directory_options::skip_permission_denied, ignored),
         end;
         !ignored && at != end; at.increment(ignored)) {
        if (at->is_directory(ignored) && !at->is_symlink(ignored))
            fs::permissions(at->path(), fs::perms::owner_all, fs::perm_options::add, ignored);
    }
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
    // Whether there are mount namespaces shows when one is entered.
    const bool has_filters = has_seccomp();
    if (auto fine = check(out.policy_,
                          gaps_with(landlock_abi(), has_filters, out.uses(Gap::kMountNamespace)));
        !fine)
        return in_sandbox(fine.error());
    if (auto made = out.make_temporary(name); !made) return in_sandbox(made.error());
    if (auto done = out.plan_mounts(records); !done) return in_sandbox(done.error());
    if (auto done = out.plan_landlock(); !done) return in_sandbox(done.error());
    if (!has_filters) return out;
    out.filter_ = filter_for(out.policy_.network);
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return in_sandbox(Error::from_errno("make a pair of sockets"));
    out.to_supervisor_.reset(ends[0]);
    out.from_child_.reset(ends[1]);
    return out;
}

Confinement::Confinement(Confinement&& other) noexcept
    : policy_(std::move(other.policy_)),
      placeholders_(std::move(other.placeholders_)),
      temporary_(std::exchange(other.temporary_, {})),
      mounts_(std::move(other.mounts_)),
      landlock_(std::move(other.landlock_)),
      filter_(std::move(other.filter_)),
      to_supervisor_(std::move(other.to_supervisor_)),
      from_child_(std::move(other.from_child_)),
      broker_(std::move(other.broker_)) {}

Confinement::~Confinement() {
    if (temporary_.empty()) return;
    std::error_code error;
    fs::remove_all(temporary_, error);
    if (!error) return;
    make_removable(temporary_);
    fs::remove_all(temporary_, error);
}

/// What the host has found missing is not tried: what was said about it must stay true.
bool Confinement::uses(Gap gap) const {
    const auto& missing = policy_.tolerated;
    return std::find(missing.begin(), missing.end(), gap) == missing.end();
}

Result<void> Confinement::make_temporary(const std::string& name) {
    std::string pattern = (place_for_temporary() / ("tenon-" + name + "-XXXXXX")).string();
    if (::mkdtemp(pattern.data()) == nullptr)
        return Error::from_errno("make the temporary directory " + pattern);
    temporary_ = pattern;
    return {};
}

std::vector<std::string> Confinement::writable() const {
    std::vector<std::string> directories{temporary_.string()};
    if (policy_.mode == Mode::kWorkspace) {
        directories.insert(directories.end(), policy_.writable.begin(), policy_.writable.end());
        directories.emplace_back(kShared);
    }
    std::erase_if(directories, [](const std::string& path) { return !is_directory(path); });
    return outermost(std::move(directories));
}

/// Not what is missing, and not what is around a directory that may be used: there Landlock keeps
/// it from being read.
bool Confinement::can_be_hidden(const std::string& path) const {
    return uses(Gap::kMountNamespace) && exists(path) && !is_beneath(temporary_.string(), path) &&
           std::none_of(policy_.writable.begin(), policy_.writable.end(),
                        [&](const std::string& used) { return is_beneath(used, path); });
}

Result<void> Confinement::plan_mounts(const fs::path& records) {
    mounts_.writable = writable();
    if (!uses(Gap::kMountNamespace)) return {};
    if (policy_.mode == Mode::kWorkspace) {
        auto placeholders = Placeholders::make(records, policy_.workspace, policy_.protected_paths,
                                               mounts_.writable);
        if (!placeholders) return placeholders.error();
        placeholders_ = *std::move(placeholders);
    }
    mounts_.pins = pins_for(policy_.protected_paths, mounts_.writable);
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
    if (auto done = landlock->allow(kShared, Access::kRead); !done) return done;
    // What may be used may be read, also beneath what is denied; but not what is denied in it.
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
    // `git init` copies examples of hooks, which it cannot do here; it goes on without them.
    ::setenv("GIT_TEMPLATE_DIR", "", 0);
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return in_sandbox(Error::from_errno("set no_new_privs"));
    if (uses(Gap::kMountNamespace)) {
        const auto entered = enter_mount_namespace(mounts_);
        if (!entered) return in_sandbox(entered.error());
        if (!*entered) return in_sandbox(check(policy_, {Gap::kMountNamespace}).error());
    }
    if (landlock_) {
        if (auto done = landlock_->enforce(); !done) return in_sandbox(done.error());
    }
    const bool signals_are_scoped = landlock_ && uses(Gap::kSignals);
    if (auto done = drop_capabilities({policy_.network == Network::kFull, signals_are_scoped});
        !done)
        return in_sandbox(done.error());
    if (!filter_.empty()) {
        const auto listener = enforce_filter(filter_);
        if (!listener) return in_sandbox(listener.error());
        if (!send_descriptor(to_supervisor_.get(), listener->get()))
            return in_sandbox(Error::from_errno("hand over to the supervisor"));
    }
    return {};
}

void Confinement::attend() {
    to_supervisor_.reset();
    UniqueFd listener = from_child_ ? receive_descriptor(from_child_.get()) : UniqueFd();
    from_child_.reset();
    if (listener) broker_.emplace(std::move(listener), policy_.network, mounts_.writable);
}

}  // namespace tenon::sandbox
