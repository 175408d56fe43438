#pragma once

#include <string>
#include <vector>

#include <Poco/Util/Application.h>

#include "host/config/start_directory.h"

namespace tenon::app {

/// The program: parses the command line and calls a command or a run. Poco's own option handling is
/// not used, since it accepts abbreviations.
class Application : public Poco::Util::Application {
public:
    /// Runs the whole program. Never throws.
    static int run_program(int argc, char** argv);

protected:
    int main(const std::vector<std::string>& args) override;

private:
    static int run_guarded(int argc, char** argv);
    /// Does what the command line asks for and returns the exit code. May throw.
    int run_command_line();

    std::vector<std::string> args_;
    config::StartDirectory start_;
};

}  // namespace tenon::app
