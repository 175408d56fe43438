#include <array>

#include "tests/bench/program_run.h"
#include "tests/bench/stopwatch_server.h"

namespace tenon::bench {
namespace {

struct MeasuredFormat {
    const char* provider;
    std::string counter;
    Samples turns = {};
};

/// The median turn of one run, each turn of which calls the tool once.
double median_turn(const char* provider, const std::string& tool, const Json& input) {
    constexpr std::size_t kTurns = 40;
    constexpr std::size_t kWarm = 5;
    const BenchFolders folders;
    folders.home().write("w/notes.txt", std::string(4000, 'x') + "\n");
    const StopwatchServer server(
        [&](std::size_t n) { return n < kTurns ? call(n, tool, input) : say("done"); });
    auto environment = folders.environment(server.url());
    environment["OPENAI_API_KEY"] = "bench-key-0123456789";
    environment["OPENAI_BASE_URL"] = server.url();
    tenon::testing::Process program(
        {measured_program(), "-p", "go", "--yes", "--provider", provider}, environment,
        folders.workspace());
    program.close_input();
    wait_for_success(program);
    server.wait_for(kTurns + 1);
    return server.turns(kWarm, kTurns - kWarm).median();
}

void tool_turn_on_each_format(benchmark::State& state, const std::string& tool, const Json& input) {
    constexpr int kRounds = 10;
    std::array<MeasuredFormat, 3> formats = {MeasuredFormat{"anthropic", "anthropic"},
                                             MeasuredFormat{"openai", "openai"},
                                             MeasuredFormat{"openai-responses", "responses"}};
    for (int i = 0; i < kRounds; ++i) {  // so that other load on the machine affects all
        for (MeasuredFormat& format : formats)
            format.turns.add(median_turn(format.provider, tool, input));
    }
    const double first = formats.front().turns.median();
    for (const MeasuredFormat& format : formats) {
        state.counters[format.counter + "_ms"] = format.turns.median();
        if (&format != &formats.front())
            state.counters[format.counter + "_ratio"] = format.turns.median() / first;
    }
}

const bool wire_formats_registered = [] {
    measure("wire_formats/bash", [](benchmark::State& state) {
        tool_turn_on_each_format(state, "bash", {{"command", "true"}});
    });
    measure("wire_formats/read_file", [](benchmark::State& state) {
        tool_turn_on_each_format(state, "read_file", {{"path", "notes.txt"}});
    });
    return true;
}();

}  // namespace
}  // namespace tenon::bench
