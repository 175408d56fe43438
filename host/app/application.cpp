#include "host/app/application.h"

#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <unistd.h>

#include "host/app/commands/config.h"
#include "host/app/commands/interactive.h"
#include "host/app/commands/jobs.h"
#include "host/app/commands/run.h"
#include "host/app/commands/sessions.h"
#include "host/app/commands/tasks.h"
#include "host/app/logging.h"
#include "host/app/options.h"
#include "host/app/settings.h"

namespace tenon::app {
namespace {

constexpr int kUsage = 2;

/// Where this program was installed: plugins and helper programs are found from here.
std::filesystem::path installation_prefix() {
    std::error_code failed;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", failed);
    return failed ? std::filesystem::path("/usr") : program.parent_path().parent_path();
}

/// Started with one of 0, 1 and 2 closed, the next file opened would take its place, and be written
/// to.
void open_standard_descriptors() {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(fd, F_GETFD) >= 0) continue;
        // For reading only: what is written to a closed output is an error, as it should be.
        (void)!::open("/dev/null", O_RDONLY);
    }
}

int run_agent(const Options& options, const Sources& sources) {
    const auto loaded = load(sources, options);
    if (!loaded) {
        std::cerr << "tenon: " << loaded.error().message << "\n";
        return kUsage;
    }
    for (const std::string& warning : loaded->warnings)
        std::cerr << "tenon: warning: " << warning << "\n";
    for (const std::string& notice : loaded->notices)
        std::cerr << "tenon: " << notice << "\n";
    if (auto started = start_logging(loaded->settings.log); !started) {
        std::cerr << "tenon: " << started.error().message << "\n";
        return kUsage;
    }
    const bool text = options.output_format.value_or(OutputFormat::kText) == OutputFormat::kText;
    if (!options.prompt && text && ::isatty(STDIN_FILENO) == 1)
        return run_interactive(options, *loaded, sources);
    return run_headless(options, *loaded, sources);
}

}  // namespace

int Application::run_program(int argc, char** argv) {
    open_standard_descriptors();
    Application application;
    try {
        // Only the name: a command line of ours is not for Poco to judge.
        application.init(std::vector<std::string>{argv[0] != nullptr ? argv[0] : "tenon"});
        application.args_.assign(argv + (argc > 0 ? 1 : 0), argv + argc);
        return application.run();
    } catch (const std::exception& e) {
        std::cerr << "tenon: " << e.what() << "\n";
        return 1;
    }
}

int Application::main(const std::vector<std::string>&) {
    auto options = parse_options(args_);
    if (!options) {
        std::cerr << "tenon: " << options.error().message << "\n";
        return kUsage;
    }
    if (options->version) {
        std::cout << "tenon " TENON_VERSION "\n";
        return 0;
    }
    if (options->help && options->command.empty()) {
        std::cout << main_help();
        return 0;
    }
    const Sources sources = process_sources(installation_prefix());
    if (options->command.empty()) return run_agent(*options, sources);
    if (options->command == "config")
        return run_config(*options, sources, {std::cout, std::cerr, STDIN_FILENO, STDOUT_FILENO});
    if (options->command == "jobs")
        return run_jobs(*options, sources, {std::cout, std::cerr, STDIN_FILENO, STDOUT_FILENO});
    if (options->command == "sessions")
        return run_sessions(*options, sources, {std::cout, std::cerr, STDIN_FILENO, STDOUT_FILENO});
    if (options->command == "tasks")
        return run_tasks(*options, sources, {std::cout, std::cerr, STDIN_FILENO, STDOUT_FILENO});
    std::cerr << "tenon: '" << options->command << "' is not part of this version\n";
    return kUsage;
}

}  // namespace tenon::app
