#include "host/jobs/job_limits.h"

namespace tenon::jobs {
namespace {

/// With one decimal where it is needed. Rounded up, so that a figure above a limit looks larger.
std::string tenths(std::uint64_t value, std::uint64_t unit) {
    const std::uint64_t whole = value / unit;
    const std::uint64_t tenth = (value % unit * 10 + unit - 1) / unit;
    if (tenth == 10) return std::to_string(whole + 1);
    return std::to_string(whole) + (tenth > 0 ? "." + std::to_string(tenth) : "");
}

std::string bytes(std::uint64_t value) {
    constexpr std::uint64_t kKiB = 1024, kMiB = kKiB << 10U, kGiB = kMiB << 10U;
    if (value >= kGiB && value % (kGiB / 2) == 0) return tenths(value, kGiB) + " GiB";
    if (value >= kMiB) return tenths(value, kMiB) + " MiB";
    if (value >= kKiB) return tenths(value, kKiB) + " KiB";
    return std::to_string(value) + " bytes";
}

std::string processes(std::uint64_t value) {
    return std::to_string(value) + (value == 1 ? " process" : " processes");
}

std::string seconds(std::uint64_t ms) {
    if (ms < 1000) return std::to_string(ms) + " ms";
    return tenths(ms, 1000) + " s";
}

}  // namespace

std::string sentence_of(const LimitReached& reached) {
    const std::string limit = reached.limit + " = ";
    if (reached.limit == kProcessLimit)
        return "it had " + processes(reached.figure) + ", more than " + limit +
               std::to_string(reached.value);
    if (reached.limit == kCpuLimit)
        return "its processes used " + seconds(reached.figure) + " of processor time, more than " +
               limit + seconds(reached.value);
    if (reached.figure <= reached.value)  // the kernel allowed no more
        return "its processes used " + bytes(reached.figure) + " of memory and needed more than " +
               limit + bytes(reached.value);
    return "its processes used " + bytes(reached.figure) + " of memory, more than " + limit +
           bytes(reached.value);
}

std::string text_of(const JobLimits& limits) {
    std::string text;
    const auto add = [&](const std::string& what) { text += (text.empty() ? "" : ", ") + what; };
    if (limits.memory) add("memory " + bytes(*limits.memory));
    if (limits.processes) add(processes(*limits.processes));
    if (limits.cpu)
        add("processor time " + seconds(static_cast<std::uint64_t>(limits.cpu->count())));
    return text;
}

}  // namespace tenon::jobs
