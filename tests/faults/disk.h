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

/// Gives this process mounts of its own, that end with it and its children. Before any thread
/// starts. Error: it may not mount anything here.
Result<void> enter_own_mounts();

/// A tmpfs over a directory, made full and empty again by its size: what is on it stays.
/// Thread-safe.
class Disk {
public:
    Disk(std::filesystem::path directory, std::uint64_t bytes);
    ~Disk();
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;

    /// From now on there are so many free blocks of 4 KiB, or fewer where somebody takes some now.
    void fill(std::uint64_t free_blocks);
    /// The same for files: so many more can be made.
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

/// Fills and frees a disk at random moments, on a thread of its own, until it goes.
class Weather {
public:
    Weather(Disk& disk, unsigned seed);
    ~Weather();
    /// Fills it now; the next free moment comes as always.
    void strike();

private:
    void blow(const std::stop_token& stop);
    void wait(const std::stop_token& stop, double shortest, double longest);
    void fill_somehow();

    Disk& disk_;
    Mutex mutex_;
    Condition over_;
    std::mt19937 random_ TENON_GUARDED_BY(mutex_);
    std::jthread thread_;
};

}  // namespace tenon::faults
