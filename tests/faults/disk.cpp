#include "tests/faults/disk.h"

#include <cmath>
#include <fstream>
#include <sched.h>
#include <stdexcept>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace tenon::faults {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::uint64_t kBlock = 4096;
constexpr std::uint64_t kFiles = 200'000;

Error last_error(const std::string& doing) {
    return Error::from_errno(doing, errno);
}

/// Makes this process root of a new user namespace, in which it may mount.
Result<void> become_root() {
    const auto uid = ::geteuid();
    const auto gid = ::getegid();
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return last_error("make a user namespace");
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << "0 " << uid << " 1";
    std::ofstream("/proc/self/gid_map") << "0 " << gid << " 1";
    return {};
}

struct statvfs space_of(const fs::path& directory) {
    struct statvfs space {};
    if (::statvfs(directory.c_str(), &space) != 0)
        throw std::runtime_error(last_error("statvfs " + directory.string()).message);
    return space;
}

std::uint64_t used_blocks(const fs::path& directory) {
    const auto space = space_of(directory);
    return space.f_blocks - space.f_bfree;
}

std::uint64_t used_files(const fs::path& directory) {
    const auto space = space_of(directory);
    return space.f_files - space.f_ffree;
}

}  // namespace

Result<void> enter_own_mounts() {
    if (::unshare(CLONE_NEWNS) != 0) {
        if (auto root = become_root(); !root) return root;
    }
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        return last_error("make the mounts private");
    const fs::path probe = fs::temp_directory_path();
    if (::mount("tenon-faults", probe.c_str(), "tmpfs", 0, nullptr) != 0)
        return last_error("mount a tmpfs");
    ::umount2(probe.c_str(), MNT_DETACH);
    return {};
}

Disk::Disk(fs::path directory, std::uint64_t bytes)
    : directory_(std::move(directory)), bytes_(bytes) {
    fs::create_directories(directory_);
    const std::string options =
        "mode=0700,size=" + std::to_string(bytes_) + ",nr_inodes=" + std::to_string(kFiles);
    if (::mount("tenon-faults", directory_.c_str(), "tmpfs", MS_NOSUID | MS_NODEV,
                options.c_str()) != 0)
        throw std::runtime_error(last_error("mount a tmpfs at " + directory_.string()).message);
}

Disk::~Disk() {
    ::umount2(directory_.c_str(), MNT_DETACH);
}

/// Tries again when the kernel refuses a size that is less than what other processes use by now.
void Disk::resize(const std::function<std::string(std::uint64_t used)>& options,
                  std::uint64_t (*used)(const fs::path&)) {
    constexpr int kTries = 100;
    const Lock lock(mutex_);
    for (int i = 0; i < kTries; ++i) {
        const std::string text = options(used(directory_));
        if (::mount(nullptr, directory_.c_str(), nullptr, MS_REMOUNT | MS_NOSUID | MS_NODEV,
                    text.c_str()) == 0)
            return;
        if (errno != EINVAL) throw std::runtime_error(last_error("remount with " + text).message);
    }
}

void Disk::fill(std::uint64_t free_blocks) {
    resize(
        [&](std::uint64_t used) {
            // A size of 0 would mean that there is no limit.
            return "size=" +
                   std::to_string(std::max<std::uint64_t>(1, used + free_blocks) * kBlock);
        },
        used_blocks);
    ++times_filled_;
}

void Disk::fill_with_files(std::uint64_t free_files) {
    resize([&](std::uint64_t used) { return "nr_inodes=" + std::to_string(used + free_files); },
           used_files);
    ++times_filled_;
}

void Disk::free() {
    resize(
        [&](std::uint64_t) {
            return "size=" + std::to_string(bytes_) + ",nr_inodes=" + std::to_string(kFiles);
        },
        used_blocks);
}

RandomDiskFiller::RandomDiskFiller(Disk& disk, unsigned seed)
    : disk_(disk), random_(seed), thread_([this](const std::stop_token& stop) { run(stop); }) {}

RandomDiskFiller::~RandomDiskFiller() {
    thread_.request_stop();
    {
        const Lock lock(mutex_);
        stopped_.notify_all();
    }
    thread_.join();
    disk_.free();
}

void RandomDiskFiller::fill_now() {
    fill_at_random();
}

/// Mostly leaves no free block, else a few. One time in ten it limits the number of files instead.
void RandomDiskFiller::fill_at_random() {
    std::uint32_t kind = 0, few = 0;
    {
        const Lock lock(mutex_);
        kind = random_() % 10;
        few = random_() % 6;
    }
    if (kind == 0) {
        disk_.fill_with_files(few);
    } else {
        disk_.fill(kind < 5 ? 0 : few);
    }
}

void RandomDiskFiller::run(const std::stop_token& stop) {
    constexpr double kShortestFree = 20, kLongestFree = 1500, kShortestFull = 3, kLongestFull = 300;
    while (!stop.stop_requested()) {
        wait(stop, kShortestFree, kLongestFree);
        fill_at_random();
        wait(stop, kShortestFull, kLongestFull);
        disk_.free();
    }
}

/// Waits a random number of milliseconds between the two. Short times are more likely.
void RandomDiskFiller::wait(const std::stop_token& stop, double shortest, double longest) {
    Lock lock(mutex_);
    const double share = std::uniform_real_distribution<>(0, 1)(random_);
    const double ms = shortest * std::pow(longest / shortest, share);
    const auto until = std::chrono::steady_clock::now() +
                       std::chrono::microseconds(static_cast<std::int64_t>(ms * 1000));
    while (!stop.stop_requested() && stopped_.wait_until(lock, until)) {
    }
}

}  // namespace tenon::faults
