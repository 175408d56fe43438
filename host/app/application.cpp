#include "host/app/application.h"

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <unistd.h>

#include <Poco/Exception.h>

#include "host/app/logging.h"
#include "host/app/runs.h"
#include "host/app/version.h"
#include "host/base/forced_end.h"
#include "host/base/limits.h"
#include "host/base/output.h"
#include "host/cli/command_list.h"
#include "host/cli/standard_input.h"
#include "host/config/configuration.h"
#include "host/permission/rules.h"
#include "host/plugin/sudden_end.h"
#include "host/session/run_needs.h"

namespace tenon::app {
namespace {

// A run has this many open, besides the standard ones, when it asks the model.
constexpr unsigned kFewestDescriptors = 14;

/// Where this program was installed: plugins and helper programs are found from here.
std::filesystem::path installation_prefix() {
    std::error_code failed;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", failed);
    return failed ? std::filesystem::path("/usr") : program.parent_path().parent_path();
}

/// If 0, 1 or 2 is closed, the next opened file would get its number, and output would be written
/// to this file.
void open_standard_descriptors() {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(fd, F_GETFD) >= 0) continue;
        // For reading only: writing to a closed output remains an error.
        (void)!::open("/dev/null", O_RDONLY);
    }
}

/// Whether a server is named, for whatever provider, and no provider is. A variable with a base URL
/// is for one provider.
bool names_only_a_server(const config::Table& table) {
    const config::Setting* provider = table.find("model.provider");
    const config::Setting* server = table.find("model.baseUrl");
    return (provider == nullptr || provider->built_in) && server != nullptr && !server->built_in &&
           !server->origin.ends_with("_BASE_URL");
}

/// Where a session is to go on with the provider that it has, and that can be asked at the same
/// server: puts it into the options and reads the configuration again, since keys and addresses
/// follow from it. At another server only if that is named, for no provider.
void keep_provider(cli::Options& options, const config::Sources& sources,
                   Result<config::Configuration>& configuration) {
    const auto recorded = session::model_to_keep(*configuration, run_request_of(options));
    if (!recorded) return;
    cli::Options kept = options;
    kept.provider = recorded->provider;
    kept.provider_is_kept = true;
    auto again = config::load(sources, overrides_of(kept));
    if (!again) return;
    const config::Settings::Model& model = again->settings.model;
    const std::string server = session::server_address(model);
    const bool is_elsewhere = !recorded->server.empty() && recorded->server != server;
    if (is_elsewhere && !names_only_a_server(configuration->table)) return;
    if (session::missing_needs(model, again->credentials).key) return;
    again->notices.push_back("the session keeps its provider " + recorded->provider + ", at " +
                             server + " (configured: " + configuration->settings.model.provider +
                             "); --provider changes it");
    options = std::move(kept);
    configuration = std::move(again);
}

int run_agent(cli::Options options, const config::Sources& sources) {
    keep_standard_streams();
    auto configuration = config::load(sources, overrides_of(options));
    if (configuration && options.continue_last)
        options.session = session::last_session(configuration->settings);
    if (configuration) keep_provider(options, sources, configuration);
    if (!configuration) return complain(configuration.error().message, cli::kExitUsage);
    for (const std::string& warning : configuration->warnings)
        say("warning: " + warning);
    for (const std::string& notice : configuration->notices)
        say(notice);
    if (auto started = start_logging(configuration->settings.log); !started)
        return complain(started.error().message, cli::kExitUsage);
    const bool text =
        options.output_format.value_or(cli::OutputFormat::kText) == cli::OutputFormat::kText;
    if (!options.prompt && text && ::isatty(STDIN_FILENO) == 1)
        return run_interactive(options, *configuration, sources);
    return run_headless(options, *configuration);
}

/// Runs a command that loads plugins, which may print.
int run_beside_plugins(const cli::Command& command, cli::Options options,
                       const config::Sources& sources) {
    keep_standard_streams();
    DescriptorStream out(output_descriptor()), err(error_descriptor());
    err << std::unitbuf;
    const cli::Console console{out, err, STDIN_FILENO, output_descriptor()};
    return command.run(std::move(options), sources, console, start_logging);
}

}  // namespace

session::RunRequest run_request_of(const cli::Options& options) {
    session::RunRequest request;
    request.session = options.session;
    request.continue_last = options.continue_last;
    request.workspace_named = options.workspace.has_value();
    request.provider_is_kept = options.provider_is_kept;
    request.leave_jobs = options.no_wait;
    if (options.max_budget_usd)
        request.budget.money = agent::Money::of_dollars(*options.max_budget_usd);
    request.budget.tokens = options.max_tokens_total;
    request.json_schema = options.json_schema;
    if (::isatty(STDIN_FILENO) == 1)
        request.ask = [](const std::string& question) {
            return cli::ask_yes_no(question, std::cerr, STDIN_FILENO);
        };
    return request;
}

int Application::run_program(int argc, char** argv) {
    const int code = run_guarded(argc, argv);
    plugin::expect_exit();
    // Destructors of static objects of plugins may hang, when these signals are still blocked.
    // Volatile, or the compiler would drop the pointer, and the object would count as leaked.
    static const StopRequestsBySignal* volatile until_the_end = new StopRequestsBySignal;
    (void)until_the_end;
    return code;
}

int Application::run_guarded(int argc, char** argv) {
    open_standard_descriptors();
    // A file that reaches a size limit (ulimit -f) is a failed write, not the end of the program.
    ::signal(SIGXFSZ, SIG_IGN);
    try {
        config::StartDirectory start = config::enter_start_directory();
        // Poco's init() is not called: it throws if there is no home or cache directory, and
        // nothing here needs them.
        Application application;
        plugin::explain_sudden_ends();  // Poco's constructor has set handlers that only abort
        application.start_ = std::move(start);
        application.args_.assign(argv + (argc > 0 ? 1 : 0), argv + argc);
        return application.run();
    } catch (const Poco::Exception& e) {
        return complain("cannot start: " + e.displayText(), cli::kExitFailed);
    } catch (const std::exception& e) {
        return complain("cannot start: " + std::string(e.what()), cli::kExitFailed);
    }
}

/// Without these handlers Poco would end with exit code 70 and only the name of a class.
int Application::main(const std::vector<std::string>&) {
    try {
        return run_command_line();
    } catch (const Poco::Exception& e) {
        return complain("cannot go on: " + e.displayText(), cli::kExitFailed);
    } catch (const std::exception& e) {
        return complain("cannot go on: " + std::string(e.what()), cli::kExitFailed);
    }
}

int Application::run_command_line() {
    // A file that cannot be opened for lack of a descriptor must not count as missing or wrong.
    if (const int code = descriptor_shortage(kFewestDescriptors); code != 0)
        return complain("cannot start: " + shortage_error("open a file", code).message,
                        cli::kExitFailed);
    auto options = cli::parse_options(args_);
    if (!options) return complain(options.error().message, cli::kExitUsage);
    if (options->version) {
        std::cout << version_text() << '\n';
        return 0;
    }
    if (options->help && options->command.empty()) {
        std::cout << cli::main_help();
        return 0;
    }
    config::Sources sources = config::process_sources(installation_prefix(), start_);
    sources.check_rule = permission::check_rule;
    if (options->command.empty()) return run_agent(*options, sources);
    const cli::Command& command = *cli::find_command(options->command);
    if (command.loads_plugins) return run_beside_plugins(command, std::move(*options), sources);
    const cli::Console console{std::cout, std::cerr, STDIN_FILENO, STDOUT_FILENO};
    return command.run(std::move(*options), sources, console, start_logging);
}

}  // namespace tenon::app
