#pragma once

#include <optional>

#include "host/cli/completion.h"
#include "host/cli/plugin_survey.h"
#include "host/config/configuration.h"

namespace tenon::cli {

/// Below the prefix of the installation: the tools of the plugins that come with it, one a line,
/// `name<TAB>description`. The build writes it.
inline constexpr const char* kToolList = "share/tenon/tools";

/// What exists on this machine, according to the configuration that a command line asks for. Writes
/// nothing, runs no code of plugins, makes no connection and waits for nobody; what cannot be read
/// is left out. A large store is not read as a whole: only its newest entries are offered.
class MachineSurroundings : public Surroundings {
public:
    /// Both outlive it. `given` are the options before the word that is being typed.
    MachineSurroundings(const config::Sources& sources,
                        std::span<const Arguments::GivenOption> given)
        : sources_(sources), given_(given) {}

    [[nodiscard]] std::vector<Candidate> jobs(std::string_view begin, bool unended) override;
    [[nodiscard]] std::vector<Candidate> sessions(std::string_view begin,
                                                  bool of_workspace) override;
    [[nodiscard]] std::vector<Candidate> tools() override;
    [[nodiscard]] std::vector<Candidate> plugins() override;
    [[nodiscard]] std::vector<Candidate> keys_of_plugins() override;
    [[nodiscard]] std::vector<Candidate> plugin_files(std::string_view begin) override;

private:
    const config::Configuration& configuration();
    const std::vector<SurveyedPlugin>& survey();
    /// `sessions` or `jobs` of the state directory; empty: it cannot be relied upon.
    std::filesystem::path state_folder(const char* name);
    std::string described(const std::string& text);

    const config::Sources& sources_;
    std::span<const Arguments::GivenOption> given_;
    std::optional<config::Configuration> configuration_;  // read when something needs it
    std::optional<std::vector<SurveyedPlugin>> survey_;
};

}  // namespace tenon::cli
