#include "host/cli/run_request.h"

#include <iostream>
#include <unistd.h>

#include "host/cli/standard_input.h"

namespace tenon::cli {

session::RunRequest run_request_of(const Options& options) {
    session::RunRequest request;
    request.session = options.session;
    request.continue_last = options.continue_last;
    request.workspace_named = options.workspace.has_value();
    request.leave_jobs = options.no_wait;
    if (::isatty(STDIN_FILENO) == 1)
        request.ask = [](const std::string& question) {
            return ask_yes_no(question, std::cerr, STDIN_FILENO);
        };
    return request;
}

}  // namespace tenon::cli
