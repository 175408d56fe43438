// tenon_bench: measures what Tenon promises. See README.md beside this file.

#include <benchmark/benchmark.h>
#include <csignal>
#include <iostream>

#include "tests/bench/promises.h"

namespace {

/// Prints as usual and keeps the counters for the table.
class Collector : public benchmark::ConsoleReporter {
public:
    void ReportRuns(const std::vector<Run>& runs) override {
        ConsoleReporter::ReportRuns(runs);
        for (const Run& run : runs) {
            failed = failed || run.error_occurred;
            for (const auto& [name, counter] : run.counters)
                figures[run.run_name.function_name][name] = counter;
        }
    }
    tenon::bench::Figures figures;
    bool failed = false;
};

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    Collector collector;
    benchmark::RunSpecifiedBenchmarks(&collector);
    const int broken = tenon::bench::print_promises(std::cout, collector.figures);
    return collector.failed || broken > 0 ? 1 : 0;
}
