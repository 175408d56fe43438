#include "host/verify/verify.h"

#include <algorithm>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/untrusted.h"
#include "host/plugins/config.h"
#include "host/plugins/grants.h"
#include "host/plugins/plugin_tool.h"
#include "host/plugins/schema.h"
#include "host/verify/file.h"
#include "host/verify/schema_example.h"
#include "host/verify/step.h"
#include "host/verify/tool_checks.h"
#include "host/verify/verdicts.h"

namespace tenon::verify {
namespace {

namespace fs = std::filesystem;
using Outcome = Verdict::Outcome;
using plugins::LoaderOptions;
using plugins::Schema;

/// A directory that is removed at the end with what is in it.
class ScratchFolder {
public:
    static Result<std::unique_ptr<ScratchFolder>> make(const fs::path& parent) {
        std::string pattern = (parent / "verify-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) return Error::from_errno("make " + pattern);
        auto made = std::unique_ptr<ScratchFolder>(new ScratchFolder(pattern));
        for (const char* name : {"state", "workspace"})
            if (::mkdir((made->path_ / name).c_str(), 0700) != 0)
                return Error::from_errno("make " + (made->path_ / name).string());
        return made;
    }
    ~ScratchFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    [[nodiscard]] const fs::path& path() const { return path_; }

private:
    explicit ScratchFolder(fs::path path) : path_(std::move(path)) {}
    const fs::path path_;
};

/// A tool as verify calls it.
struct VerifiedTool {
    std::string name;
    std::uint32_t flags = 0;
    Json schema;
    std::optional<Schema> compiled;  // none: it is refused, so the tool is not called
    std::optional<Json> fitting;     // arguments that fit
};

/// The options of the command line that grant a plugin all that it needs.
std::string options_to_grant(const plugin::Note& note) {
    std::string out;
    for (std::size_t i = 0; i < note.needs.size(); ++i)
        out += std::string(i > 0 ? " " : "") + "-D plugins." + note.id + ".grants." +
               std::to_string(i + 1) + "=" + note.needs[i];
    return out;
}

/// Runs the checks of one file in order. Each is skipped where an earlier one shows that it would
/// say nothing.
class Verification {
public:
    Verification(const VerifyOptions& options, const VerdictSink& tell)
        : options_(options), verdicts_(tell) {}

    Result<Verified> run() {
        auto file =
            verify_file(options_.file, [this](const Verdict& verdict) { verdicts_.say(verdict); });
        if (!file) {
            skip("the file must not be run");
            return result();
        }
        verified_.id = file->note.id;
        auto scratch = ScratchFolder::make(options_.loader.state_dir);
        if (!scratch) return scratch.error();
        folder_ = (*scratch)->path();
        found_in_ = file->file.path.parent_path();
        // From a private copy, as the host loads it.
        library_ = folder_ / (file->note.id + ".so");
        std::error_code error;
        fs::copy_file("/proc/self/fd/" + std::to_string(file->file.fd.get()), library_, error);
        if (error) return Error::from_errno("copy to " + library_.string(), error.value());
        if (make_confinement(file->note)) run_steps();
        if (!wrong_.empty()) return Error{wrong_};
        return result();
    }

private:
    [[nodiscard]] Verified result() const {
        Verified out = verified_;
        out.failed = verdicts_.any_failed();
        return out;
    }
    void skip(const std::string& why) {
        verdicts_.remark("run", "what runs its code was not checked: " + why, "correct that first");
    }
    [[nodiscard]] bool over() const { return verified_.stopped || !wrong_.empty(); }

    /// What the plugin may do while it is verified: what it may do in use, with an empty workspace.
    /// False: it would not be loaded.
    bool make_confinement(const plugin::Note& note) {
        LoaderOptions loader = options_.loader;
        loader.files = {options_.file};
        loader.folders.clear();
        const plugins::Scan scanned = plugins::scan(loader);
        for (const plugins::Problem& problem : scanned.problems) {
            if (problem.file != options_.file) continue;
            verdicts_.fail("allowed", visible(problem.reason), visible(problem.remedy));
            skip("it would not be loaded");
            return false;
        }
        const bool first_party = !scanned.found.empty() && scanned.found.front().first_party;
        const auto configured = loader.by_id.find(note.id);
        if (configured != loader.by_id.end() ? !configured->second.isolated.value_or(!first_party)
                                             : first_party) {
            verdicts_.ok("confinement", "none, since it runs in the host");
            return true;
        }
        loader.workspace = (folder_ / "workspace").string();
        loader.workspace_readable = true;
        auto allowed =
            plugins::confinement_for(note, {library_, found_in_, folder_ / "state"}, loader);
        if (!allowed) {
            const bool has_grants =
                configured != loader.by_id.end() && !configured->second.grants.empty();
            if (has_grants || note.needs.empty()) {
                verdicts_.fail("confinement", visible(allowed.error().reason),
                               visible(allowed.error().remedy));
            } else {
                verdicts_.fail("confinement", "nothing of what it needs is granted here",
                               "grant it for this check: " + visible(options_to_grant(note)));
            }
            skip("it would not be loaded");
            return false;
        }
        confinement_ = {{"library", allowed->library},     {"plugin_dir", allowed->plugin_dir},
                        {"state_dir", allowed->state_dir}, {"workspace", allowed->workspace},
                        {"network", allowed->network},     {"exec", allowed->exec},
                        {"read", allowed->read},           {"write", allowed->write},
                        {"hidden", allowed->hidden},       {"unconfined", allowed->unconfined}};
        verdicts_.ok("confinement", note.needs.empty() ? "it needs no more than every plugin has"
                                                       : "what it needs is granted");
        return true;
    }

    void run_steps() {
        if (!verify_load()) return over() ? void() : skip("it cannot be loaded");
        if (!make_config()) return;
        if (!verify_create()) return over() ? void() : skip("it cannot be created");
        verify_broken_config();
        verify_tools();
        make_arguments();
        verify_hooks();
        for (VerifiedTool& tool : tools_)
            if (!verify_calls(tool))
                tool.fitting.reset();  // what follows would fail in the same way
        for (const VerifiedTool& tool : tools_)
            verify_cancel(tool);
        const Json fitting = fitting_calls([](const VerifiedTool&) { return true; });
        verify_step("instances", "two", job(fitting), "two at once do not disturb each other");
        verify_step("leaks", "repeat", job(Json::array()),
                    "created and destroyed 100 times without growing");
        verify_step("newer host", "newer", job(fitting), "longer structs do not disturb it");
        verify_older(fitting);
        verify_threads();
        verify_requests();
        verify_output();
    }

    // ------------------------------------------------------------ steps

    [[nodiscard]] Json job(Json calls) const {
        return {{"id", verified_.id},
                {"plugin_dir", found_in_.string()},
                {"workspace", (folder_ / "workspace").string()},
                {"state_dir", (folder_ / "state").string()},
                {"config", config_},
                {"confinement", confinement_},
                {"calls", std::move(calls)}};
    }

    struct StepVerdict {
        VerifyStepEnd end;
        bool fine = false;  ///< nothing was wrong
    };

    /// Runs a step and says its verdict; the text is that of a success. None: nothing is known.
    std::optional<StepVerdict> verify_step(const std::string& check, const char* name, Json job,
                                           const std::string& success) {
        if (over()) return std::nullopt;
        auto end = run_verify_step(
            {options_.program, name, library_, folder_ / "workspace", std::move(job)},
            options_.stop);
        if (!end) wrong_ = end.error().message;
        if (!end) return std::nullopt;
        verified_.stopped = end->stopped;
        if (end->stopped) return std::nullopt;
        const bool fine = verdicts_.judge(check, *end);
        if (fine) verdicts_.ok(check, success);
        return StepVerdict{std::move(*end), fine};
    }

    // ------------------------------------------------------------ checks

    bool verify_load() {
        const auto verdict =
            verify_step("load", "load", job(Json::array()), "tenon_plugin_v1 agrees with the note");
        if (!verdict || !verdict->end.complete) return false;
        for (const Json& message : verdict->end.messages) {
            const Json& plugin = member(message, "plugin");
            if (!plugin.is_object()) continue;
            verified_.version = string_or(plugin, "version");
            schema_text_ = string_or(plugin, "config_schema");
            return true;
        }
        return false;
    }

    /// The configuration to create the plugin with: as configured, or else made up.
    bool make_config() {
        const auto schema_json =
            plugins::parse_schema(schema_text_.empty() ? R"({"type":"object"})" : schema_text_);
        auto schema = schema_json ? Schema::compile(*schema_json) : schema_json.error();
        if (!schema) {
            verdicts_.fail(
                "configuration", "its config_schema: " + visible(schema.error().message),
                "correct the schema: JSON Schema draft 7 of type object, see the SDK's README");
            return false;
        }
        config_schema_ = *schema_json;
        for (const std::string& name : required_but_unknown(config_schema_))
            verdicts_.fail(
                "configuration",
                "its config_schema requires " + name + ", which its properties do not have",
                "correct the name in \"required\", or describe the property");
        const auto options = options_.loader.by_id.find(verified_.id);
        const bool configured =
            options != options_.loader.by_id.end() && !options->second.own.empty();
        const Json own = plugins::config_json(
            configured ? options->second.own : decltype(options->second.own)(), config_schema_);
        const auto fits = schema->check(own, "the keys");
        if (fits) {
            config_ = dump_json(own);
            verdicts_.ok("configuration",
                         configured ? "plugins." + verified_.id + ".* fits its config_schema"
                                    : "none is needed");
            return true;
        }
        const auto made_up = fitting_example(config_schema_, *schema, Members::kRequired);
        const std::string keys = "plugins." + verified_.id + ".*";
        if (configured || !made_up) {
            verdicts_.remark(
                "configuration", keys + " does not fit: " + visible(fits.error().message),
                "configure it for this check, by -D plugins." + verified_.id + ".KEY=VALUE");
            if (!made_up) config_ = "{}";
            if (!made_up) return true;
        } else {
            verdicts_.remark(
                "configuration",
                "it needs keys without defaults: " + visible(fits.error().message) +
                    "; it is verified with " + visible(dump_json(*made_up)),
                "give every key a default if you can, so that the plugin works at once");
        }
        config_ = dump_json(*made_up);
        return true;
    }

    bool verify_create() {
        const auto verdict = verify_step("create", "create", job(Json::array()),
                                         "created, listed its tools, and was destroyed");
        if (!verdict || !verdict->end.complete) return false;
        bool listed = false;
        for (const Json& message : verdict->end.messages) {
            if (const Json& tools = member(message, "tools"); tools.is_array()) {
                declared_ = tools;
                listed = true;
            }
            for (const std::string& hook : strings_in(member(message, "hooks")))
                hooks_ += (hooks_.empty() ? "" : ", ") + hook;
        }
        return listed;
    }

    void verify_broken_config() {
        constexpr std::size_t kHuge = 1U << 20U;
        Json huge = Json::object();
        huge["tenon_verify"] = std::string(kHuge, 'x');
        Json step = job(Json::array());
        step["broken"] = {dump_json(wrong_example(config_schema_)),
                          dump_json(huge),
                          "{}",
                          "[]",
                          "null",
                          "\"text\"",
                          "17"};
        verify_step("broken configuration", "broken", std::move(step),
                    "it stands wrong, unknown and huge values");
    }

    void verify_tools() {
        if (over()) return;
        std::size_t bytes = 0;
        const std::size_t before = tools_.size();
        bool fine = true;
        for (const Json& stated : declared_) {
            const plugin::ToolDeclaration declaration{
                string_or(stated, "name"), string_or(stated, "description"),
                string_or(stated, "input_schema"),
                static_cast<std::uint32_t>(integer_or(stated, "flags", 0)),
                string_or(stated, "facts")};
            fine = verify_tool(declaration) && fine;
            bytes += declaration.name.size() + declaration.description.size() +
                     declaration.input_schema.size();
        }
        if (declared_.empty()) {
            verdicts_.remark("tools", "it lists no tool with this configuration",
                             "that is fine for a plugin that has only hooks");
        } else if (fine) {
            verdicts_.ok("tools", std::to_string(tools_.size() - before) +
                                      " with names, schemas and facts in "
                                      "order; they add about " +
                                      std::to_string(bytes) + " bytes to each request");
        }
    }

    bool verify_tool(const plugin::ToolDeclaration& declaration) {
        const bool twice = std::any_of(tools_.begin(), tools_.end(), [&](const VerifiedTool& tool) {
            return tool.name == declaration.name;
        });
        if (twice) {
            verdicts_.fail("tools", "it lists the tool " + visible(declaration.name) + " twice",
                           "give every tool a name of its own");
            return false;
        }
        VerifiedTool tool{declaration.name, declaration.flags, {}, std::nullopt, std::nullopt};
        bool fine = false;
        auto made = plugins::check_tool(declaration, verified_.id, false);
        if (!made) {
            verdicts_.fail("tools", visible(made.error().reason),
                           "see tenon_tool and FACTS OF A TOOL in tenon/plugin.h");
        } else {
            tool.schema = made->spec.input_schema;
            tool.compiled.emplace(std::move(made->schema));
            fine = check_statements(declaration, made->spec, options_.taken_names, verdicts_);
        }
        tools_.push_back(std::move(tool));
        return fine;
    }

    void make_arguments() {
        for (VerifiedTool& tool : tools_) {
            if (!tool.compiled) continue;
            tool.fitting = fitting_example(tool.schema, *tool.compiled, Members::kAll);
            if (!tool.fitting)
                tool.fitting = fitting_example(tool.schema, *tool.compiled, Members::kRequired);
            if (!tool.fitting && !over())
                verdicts_.remark("arguments",
                                 "no arguments for " + tool.name +
                                     " could be made up from its schema; it is called with wrong "
                                     "ones only",
                                 "call it by hand: tenon plugin call FILE " + tool.name + " JSON");
        }
    }

    static Json call_json(const std::string& tool, const Json& arguments, const char* label,
                          bool fits) {
        return {
            {"tool", tool}, {"arguments", dump_json(arguments)}, {"label", label}, {"fits", fits}};
    }

    template <class Wanted>
    [[nodiscard]] Json fitting_calls(Wanted wanted) const {
        Json calls = Json::array();
        for (const VerifiedTool& tool : tools_)
            if (tool.fitting && wanted(tool))
                calls.push_back(call_json(tool.name, *tool.fitting, "valid arguments", false));
        return calls;
    }

    /// The arguments of a call as the host would pass them. Only of empty arguments that fit the
    /// schema can be said that the tool has to accept them: made-up names may be unknown to it.
    static Json call_of(const VerifiedTool& tool, const Json& arguments, const char* label) {
        const bool fits = arguments.empty() && tool.compiled->check(arguments).ok();
        const auto rewritten = tool.compiled->with_integers(arguments);
        return call_json(tool.name, rewritten ? *rewritten : arguments, label, fits);
    }

    /// False: the tool has failed.
    bool verify_calls(const VerifiedTool& tool) {
        if (!tool.compiled) return true;
        Json calls = Json::array();
        if (tool.fitting) {
            calls.push_back(call_of(tool, *tool.fitting, "valid arguments"));
            const auto fewest = fitting_example(tool.schema, *tool.compiled, Members::kRequired);
            if (fewest && !fewest->empty() && *fewest != *tool.fitting)
                calls.push_back(call_of(tool, *fewest, "only the required arguments"));
        }
        calls.push_back(call_of(tool, Json::object(), "empty arguments"));
        calls.push_back(call_of(tool, wrong_example(tool.schema), "wrong arguments"));
        calls.push_back(call_of(tool,
                                huge_example(tool.fitting.value_or(Json::object()), tool.schema),
                                "huge arguments"));
        const auto verdict =
            verify_step("call " + tool.name, "call", job(std::move(calls)),
                        tool.fitting ? "it stands valid, empty, wrong and huge arguments"
                                     : "it stands empty, wrong and huge arguments");
        return verdict && verdict->fine;
    }

    void verify_cancel(const VerifiedTool& tool) {
        if (!tool.fitting) return;
        Json calls = Json::array();
        calls.push_back(call_of(tool, *tool.fitting, "valid arguments"));
        verify_step("cancel " + tool.name, "cancel", job(std::move(calls)),
                    "it returns soon when it is cancelled before, during and after a call");
    }

    void verify_hooks() {
        verify_step("hooks", "hooks", job(Json::array()),
                    hooks_.empty() ? "it has none" : "called: " + hooks_);
    }

    /// A struct that ends before the members of 1.1 comes from no host that may load the plugin, so
    /// this is a remark only.
    void verify_older(const Json& calls) {
        if (over()) return;
        auto end = run_verify_step(
            {options_.program, "shorter", library_, folder_ / "workspace", job(calls)},
            options_.stop);
        if (!end) wrong_ = end.error().message;
        if (!end) return;
        verified_.stopped = end->stopped;
        if (end->stopped) return;
        const std::string fault = Verdicts::fault_of(*end);
        const bool failed = std::any_of(end->messages.begin(), end->messages.end(),
                                        [](const Json& one) { return one.contains("failed"); });
        if (verdicts_.has_said(fault)) return;
        if (fault.empty() && !failed) {
            verdicts_.ok("older host", "shorter structs do not disturb it");
            return;
        }
        verdicts_.remark("older host",
                         "with structs that end before their last member: " +
                             (fault.empty() ? "a call fails" : fault),
                         "read a member of a struct only if its size reaches it (TENON_HAS)");
    }

    void verify_threads() {
        const auto is_concurrent = [](const VerifiedTool& tool) {
            return (tool.flags & TENON_CONCURRENT) != 0;
        };
        Json calls = fitting_calls(is_concurrent);
        if (over()) return;
        if (calls.empty()) {
            if (std::any_of(tools_.begin(), tools_.end(), is_concurrent))
                return verdicts_.remark("threads", "its concurrent tools were not called at once",
                                        "correct what was found in their calls first");
            verdicts_.ok("threads", "no tool has the flag TENON_CONCURRENT");
            return;
        }
        verify_step("threads", "threads", job(std::move(calls)),
                    "8 threads called its concurrent tools at the same time");
    }

    void verify_requests() {
        if (over()) return;
        std::string methods;
        for (const std::string& method : verdicts_.requests())
            methods += (methods.empty() ? "" : ", ") + visible(method);
        verdicts_.ok("requests", methods.empty()
                                     ? "it asked the host for nothing"
                                     : "it stands the answer 'unsupported' to " + methods);
    }

    void verify_output() {
        if (over()) return;
        if (verdicts_.printed().empty()) {
            verdicts_.ok("output", "it prints nothing");
            return;
        }
        verdicts_.remark("output", "it prints on " + verdicts_.printed(),
                         "use tenon_host.log; what is printed reaches nobody but the log");
    }

    const VerifyOptions& options_;
    Verdicts verdicts_;
    Verified verified_;
    std::string wrong_;  // what this host lacks
    fs::path folder_, library_, found_in_;
    Json confinement_;  // null: the plugin is not confined
    std::string schema_text_, config_ = "{}";
    Json config_schema_;
    Json declared_ = Json::array();
    std::vector<VerifiedTool> tools_;
    std::string hooks_;
};

}  // namespace

Result<Verified> verify(const VerifyOptions& options, const VerdictSink& tell) {
    return Verification(options, tell).run();
}

}  // namespace tenon::verify
