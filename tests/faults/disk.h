#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <random>
#include <thread>

#include "host/base/mutex.h"
#include "host/base/result.h"

namespace tenon::faults {

/// Gives this process a mount namespace of its own. Call it before any thread starts. Error: this
/// process may not mount anything.
Result<void> enter_own_mounts();

/// A tmpfs on a directory. Its size limit makes it full or gives its room back; its files stay.
/// Thread-safe.
class Disk {
public:
    Disk(std::filesystem::path directory, std::uint64_t bytes);
    ~Disk();
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;

    /// Leaves this many free blocks of 4 KiB, or fewer when another process takes some meanwhile.
    void fill(std::uint64_t free_blocks);
    /// Leaves room for this many more files.
    void fill_with_files(std::uint64_t free_files);
    void free();
    [[nodiscard]] std::uint64_t times_filled() const { return times_filled_; }

private:
    void resize(const std::function<std::string(std::uint64_t used)>& options,
                std::uint64_t (*used)(const std::filesystem::path&));

    const std::filesystem::path directory_;
    const std::uint64_t bytes_;
    Mutex mutex_;
    std::atomic<std::uint64_t> times_filled_ = 0;
};

/// Fills and frees a disk at random moments on a thread of its own, until it is destroyed.
class RandomDiskFiller {
public:
    RandomDiskFiller(Disk& disk, unsigned seed);
    ~RandomDiskFiller();
    /// Fills the disk now. The thread frees it at its next random moment.
    void fill_now();

private:
    void run(const std::stop_token& stop);
    void wait(const std::stop_token& stop, double shortest, double longest);
    void fill_at_random();

    Disk& disk_;
    Mutex mutex_;
    Condition stopped_;
    std::mt19937 random_ TENON_GUARDED_BY(mutex_);
    std::jthread thread_;
};

}  // namespace tenon::faults
