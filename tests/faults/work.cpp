#include "tests/faults/work.h"

#include <charconv>
#include <csignal>
#include <iterator>

namespace tenon::faults {
namespace {

constexpr int kExitCodes = 7;
constexpr int kEveryForeground = 11;
constexpr std::string_view kCallPrefix = "toolu_n";

struct Way {
    const char* command;  // EXIT is its exit code, TENTHS 1 to 4
    bool by_signal = false;
};

// What a command leaves behind sleeps so long that only somebody who ends it can be why it is gone.
constexpr Way kWays[] = {
    {"exit EXIT"},
    {"sleep 0.0TENTHS; exit EXIT"},
    {"sleep 0.TENTHS; exit EXIT"},
    {"for n in 1 2 3; do sleep 0.TENTHS & done; wait; exit EXIT"},
    {"head -c 400000 /dev/zero | tr '\\0' x | fold -w 80; exit EXIT"},
    {"setsid sleep 900 & exit EXIT"},
    {"(trap '' TERM; sleep 900; sleep 900) & sleep 0.0TENTHS; exit EXIT"},
    {"( ( setsid sleep 900 </dev/null >/dev/null 2>&1 & ) & ); exit EXIT"},
    {"(trap '' TERM HUP; setsid sleep 900 & sleep 900) & ( ( nohup setsid sleep 900 </dev/null "
     ">/dev/null 2>&1 & ) & ); sleep 0.TENTHS; exit EXIT"},
    {"sleep 0.0TENTHS; kill -KILL $$", true},
};

std::string replaced(std::string text, std::string_view what, int by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what))
        text.replace(at, what.size(), std::to_string(by));
    return text;
}

}  // namespace

std::string printed_by(int number) {
    return "this is number " + std::to_string(number) + ".";
}

Work work_of(int number) {
    const Way& way = kWays[static_cast<std::size_t>(number) % std::size(kWays)];
    const int exit_code = number % kExitCodes;
    std::string command = replaced(way.command, "EXIT", exit_code);
    command = replaced(std::move(command), "TENTHS", 1 + number / 3 % 4);

    Work work;
    work.number = number;
    work.foreground = number % kEveryForeground == 0;
    work.command =
        "echo " + std::to_string(number) + " >>ran; echo '" + printed_by(number) + "'; " + command;
    if (way.by_signal) {
        work.signal = SIGKILL;
    } else {
        work.exit_code = exit_code;
    }
    work.status = work.exit_code == 0 ? jobs::Status::kCompleted : jobs::Status::kError;
    return work;
}

Json call_of(const Work& work, int attempt) {
    return {{"type", "tool_use"},
            {"id", std::string(kCallPrefix) + std::to_string(work.number) + "_" +
                       std::to_string(attempt)},
            {"name", work.foreground ? "bash" : "background_run"},
            {"input", {{"command", work.command}}}};
}

std::optional<int> number_of(std::string_view tool_use_id) {
    if (!tool_use_id.starts_with(kCallPrefix)) return std::nullopt;
    tool_use_id.remove_prefix(kCallPrefix.size());
    int number = 0;
    const auto read =
        std::from_chars(tool_use_id.data(), tool_use_id.data() + tool_use_id.size(), number);
    if (read.ec != std::errc()) return std::nullopt;
    return number;
}

}  // namespace tenon::faults
