// Where Tenon writes: the state directory and temporary files.
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkostemp
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "host/base/atomic_file.h"
#include "host/base/unique_fd.h"
#include "host/cli/doctor.h"
#include "host/cli/jobs_words.h"
#include "host/config/state_dir.h"
#include "host/session/containment.h"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kElsewhere = "export TENON_STATE_DIR=DIR   # a directory on a local disk";
// What the records of one job take, with some left for the session.
constexpr std::uint64_t kBytesOfAJob = std::uint64_t{256} << 10U;
constexpr std::uint64_t kFilesOfAJob = 16;
constexpr std::uint64_t kPlentyOfBytes = std::uint64_t{1} << 30U;
constexpr std::uint64_t kPlentyOfFiles = 1000;

struct NetworkSystem {
    std::uint32_t magic;
    const char* name;
};
// statfs(2)
constexpr NetworkSystem kNetworkSystems[] = {
    {0x6969, "NFS"},        {0x517B, "SMB"},      {0xFF534D42, "CIFS"},   {0xFE534D42, "SMB2"},
    {0x65735546, "FUSE"},   {0x01021997, "9P"},   {0x00C36400, "Ceph"},   {0x5346414F, "AFS"},
    {0x0BD00BD0, "Lustre"}, {0x47504653, "GPFS"}, {0x19830326, "BeeGFS"}, {0x73757245, "Coda"},
};

std::string in_bytes(std::uint64_t bytes) {
    if (bytes >= std::uint64_t{10} << 30U) return std::to_string(bytes >> 30U) + " GiB";
    if (bytes >= std::uint64_t{1} << 20U) return std::to_string(bytes >> 20U) + " MiB";
    return std::to_string(bytes >> 10U) + " KiB";
}

/// The directory itself, or the nearest one above it that exists.
fs::path nearest_existing(fs::path path) {
    struct stat info {};
    while (::stat(path.c_str(), &info) != 0 && path.has_relative_path())
        path = path.parent_path();
    return path;
}

/// A file in `folder` that has no name any more, opened twice.
struct Probe {
    UniqueFd first, second;
};

Result<Probe> make_probe(const fs::path& folder) {
    std::string name = (folder / ".tenon-doctor-XXXXXX").string();
    const std::string doing = "make a file in " + folder.string();
    Probe probe;
    probe.first.reset(::mkostemp(name.data(), O_CLOEXEC));
    if (!probe.first) return Error::from_errno(doing);
    probe.second.reset(::open(name.c_str(), O_RDWR | O_CLOEXEC));
    const int failed = probe.second ? 0 : errno;
    ::unlink(name.c_str());
    if (failed != 0) return Error::from_errno(doing, failed);
    return probe;
}

Check check_writing(const fs::path& folder, const Probe& probe) {
    const std::string page(4096, '.');
    auto written = write_all(probe.first.get(), page);
    if (written && ::fsync(probe.first.get()) != 0) written = Error::from_errno("sync");
    if (written) return {"state directory", CheckStatus::kOk, "", ""};
    return {"state directory", CheckStatus::kError,
            written.error().while_doing("write to " + folder.string()).message,
            "free some space there, or: " + std::string(kElsewhere)};
}

/// As the locks of journals and jobs: flock(2) on descriptors that were opened separately.
Check check_locks(const Probe& probe) {
    if (::flock(probe.first.get(), LOCK_EX | LOCK_NB) != 0)
        return {"locks", CheckStatus::kError, Error::from_errno("take a lock").message, kElsewhere};
    if (::flock(probe.second.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return {"locks", CheckStatus::kError,
                "a lock does not keep others away; two hosts could write one session", kElsewhere};
    return {"locks", CheckStatus::kOk, "they work", ""};
}

void check_file_system(const fs::path& folder, Checks& out) {
    struct statfs info {};
    if (::statfs(folder.c_str(), &info) != 0) return;
    for (const NetworkSystem& system : kNetworkSystems) {
        if (static_cast<std::uint32_t>(info.f_type) != system.magic) continue;
        out.push_back({"file system", CheckStatus::kWarning,
                       folder.string() + " is on " + system.name +
                           "; locks between machines may not work, and every record is slower",
                       kElsewhere});
    }
    if ((info.f_flags & ST_NOEXEC) != 0)
        out.push_back({"file system", CheckStatus::kWarning,
                       folder.string() +
                           " is mounted noexec; plugins that did not come with Tenon are loaded "
                           "from there, and cannot be",
                       "mount -o remount,exec \"$(stat -c %m " + quoted_for_bash(folder.string()) +
                           ")\"   # or:\n" + kElsewhere});
}

Check check_space(const fs::path& folder, std::uint64_t output_limit) {
    struct statvfs info {};
    if (::statvfs(folder.c_str(), &info) != 0)
        return {"free space", CheckStatus::kWarning, Error::from_errno("statvfs").message,
                "df " + quoted_for_bash(folder.string())};
    const bool root = ::geteuid() == 0;
    const std::uint64_t bytes = (root ? info.f_bfree : info.f_bavail) * info.f_frsize;
    const std::uint64_t files = root ? info.f_ffree : info.f_favail;
    const bool counts_files = info.f_files > 0;
    const std::string found = in_bytes(bytes) +
                              (counts_files ? ", " + std::to_string(files) + " files" : "") +
                              " free in " + folder.string();
    const std::string remedy = "free some space there, or: " + std::string(kElsewhere);
    if (bytes < kBytesOfAJob || (counts_files && files < kFilesOfAJob))
        return {"free space", CheckStatus::kError, found + "; no job can be recorded", remedy};
    const std::uint64_t enough = std::min(output_limit, kPlentyOfBytes);
    if (bytes < enough)
        return {"free space", CheckStatus::kWarning,
                found + "; the output of jobs may take " + in_bytes(output_limit),
                "free some space there, or: -D jobs.totalOutputLimit=" +
                    std::to_string(std::max<std::uint64_t>((bytes / 2) >> 20U, 1)) + "MiB"};
    if (counts_files && files < kPlentyOfFiles)
        return {"free space", CheckStatus::kWarning, found + "; each job takes several files",
                remedy};
    return {"free space", CheckStatus::kOk, found, ""};
}

/// Modes in which others may read the records. Where they may write, the directory is not used.
Check state_found(const fs::path& dir) {
    struct stat info {};
    if (::stat(dir.c_str(), &info) != 0)
        return {"state directory", CheckStatus::kOk, dir.string() + " (can be made)", ""};
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", info.st_mode & 07777U);
    const std::string found = dir.string() + " (mode " + mode + ")";
    if ((info.st_mode & 077U) == 0) return {"state directory", CheckStatus::kOk, found, ""};
    return {"state directory", CheckStatus::kWarning, found + ": other users may look into it",
            "chmod 700 " + quoted_for_bash(dir.string())};
}

/// For a directory that is not used as it is: the mode can be corrected, other things cannot.
std::string remedy_of_refusal(const fs::path& dir) {
    struct stat info {};
    const bool ours =
        ::lstat(dir.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == ::geteuid();
    if (ours && (info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return "chmod 700 " + quoted_for_bash(dir.string());
    return kElsewhere;
}

void check_state(const config::Settings& settings, Checks& out) {
    const fs::path& dir = settings.state_dir;
    const auto refuse = [&](const std::string& found, const std::string& remedy) {
        out.push_back({"state directory", CheckStatus::kError, found, remedy});
    };
    if (dir.empty()) return refuse("there is none", "export TENON_STATE_DIR=DIR");
    if (auto fine = config::check_state_dir(dir); !fine)
        return refuse(fine.error().message, remedy_of_refusal(dir));
    if (auto fine = config::check_place_of_state_dir(dir); !fine)
        return refuse(fine.error().message, kElsewhere);
    const fs::path folder = nearest_existing(dir);
    Check space = check_space(folder, settings.jobs.total_output_limit);  // without the probe
    const auto probe = make_probe(folder);
    if (!probe) {
        refuse((folder == dir ? "" : dir.string() + " cannot be made: ") + probe.error().message,
               kElsewhere);
    } else if (Check written = check_writing(folder, *probe); written.status != CheckStatus::kOk) {
        out.push_back(std::move(written));
    } else {
        out.push_back(state_found(dir));
    }
    out.push_back(std::move(space));
    if (probe) out.push_back(check_locks(*probe));
    check_file_system(folder, out);
}

bool can_write_in(const fs::path& folder) {
    std::error_code failed;
    return folder.is_absolute() && fs::is_directory(folder, failed) &&
           ::access(folder.c_str(), W_OK | X_OK) == 0;
}

/// Commands use it, and each sandbox has a directory of its own in it.
Check check_temporary(const config::Settings& settings, const config::Environment& environment) {
    const std::string set = config::variable(environment, "TMPDIR");
    if (!set.empty() && can_write_in(set)) return {"temporary files", CheckStatus::kOk, set, ""};
    const std::string instead =
        set.empty() ? "" : "TMPDIR=" + set + " is no directory that can be written; ";
    if (can_write_in("/tmp"))
        return {"temporary files", set.empty() ? CheckStatus::kOk : CheckStatus::kWarning,
                instead + "/tmp is used", set.empty() ? "" : "unset TMPDIR"};
    const bool sandboxed = session::containment_of(settings).policy.is_on();
    return {"temporary files", sandboxed ? CheckStatus::kError : CheckStatus::kWarning,
            instead + "/tmp cannot be written" +
                (sandboxed ? ", so no command can be started in a sandbox" : ""),
            "export TMPDIR=DIR"};
}

/// A run opens it at its start, and makes it if it is missing.
void check_log_file(const std::string& file, Checks& out) {
    if (file.empty()) return;
    const UniqueFd existing(::open(file.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    const int failed = existing ? 0 : errno;
    const bool can_be_made = failed == ENOENT && can_write_in(fs::path(file).parent_path());
    if (failed == 0 || can_be_made) {
        out.push_back({"log file", CheckStatus::kOk, file, ""});
        return;
    }
    std::string remedy = "log.file=FILE, one that can be written";
    if (failed == ENOENT)
        remedy = "mkdir -p " + quoted_for_bash(fs::path(file).parent_path().string()) +
                 "   # or:\n" + remedy;
    out.push_back({"log file", CheckStatus::kError,
                   Error::from_errno("log.file: open " + file, failed).message, remedy});
}

}  // namespace

Checks check_storage(const config::Configuration& found, const config::Environment& environment) {
    Checks out;
    check_state(found.settings, out);
    out.push_back(check_temporary(found.settings, environment));
    check_log_file(found.settings.log.file, out);
    return out;
}

}  // namespace tenon::cli
