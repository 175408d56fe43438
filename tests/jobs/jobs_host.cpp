// jobs_host STATE SESSION [fg:COMMAND | sub:COMMAND | bg:COMMAND | persistent:COMMAND]…
//
// Opens the session as a host does, submits the jobs in order with room for one background job,
// prints `ready` and the ids, one a line, and stays until it is killed.
#include <cstdio>
#include <filesystem>
#include <string>
#include <unistd.h>

#include "host/jobs/launcher.h"
#include "host/jobs/queue.h"

int main(int argc, char** argv) {
    using namespace tenon::jobs;
    Launcher::serve_if_launcher(argv);
    if (argc < 3) return 2;
    auto store = Store::open(argv[1]);
    if (!store) return 1;
    QueueOptions options;
    options.session = argv[2];
    options.shim.program = TENON_SHIM;
    options.max_running = 1;
    Queue queue(*store, options);
    std::ignore = queue.adopt([](const JobRecord&) { return false; });
    for (int i = 3; i < argc; ++i) {
        const std::string word = argv[i];
        const auto colon = word.find(':');
        JobSpec spec;
        spec.workspace = spec.cwd = std::filesystem::current_path();
        spec.command = word.substr(colon + 1);
        spec.tool_use_id = "call_" + std::to_string(i - 3);
        if (word.starts_with("fg")) spec.kind = JobKind::kForeground;
        if (word.starts_with("sub")) {
            spec.kind = JobKind::kForeground;
            spec.subagent = "agent-1";
        }
        if (word.starts_with("persistent")) spec.lifetime = Lifetime::kPersistent;
        auto job = queue.submit(std::move(spec));
        if (!job) return 1;
        std::printf("%s\n", job->id.c_str());
    }
    std::puts("ready");
    std::fflush(stdout);
    while (true)
        ::pause();
}
