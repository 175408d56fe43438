#include "tests/bench/promises.h"

#include <iomanip>
#include <ostream>

namespace tenon::bench {
namespace {

struct Promise {
    const char* what;
    const char* measurement;
    const char* counter;
    const char* unit;
    double at_most;  ///< 0: nothing is promised
};

// clang-format off
constexpr Promise kPromises[] = {
    {"start to first request",                        "start",            "tenon_ms",     "ms", 0},
    {"  curl doing the same POST",                    "start",            "curl_ms",      "ms", 0},
    {"  ratio",                                       "start",            "ratio",        "x",  2.5},
    {"first request, these tools",                    "start",            "request_kb",   "KB", 9},
    {"background_run, 0 running",                     "background_run/0", "median_ms",    "ms", 5},
    {"  99 in 100 below",                             "background_run/0", "p99_ms",       "ms", 5},
    {"background_run, 200 running",                   "background_run/200", "median_ms",  "ms", 5},
    {"  99 in 100 below",                             "background_run/200", "p99_ms",     "ms", 5},
    {"background_run while 200 jobs start",           "background_run/200_start", "median_ms", "ms", 5},
    {"  99 in 100 below",                             "background_run/200_start", "p99_ms", "ms", 5},
    {"background_run, 256 running, 9,900 queued",     "background_run/10000", "median_ms", "ms", 5},
    {"  99 in 100 below",                             "background_run/10000", "p99_ms",   "ms", 5},
    {"bash true turn",                                "bash_turn",        "turn_ms",      "ms", 0},
    {"  bare bash -c true",                           "bash_turn",        "bare_ms",      "ms", 0},
    {"  ratio",                                       "bash_turn",        "ratio",        "x",  3},
    {"bash true turn in the sandbox",                 "sandboxed_turn",   "turn_ms",      "ms", 0},
    {"  ratio",                                       "sandboxed_turn",   "ratio",        "x",  0},
    {"tool turn at the start",                        "long_session",     "first_ms",     "ms", 0},
    {"  after 100 turns",                             "long_session",     "after_100_ms", "ms", 0},
    {"  after 1,000 turns",                           "long_session",     "after_1000_ms", "ms", 0},
    {"  ratio of the last to the first",              "long_session",     "ratio",        "x",  2},
    {"  first, to the last byte of its request",      "long_session",     "whole_1_ms",   "ms", 0},
    {"  after 1,000 turns, likewise",                 "long_session",     "whole_1000_ms", "ms", 0},
    {"bash true turn on anthropic",                    "wire_formats/bash", "anthropic_ms", "ms", 0},
    {"  on openai",                                    "wire_formats/bash", "openai_ms",    "ms", 0},
    {"  ratio",                                        "wire_formats/bash", "openai_ratio", "x",  1.1},
    {"  on openai-responses",                          "wire_formats/bash", "responses_ms", "ms", 0},
    {"  ratio",                                        "wire_formats/bash", "responses_ratio", "x",  1.1},
    {"read_file turn on anthropic",                    "wire_formats/read_file", "anthropic_ms", "ms", 0},
    {"  on openai",                                    "wire_formats/read_file", "openai_ms",    "ms", 0},
    {"  ratio",                                        "wire_formats/read_file", "openai_ratio", "x",  0},
    {"  on openai-responses",                          "wire_formats/read_file", "responses_ms", "ms", 0},
    {"  ratio",                                        "wire_formats/read_file", "responses_ratio", "x",  0},
    {"exit of a job to the request with its end",     "notification",     "median_ms",    "ms", 100},
    {"peak memory after 60 turns",                    "memory",           "peak_mb",      "MB", 25},
    {"  with a 10 MB conversation",                   "reopen",           "peak_mb",      "MB", 60},
    {"start to first request with that conversation", "reopen",           "tenon_ms",     "ms", 0},
    {"opening a session of 10 MB",                    "open_session",     "ms",           "ms", 0},
    {"processor while 200 jobs idle",                 "idle_jobs",        "cpu_percent",  "%",  0},
    {"wake-ups a second, 200 adopted jobs",           "idle_adopted",     "wake_ups",     "/s", 2},
    {"  processor meanwhile",                         "idle_adopted",     "cpu_percent",  "%",  0},
    {"wake-ups a second, 10,000 queued jobs",         "idle_queued",      "wake_ups",     "/s", 2},
    {"  processor meanwhile",                         "idle_queued",      "cpu_percent",  "%",  0},
    {"interactive session: start to first frame",     "sitting_start",    "frame_ms",     "ms", 0},
    {"  keystroke to echo",                           "sitting_echo",     "median_ms",    "ms", 1},
    {"  99 in 100 below",                             "sitting_echo",     "p99_ms",       "ms", 0},
    {"  wake-ups a second, idle",                     "sitting_idle",     "wake_ups",     "/s", 2},
    {"  processor meanwhile",                         "sitting_idle",     "cpu_percent",  "%",  0},
    {"  resident memory, idle",                       "sitting_memory",   "idle_mb",      "MB", 18},
    {"  after 60 turns",                              "sitting_memory",   "after_60_mb",  "MB", 18},
    {"  reopening a conversation of 10 MB",           "sitting_reopen",   "frame_ms",     "ms", 150},
    {"  /history of it",                              "sitting_reopen",   "history_ms",   "ms", 300},
    {"clear error: a full disk",                      "shortage_disk",    "ms",           "ms", 1000},
    {"  no descriptors",                              "shortage_descriptors", "ms",       "ms", 1000},
    {"  no processes",                                "shortage_processes", "ms",         "ms", 1000},
    {"  a working directory that is gone",            "shortage_cwd",     "ms",           "ms", 1000},
    {"an isolated call of 1 KB",                      "isolated_call",    "us",           "us", 60},
    {"  99 in 100 below",                             "isolated_call",    "p99_us",       "us", 0},
    {"the same in the host",                          "local_call",       "us",           "us", 0},
    {"  without its JSON",                            "local_call",       "over_json_us", "us", 2},
    {"start with 50 plugins installed: more",         "start_50_plugins", "more_ms",      "ms", 30},
    {"jobs a second",                                 "throughput",       "jobs",         "/s", 0},
    {"  bare bash -c true",                           "throughput",       "bare",         "/s", 0},
    {"server-sent events",                            "sse_parser",       "mb_s",         "MB/s", 0},
    {"whole answers",                                 "answer_stream",    "mb_s",         "MB/s", 0},
};
// clang-format on

}  // namespace

int print_promises(std::ostream& out, const Figures& figures) {
    int broken = 0;
    out << "\n"
        << std::left << std::setw(48) << ""
        << "  measured       promised\n"
        << std::fixed;
    for (const Promise& promise : kPromises) {
        const auto measured = figures.find(promise.measurement);
        if (measured == figures.end()) continue;
        const auto value = measured->second.find(promise.counter);
        if (value == measured->second.end()) continue;
        const bool holds = promise.at_most == 0 || value->second <= promise.at_most;
        if (!holds) ++broken;
        out << std::left << std::setw(48) << promise.what << std::right << std::setw(10)
            << std::setprecision(value->second < 10 ? 2 : 1) << value->second << " " << std::left
            << std::setw(5) << promise.unit;
        const bool has_fraction = promise.at_most != static_cast<int>(promise.at_most);
        if (promise.at_most > 0)
            out << "<= " << std::setprecision(has_fraction ? 1 : 0) << promise.at_most
                << (holds ? "" : "   MISSED");
        out << "\n";
    }
    return broken;
}

}  // namespace tenon::bench
