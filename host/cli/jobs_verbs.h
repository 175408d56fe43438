#pragma once

#include <string>
#include <vector>

#include "host/base/secrets.h"
#include "host/cli/console.h"
#include "host/cli/jobs_words.h"
#include "host/cli/option_table.h"
#include "host/config/configuration.h"
#include "host/jobs/store.h"

/// The verbs of `tenon jobs`. The command line is checked already. Each returns the exit code.
namespace tenon::cli {

/// What a verb works with. Everything outlives it.
struct JobsCall {
    const jobs::Store& store;
    const Secrets& secrets;
    const Console& console;
    const config::Environment& environment;
    const Arguments& arguments;
    const std::vector<jobs::JobId>& ids;

    [[nodiscard]] bool json() const { return arguments.has("json"); }
    [[nodiscard]] Screen screen() const { return screen_of(console.output, environment); }
    /// Prints one line on standard error, without known secrets.
    void complain(const std::string& message) const;
    void complain_each(const std::vector<std::string>& messages) const;
    void print(const Json& document) const;
    /// The job without known secrets.
    [[nodiscard]] Result<jobs::JobRecord> load(const jobs::JobId& id) const;
};

int list_jobs(const JobsCall& call);
int watch_jobs(const JobsCall& call);
int show_job(const JobsCall& call);
int show_output(const JobsCall& call);
int cancel_jobs(const JobsCall& call);
int wait_for_jobs(const JobsCall& call);
/// Runs the words after `--`.
int run_job(const JobsCall& call, const config::Settings& settings, const config::Sources& sources);

}  // namespace tenon::cli
