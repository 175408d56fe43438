#include "host/base/clock.h"

#include <ctime>
#include <fstream>

namespace tenon {
namespace {

std::int64_t read_clock(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

std::int64_t wall_clock_ms() {
    return read_clock(CLOCK_REALTIME) / 1'000'000;
}

std::int64_t boot_clock_ms() {
    return boot_clock_ns() / 1'000'000;
}

std::int64_t boot_clock_ns() {
    return read_clock(CLOCK_BOOTTIME);
}

const std::string& boot_id() {
    static const std::string id = [] {
        std::string line;
        std::ifstream("/proc/sys/kernel/random/boot_id") >> line;
        return line;
    }();
    return id;
}

std::string rfc3339(std::int64_t wall_ms) {
    const std::time_t seconds = wall_ms / 1000;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

std::string local_time(std::int64_t wall_ms) {
    return local_time_as("%Y-%m-%d %H:%M:%S", wall_ms);
}

std::string local_time_as(const char* form, std::int64_t wall_ms) {
    const std::time_t seconds = wall_ms / 1000;
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    char text[32];
    return {text, std::strftime(text, sizeof text, form, &parts)};
}

}  // namespace tenon
