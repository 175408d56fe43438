#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>

namespace tenon::faults {

/// Measurements of one job with very much output, run by the real program with its default limits.
struct Flood {
    std::uint64_t bytes = 0;            ///< to be printed
    std::uint64_t host_before_kib = 0;  ///< resident, when the job has started
    std::uint64_t host_after_kib = 0;   ///< when its end is delivered
    std::uint64_t host_peak_kib = 0;
    std::uint64_t supervisor_peak_kib = 0;
    std::uint64_t disk_peak_bytes = 0;  ///< of the job's folder, whenever it was measured
    std::uint64_t disk_after_bytes = 0;
    std::uint64_t output_limit = 0;
    std::chrono::milliseconds took{};
    std::string problem;  ///< empty: the end was recorded and delivered correctly

    [[nodiscard]] bool is_clean() const;
};

Flood flood(const std::filesystem::path& tenon, std::uint64_t bytes);

void print(std::ostream& out, const Flood& flood);

}  // namespace tenon::faults
