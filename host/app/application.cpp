#include "host/app/application.h"

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <unistd.h>

#include <Poco/Exception.h>

#include "host/app/headless_run.h"
#include "host/app/interactive_run.h"
#include "host/app/logging.h"
#include "host/base/limits.h"
#include "host/base/output.h"
#include "host/cli/commands.h"
#include "host/config/configuration.h"
#include "host/permission/rules.h"

namespace tenon::app {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;
// Besides the standard ones: what a run has open when it asks the model, before any job runs.
constexpr unsigned kFewestDescriptors = 12;

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

int complain(const std::string& message, int exit_code) {
    say(message);
    return exit_code;
}

int run_agent(const cli::Options& options, const config::Sources& sources) {
    const auto configuration = config::load(sources, overrides_of(options));
    if (!configuration) return complain(configuration.error().message, kUsage);
    for (const std::string& warning : configuration->warnings)
        say("warning: " + warning);
    for (const std::string& notice : configuration->notices)
        say(notice);
    if (auto started = start_logging(configuration->settings.log); !started)
        return complain(started.error().message, kUsage);
    const bool text =
        options.output_format.value_or(cli::OutputFormat::kText) == cli::OutputFormat::kText;
    if (!options.prompt && text && ::isatty(STDIN_FILENO) == 1)
        return run_interactive(options, *configuration, sources.environment);
    return run_headless(options, *configuration);
}

}  // namespace

int Application::run_program(int argc, char** argv) {
    open_standard_descriptors();
    // A file that reaches a size limit (ulimit -f) is a failed write, not the end of the program.
    ::signal(SIGXFSZ, SIG_IGN);
    try {
        config::StartDirectory start = config::enter_start_directory();
        // Poco's init() is left out: it asks for home and cache directories and throws where there
        // are none, and nobody here needs what it finds.
        Application application;
        application.start_ = std::move(start);
        application.args_.assign(argv + (argc > 0 ? 1 : 0), argv + argc);
        return application.run();
    } catch (const Poco::Exception& e) {
        return complain("cannot start: " + e.displayText(), kFailed);
    } catch (const std::exception& e) {
        return complain("cannot start: " + std::string(e.what()), kFailed);
    }
}

/// What is caught here would otherwise become Poco's exit code 70 and a bare word.
int Application::main(const std::vector<std::string>&) {
    try {
        return act();
    } catch (const Poco::Exception& e) {
        return complain("cannot go on: " + e.displayText(), kFailed);
    } catch (const std::exception& e) {
        return complain("cannot go on: " + std::string(e.what()), kFailed);
    }
}

int Application::act() {
    // What cannot be opened for want of a descriptor must not be taken for absent or wrong.
    if (const int code = descriptor_shortage(kFewestDescriptors); code != 0)
        return complain("cannot start: " + shortage_error("open a file", code).message, kFailed);
    auto options = cli::parse_options(args_);
    if (!options) return complain(options.error().message, kUsage);
    if (options->version) {
        std::cout << "tenon " TENON_VERSION "\n";
        return 0;
    }
    if (options->help && options->command.empty()) {
        std::cout << cli::main_help();
        return 0;
    }
    config::Sources sources = config::process_sources(installation_prefix(), start_);
    sources.check_rule = permission::check_rule;
    if (options->command.empty()) return run_agent(*options, sources);
    const cli::Console console{std::cout, std::cerr, STDIN_FILENO, STDOUT_FILENO};
    if (options->command == "config") return cli::run_config(*options, sources, console);
    if (options->command == "jobs") return cli::run_jobs(*options, sources, console);
    if (options->command == "sessions") return cli::run_sessions(*options, sources, console);
    if (options->command == "tasks") return cli::run_tasks(*options, sources, console);
    if (options->command == "tool") return cli::run_tool(*options, sources, console, start_logging);
    return complain("'" + options->command + "' is not part of this version", kUsage);
}

}  // namespace tenon::app
