#include "host/agent/compact_tool.h"
#include "host/base/secrets.h"
#include "host/base/signals.h"
#include "host/base/untrusted.h"
#include "host/cli/plugin_survey.h"
#include "host/cli/plugin_verbs.h"
#include "host/config/state_dir.h"
#include "host/session/open_tools.h"
#include "host/verify/verify.h"

namespace tenon::cli {
namespace {

using verify::Verdict;
using Outcome = Verdict::Outcome;

const char* word_of(Outcome outcome) {
    if (outcome == Outcome::kFailed) return "FAILED";
    return outcome == Outcome::kRemark ? "remark" : "ok";
}

/// "FAILED  load: what was found; what to do"
std::string line_of(const Verdict& verdict) {
    constexpr std::size_t kWordWidth = 8;
    std::string line = word_of(verdict.outcome);
    line.resize(kWordWidth, ' ');
    line += verdict.check + ": " + verdict.text;
    if (!verdict.remedy.empty()) line += "; " + verdict.remedy;
    return line;
}

Json verdict_json(const Verdict& verdict) {
    return {{"check", verdict.check},
            {"verdict", verdict.outcome == Outcome::kFailed ? "failed" : word_of(verdict.outcome)},
            {"text", verdict.text},
            {"remedy", verdict.remedy}};
}

/// The names of the tools that come with this program, except those of `file` itself.
std::set<std::string> names_of_own_tools(const config::Settings& settings,
                                         const std::filesystem::path& file) {
    std::set<std::string> names{std::string(agent::CompactTool::kName)};
    for (const SurveyedPlugin& plugin : survey_plugins(settings)) {
        std::error_code none;
        if (!plugin.first_party || std::filesystem::equivalent(plugin.file, file, none)) continue;
        for (const SurveyedTool& tool : plugin.tools)
            names.insert(tool.name);
    }
    return names;
}

int print_verdicts(const PluginCall& call, const verify::VerifyOptions& options,
                   const Secrets& secrets, const Signals& signals) {
    const bool json = call.json();
    Json checks = Json::array();
    const auto verified = verify::verify(options, [&](const Verdict& verdict) {
        if (json) {
            checks.push_back(verdict_json(verdict));
        } else {
            call.console.out << visible(secrets.redact(line_of(verdict)))
                             << std::endl;  // when it is known
        }
    });
    if (!verified)
        return complain(call.console, secrets.redact(verified.error().message), kExitFailed);
    if (verified->stopped) return 128 + signals.received();
    if (json)
        print_json(call.console, secrets.redact(dump_json({{"file", options.file.string()},
                                                           {"id", verified->id},
                                                           {"version", verified->version},
                                                           {"passed", !verified->failed},
                                                           {"checks", std::move(checks)}})));
    return verified->failed ? kExitFailed : 0;
}

}  // namespace

int verify_plugin(const PluginCall& call) {
    const auto configuration = config::load(call.sources, overrides_of(call.options));
    if (!configuration) return complain(call.console, configuration.error().message, kExitUsage);
    const config::Settings& settings = configuration->settings;
    if (call.word(0).empty()) return complain(call.console, "usage: tenon plugin verify FILE", 2);
    if (auto made = config::make_state_dir(settings.state_dir); !made)
        return complain(call.console, made.error().message, kExitUsage);
    const Signals signals;
    verify::VerifyOptions options;
    options.file = std::filesystem::absolute(call.word(0));
    options.program = settings.prefix / "libexec/tenon/tenon-plugin-host";
    options.loader = session::loader_options(settings, {});
    options.taken_names = names_of_own_tools(settings, options.file);
    options.stop = signals.stop_token();
    Secrets secrets;
    configuration->credentials.add_to(secrets);
    return print_verdicts(call, options, secrets, signals);
}

}  // namespace tenon::cli
