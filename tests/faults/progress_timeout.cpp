#include "tests/faults/progress_timeout.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>

namespace tenon::faults {
namespace {

using std::chrono::milliseconds;
namespace fs = std::filesystem;

/// Fields 3, 14 and 15 of a stat file in /proc (proc(5)).
struct Activity {
    bool waits_for_cpu_or_disk = false;
    std::int64_t ticks = 0;
};
Activity activity_in(const fs::path& stat) {
    std::ifstream in(stat);
    std::string line;
    std::getline(in, line);
    const auto name_end = line.rfind(')');
    if (name_end == std::string::npos) return {};
    std::istringstream fields(line.substr(name_end + 1));
    std::string state, skipped;
    fields >> state;
    constexpr int kBetween = 10;
    for (int i = 0; i < kBetween; ++i)
        fields >> skipped;
    std::int64_t user = 0, system = 0;
    fields >> user >> system;
    return {state == "R" || state == "D", user + system};
}

bool any_thread_waits(pid_t pid, const fs::path& but) {
    std::error_code gone;
    for (const auto& thread :
         fs::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone)) {
        if (thread.path().filename() != but &&
            activity_in(thread.path() / "stat").waits_for_cpu_or_disk)
            return true;
    }
    return false;
}

}  // namespace

ProgressTimeout::ProgressTimeout(milliseconds allowed) : allowed_(allowed) {}

void ProgressTimeout::restart() {
    used_ = {};
    last_ = Clock::now();
}

void ProgressTimeout::sample(const std::vector<pid_t>& processes) {
    static const auto ticks_a_second = ::sysconf(_SC_CLK_TCK);
    // This thread always runs, so it is left out.
    bool waiting = any_thread_waits(::getpid(), std::to_string(::gettid()));
    std::map<pid_t, std::int64_t> processor;
    std::int64_t ticks = 0;
    for (const pid_t pid : processes) {
        const std::int64_t now = activity_in("/proc/" + std::to_string(pid) + "/stat").ticks;
        const auto before = processor_.find(pid);
        if (before != processor_.end()) ticks += std::max<std::int64_t>(0, now - before->second);
        processor[pid] = now;
        waiting = waiting || any_thread_waits(pid, {});
    }
    processor_ = std::move(processor);
    const auto now = Clock::now();
    const auto passed = std::chrono::duration_cast<milliseconds>(now - last_);
    last_ = now;
    used_ += waiting ? std::min(passed, milliseconds(ticks * 1000 / ticks_a_second)) : passed;
}

}  // namespace tenon::faults
