#pragma once

#include <string>
#include <vector>

#include <Poco/Util/Application.h>

#include "host/config/start_directory.h"

namespace tenon::app {

/// The program: takes the command line apart and hands it to a command. Poco's own option handling
/// is not used, since it takes abbreviations.
class Application : public Poco::Util::Application {
public:
    /// Runs the whole program. Never throws.
    static int run_program(int argc, char** argv);

protected:
    int main(const std::vector<std::string>& args) override;

private:
    /// What the command line asks for. May throw what nobody nearby could handle.
    int act();

    std::vector<std::string> args_;
    config::StartDirectory start_;
};

}  // namespace tenon::app
