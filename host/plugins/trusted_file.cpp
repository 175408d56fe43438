#include "host/plugins/trusted_file.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace tenon::plugins {
namespace {

plugin::Refusal unreadable(const std::string& what, int code) {
    return {Error::from_errno(what, code).message, "check that the file is there and readable"};
}

/// For one entry of the user database, which may be long.
constexpr std::size_t kRecordBytes = 64U << 10U;

bool is_private_group(gid_t group, uid_t owner) {
    std::vector<char> user_text(kRecordBytes);
    std::vector<char> group_text(kRecordBytes);
    passwd user{};
    passwd* user_found = nullptr;
    ::group record{};
    ::group* group_found = nullptr;
    if (::getpwuid_r(owner, &user, user_text.data(), user_text.size(), &user_found) != 0 ||
        user_found == nullptr || user.pw_gid != group) {
        return false;
    }
    if (::getgrgid_r(group, &record, group_text.data(), group_text.size(), &group_found) != 0 ||
        group_found == nullptr) {
        return false;
    }
    const std::string name = user.pw_name;
    if (name != record.gr_name && group != owner) return false;
    for (char** member = record.gr_mem; *member != nullptr; ++member)
        if (name != *member) return false;
    return true;
}

bool is_of_another_user(const struct stat& info) {
    return info.st_uid != ::geteuid() && !owns_this_program(info.st_uid);
}

/// Empty if nobody but its owner can change the file.
std::string who_else_may_write(const struct stat& info) {
    const bool sticky_folder = S_ISDIR(info.st_mode) && (info.st_mode & S_ISVTX) != 0;
    if (sticky_folder) return "";
    if ((info.st_mode & S_IWOTH) != 0) return "is writable by everybody";
    if ((info.st_mode & S_IWGRP) != 0 && !is_private_group(info.st_gid, info.st_uid))
        return "is writable by group number " + std::to_string(info.st_gid);
    return "";
}

Result<void, plugin::Refusal> check_owner_and_mode(const std::filesystem::path& path,
                                                   const struct stat& info) {
    const bool is_other = is_of_another_user(info);
    const std::string doubt = is_other ? "belongs to user number " + std::to_string(info.st_uid)
                                       : who_else_may_write(info);
    if (doubt.empty()) return {};
    const std::string what =
        S_ISDIR(info.st_mode) ? "the directory " + path.string() + " " : "the file ";
    const std::string remedy = is_other ? "let it belong to you or root: chown " +
                                              std::to_string(::geteuid()) + " " + path.string()
                                        : "chmod go-w " + path.string();
    return plugin::Refusal{what + doubt + ": others could change what the host would run", remedy};
}

Result<void, plugin::Refusal> check_path(std::filesystem::path path) {
    while (true) {
        struct stat info {};
        if (::lstat(path.c_str(), &info) != 0) return unreadable("stat " + path.string(), errno);
        if (auto checked = check_owner_and_mode(path, info); !checked) return checked;
        if (path == path.root_path()) return {};
        path = path.parent_path();
    }
}

}  // namespace

bool owns_this_program(uid_t owner) {
    struct stat program {};
    return owner == 0 || (::stat("/proc/self/exe", &program) == 0 && program.st_uid == owner);
}

Result<void, plugin::Refusal> check_trusted_path(const std::filesystem::path& path) {
    return check_path(path);
}

Result<TrustedFile, plugin::Refusal> open_trusted(const std::filesystem::path& file) {
    std::error_code error;
    const auto folder =
        std::filesystem::canonical(std::filesystem::absolute(file).parent_path(), error);
    if (error) return unreadable("find the directory of " + file.string(), error.value());
    if (auto checked = check_path(folder); !checked) return checked.error();
    TrustedFile out{UniqueFd(), folder / file.filename(), folder / file.filename()};
    struct stat entry {};
    if (::lstat(out.path.c_str(), &entry) != 0)
        return unreadable("open " + out.path.string(), errno);
    const bool is_link = S_ISLNK(entry.st_mode);
    if (is_link) {
        out.real = std::filesystem::canonical(out.path, error);
        if (error)
            return unreadable("follow the symbolic link " + out.path.string(), error.value());
        if (auto checked = check_path(out.real.parent_path()); !checked) return checked.error();
    }
    // O_NONBLOCK: opening a FIFO must not wait for a writer.
    out.fd.reset(
        ::open(out.real.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!out.fd) return unreadable("open " + out.real.string(), errno);
    struct stat info {};
    if (::fstat(out.fd.get(), &info) != 0) return unreadable("stat " + out.real.string(), errno);
    if (!S_ISREG(info.st_mode))
        return plugin::Refusal{"not a regular file", "put the file itself into the directory"};
    if (is_link && info.st_uid != entry.st_uid) {
        return plugin::Refusal{
            "a symbolic link of user number " + std::to_string(entry.st_uid) +
                " to a file of user number " + std::to_string(info.st_uid),
            "put the file itself into the directory, or let both belong to one user"};
    }
    if (auto checked = check_owner_and_mode(out.real, info); !checked) return checked.error();
    return out;
}

}  // namespace tenon::plugins
