#include <ctime>
#include <exception>
#include <functional>
#include <pwd.h>
#include <sstream>
#include <unistd.h>

#include "host/base/json.h"
#include "host/base/untrusted.h"
#include "host/cli/commands.h"
#include "host/cli/doctor.h"

namespace tenon::cli {
namespace {

constexpr std::array kDoctorOptions = {
    OptionSpec{0, "json", "", "one JSON object: ok, and checks with name, status, found, remedy"},
    OptionSpec{0, "online", "", "also ask the server once for its models, which costs no tokens"},
};

constexpr int kWidestStatus = 7;
constexpr int kWidestName = 19;

const char* status_word(CheckStatus status) {
    if (status == CheckStatus::kOk) return "ok";
    return status == CheckStatus::kWarning ? "warning" : "error";
}

std::string name_of_user() {
    const passwd* const entry = ::getpwuid(::getuid());
    return entry == nullptr ? std::to_string(::getuid()) : entry->pw_name;
}

/// All groups. A group that cannot be finished does not prevent the others.
class Doctor {
public:
    Doctor(const config::Configuration& found, const config::Sources& sources)
        : found_(found), sources_(sources) {}

    Checks examine(bool online) {
        const config::Settings& settings = found_.settings;
        const auto& environment = sources_.environment;
        // The child processes of these come before anything that may start a thread.
        add("kernel", [&] { return check_kernel(settings, find_kernel_features(), places_); });
        Checks of_kernel = std::exchange(checks_, {});
        add("model", [&] { return check_model(found_); });
        add("configuration", [&] { return check_configuration(found_); });
        add("plugins", [&] { return check_plugins(found_); });
        add("shell", [&] { return check_bash(environment); });
        add("state directory", [&] { return check_storage(found_, environment); });
        checks_.insert(checks_.end(), of_kernel.begin(), of_kernel.end());
        add("logout", [&] { return check_logout(name_of_user(), places_); });
        add("limits", [&] { return check_limits(settings, places_); });
        add("clock", [&] { return check_clock(std::time(nullptr)); });
        add("network", [&] { return check_network(found_); });
        if (online) add("server", [&] { return check_server(found_); });
        return std::move(checks_);
    }

private:
    void add(const char* name, const std::function<Checks()>& group) {
        Checks more;
        try {
            more = group();
        } catch (const std::exception& e) {
            more = {{name, CheckStatus::kError, std::string("cannot be checked: ") + e.what(),
                     "the checks above and below may name the cause"}};
        }
        checks_.insert(checks_.end(), more.begin(), more.end());
    }

    const config::Configuration& found_;
    const config::Sources& sources_;
    const MachinePlaces places_;
    Checks checks_;
};

std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(text.size(), width), ' ');
    return text;
}

void print_check(const Check& check, std::ostream& out) {
    out << padded(status_word(check.status), kWidestStatus) << "  "
        << padded(check.name, kWidestName) << "  " << visible(check.found) << '\n';
    std::istringstream lines(check.remedy);
    const char* before = "remedy: ";
    for (std::string line; std::getline(lines, line); before = "        ")
        out << padded("", kWidestStatus) << "  " << before << visible(line) << '\n';
}

Json check_json(const Check& check) {
    return {{"name", check.name},
            {"status", status_word(check.status)},
            {"found", check.found},
            {"remedy", check.remedy}};
}

}  // namespace

constinit const CommandSpec kDoctorCommand{
    "tenon doctor",
    "[--json] [--online]",
    "Says what would stop a run on this machine and how to correct it: one line for each check, "
    "with the word ok, warning or error. With the options of the configuration, such as "
    "--model and -D, it checks a run with these. It changes nothing that lasts, and connects to "
    "nothing without --online.",
    kDoctorOptions,
    "Exit: 0 no error was found; 1 an error would stop a run; 2 usage.\n",
    "say what would stop a run, and how to correct it"};

int run_doctor(Options options, const config::Sources& sources, const Console& console) {
    const auto arguments = parse_command(kDoctorCommand, options);
    if (!arguments) return complain(console, arguments.error().message, kExitUsage);
    if (options.help) {
        console.out << command_help(kDoctorCommand);
        return 0;
    }
    if (!arguments->words.empty())
        return complain(console,
                        "unexpected argument " + in_quotes(arguments->words.front()) +
                            "; tenon doctor takes only options (see tenon doctor --help)",
                        kExitUsage);
    const config::Configuration found = config::examine(sources, overrides_of(options));
    const Checks checks = Doctor(found, sources).examine(arguments->has("online"));
    Secrets secrets;
    found.credentials.add_to(secrets);
    const bool ok = std::none_of(checks.begin(), checks.end(), [](const Check& check) {
        return check.status == CheckStatus::kError;
    });
    if (arguments->has("json")) {
        Json list = Json::array();
        for (const Check& check : checks)
            list.push_back(check_json(check));
        const Json document = {{"ok", ok}, {"checks", std::move(list)}};
        print_json(console, secrets.redact(dump_json(document)));
    } else {
        std::ostringstream text;
        for (const Check& check : checks)
            print_check(check, text);
        console.out << secrets.redact(text.str());
    }
    return finish(console, ok ? 0 : kExitFailed);
}

}  // namespace tenon::cli
