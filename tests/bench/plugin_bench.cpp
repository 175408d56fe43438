#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "host/plugins/loader.h"
#include "host/plugins/registry.h"
#include "tests/bench/program_run.h"
#include "tests/bench/stopwatch_server.h"

namespace tenon::bench {
namespace {

namespace fs = std::filesystem;
using tenon::testing::TempDir;

constexpr int kCalls = 5000;

/// Copies echo.so with another number in its id and in the name of its tool.
void put_plugin(const TempDir& dir, int number) {
    std::ostringstream content;
    content << std::ifstream(TENON_BENCH_PLUGINS "/echo.so", std::ios::binary).rdbuf();
    std::string bytes = content.str();
    const std::string digits = {static_cast<char>('0' + number / 10),
                                static_cast<char>('0' + number % 10)};
    for (const std::string name : {"bench-00", "bench_tool_00"}) {
        for (auto at = bytes.find(name); at != std::string::npos; at = bytes.find(name, at + 1))
            bytes.replace(at + name.size() - 2, 2, digits);
    }
    dir.write("plugins/" + digits + ".so", bytes);
}

/// The time of one call of 1 KB as the loop makes it, in microseconds.
Samples times_of_calls(bool isolated) {
    const TempDir dir;
    put_plugin(dir, 0);
    plugins::LoaderOptions options;
    options.folders = {dir / "plugins"};
    options.state_dir = dir / "state";
    options.workspace = dir.path().string();
    options.plugin_host = TENON_PREFIX "/libexec/tenon/tenon-plugin-host";
    options.by_id["bench-00"].isolated = isolated;
    const plugins::Services services;
    plugins::Loaded loaded = plugins::load(options, services);
    if (loaded.plugins.size() != 1) throw std::runtime_error("the plugin was not loaded");
    plugins::Registry registry;
    if (!registry.add(std::move(loaded.plugins[0]))) throw std::runtime_error("not added");
    agent::Tool& tool = *registry.find("bench_tool_00");
    const agent::ToolCall call{"id", "bench_tool_00", {{"text", std::string(1000, 'x')}}, ""};
    Samples times;
    for (int i = -100; i < kCalls; ++i) {  // the first ones warm up
        agent::CallContext context({"", ""}, "id", {}, nullptr);
        const auto begin = Clock::now();
        const auto result = tool.call(call, context);
        const auto end = Clock::now();
        if (result.is_error) throw std::runtime_error(result.text);
        if (i >= 0) times.add(std::chrono::duration<double, std::micro>(end - begin).count());
    }
    return times;
}

/// What every tool's call costs: its arguments are parsed and written once.
double json_share() {
    const std::string text = dump_json(Json{{"text", std::string(1000, 'x')}});
    Samples times;
    for (int i = 0; i < kCalls; ++i) {
        const auto begin = Clock::now();
        const auto parsed = parse_json(text);
        const std::string again = dump_json(*parsed);
        times.add(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
        if (again != text) throw std::runtime_error("another text");
    }
    return times.median();
}

void isolated_call(benchmark::State& state) {
    const Samples times = times_of_calls(true);
    state.counters["us"] = times.median();
    state.counters["p99_us"] = times.p99();
}

void local_call(benchmark::State& state) {
    const double call = times_of_calls(false).median();
    const double json = json_share();
    state.counters["us"] = call;
    state.counters["over_json_us"] = call - json;
}

Clock::duration until_request(const BenchFolders& folders, const StopwatchServer& server,
                              const std::vector<std::string>& options) {
    const std::size_t before = server.exchanges().size();
    const auto begin = Clock::now();
    const auto program = folders.start(server.url(), options);
    wait_for_success(*program);
    server.wait_for(before + 1);
    return server.exchanges()[before].first_byte - begin;
}

void start_with_50_plugins(benchmark::State& state) {
    constexpr int kPairs = 30;
    const BenchFolders folders;
    for (int number = 0; number < 50; ++number)
        put_plugin(folders.home(), number);
    const StopwatchServer server([](std::size_t) { return say("done"); });
    const std::vector<std::string> with = {"--plugin-dir", (folders.home() / "plugins").string()};
    // Files of the last seconds are hashed at each start, so this one waits until theirs are known.
    const auto known = [&] {
        until_request(folders, server, with);
        return fs::exists(folders.state() / "plugin-cache/files.json");
    };
    while (!known()) {
    }
    Samples plain, fifty;
    for (int i = 0; i < kPairs; ++i) {  // so that other load on the machine affects both
        plain.add(until_request(folders, server, {}));
        fifty.add(until_request(folders, server, with));
    }
    state.counters["plain_ms"] = plain.median();
    state.counters["more_ms"] = fifty.median() - plain.median();
}

const bool plugins_registered = [] {
    measure("isolated_call", isolated_call);
    measure("local_call", local_call);
    measure("start_50_plugins", start_with_50_plugins);
    return true;
}();

}  // namespace
}  // namespace tenon::bench
