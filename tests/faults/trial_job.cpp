#include "tests/faults/trial_job.h"

#include <charconv>
#include <csignal>
#include <span>

namespace tenon::faults {
namespace {

constexpr int kExitCodes = 7;
constexpr std::string_view kBegin = "echo ";

struct CommandTemplate {
    const char* command;  // EXIT is its exit code, TENTHS 1 to 4
    bool by_signal = false;
};

// What a command leaves running sleeps so long that it can only be gone because it was ended.
constexpr CommandTemplate kTemplates[] = {
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
constexpr CommandTemplate kTemplatesWithoutForks[] = {
    {"exit EXIT"},
    {"for ((n = 0; n < TENTHS000; ++n)); do :; done; exit EXIT"},
    {"printf '%0TENTHS0000d\\n' 7; exit EXIT"},
    {"kill -KILL $$", true},
};

std::string replaced(std::string text, std::string_view what, int by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what))
        text.replace(at, what.size(), std::to_string(by));
    return text;
}

const CommandTemplate& template_of(int number, bool forks) {
    const auto table = forks ? std::span<const CommandTemplate>(kTemplates)
                             : std::span<const CommandTemplate>(kTemplatesWithoutForks);
    return table[static_cast<std::size_t>(number) % table.size()];
}

/// Reads a number and the text that must follow it.
bool take(std::string_view& text, int& number, std::string_view following) {
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc()) return false;
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    if (!text.starts_with(following)) return false;
    text.remove_prefix(following.size());
    return true;
}

}  // namespace

std::string to_string(const Attempt& attempt) {
    return std::to_string(attempt.number) + "." + std::to_string(attempt.attempt);
}

std::string printed_by(int number) {
    return "this is number " + std::to_string(number) + ".";
}

TrialJob trial_job(const Attempt& attempt, const TrialJobOptions& options) {
    const int number = attempt.number;
    const CommandTemplate& chosen = template_of(number, options.forks);
    const int exit_code = number % kExitCodes;
    std::string command = replaced(chosen.command, "EXIT", exit_code);
    command = replaced(std::move(command), "TENTHS", 1 + number / 3 % 4);

    TrialJob job;
    job.foreground = number % options.foreground_every == 0;
    const std::string name = to_string(attempt);
    // A child of this bash that is ended before its exec runs the trap too, with a code of its own.
    job.command = std::string(kBegin) + name +
                  " begun >>ran; trap 'e=$?; [ $BASHPID != $$ ] || echo " + name +
                  " over $e >>ran' EXIT; echo '" + printed_by(number) + "'; " + command;
    if (chosen.by_signal) {
        job.signal = SIGKILL;
    } else {
        job.exit_code = exit_code;
    }
    job.status = job.exit_code == 0 ? jobs::Status::kCompleted : jobs::Status::kError;
    return job;
}

Json call_of(const Attempt& attempt, const TrialJobOptions& options) {
    const TrialJob job = trial_job(attempt, options);
    return {
        {"type", "tool_use"},
        {"id", "toolu_n" + std::to_string(attempt.number) + "_" + std::to_string(attempt.attempt)},
        {"name", job.foreground ? "bash" : "background_run"},
        {"input", {{"command", job.command}}}};
}

std::optional<Attempt> attempt_of(std::string_view command) {
    if (!command.starts_with(kBegin)) return std::nullopt;
    command.remove_prefix(kBegin.size());
    Attempt attempt;
    if (!take(command, attempt.number, ".") || !take(command, attempt.attempt, " begun >>ran; "))
        return std::nullopt;
    return attempt;
}

}  // namespace tenon::faults
