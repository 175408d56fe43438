#pragma once

#include <filesystem>
#include <string>

#include "host/config/configuration.h"
#include "host/permission/rules.h"
#include "tests/support/temp_dir.h"

namespace tenon::testing {

/// What is configured on a machine whose own file, with this name, has this text.
inline config::Configuration with_machine_file(const TempDir& dir, const std::string& name,
                                               const std::string& text) {
    std::filesystem::create_directories(dir / "w");
    dir.write("etc/" + name, text);
    config::Sources sources;
    sources.environment = {{"HOME", dir.path()}};
    sources.prefix = dir / "prefix";
    sources.system = dir / "etc";
    sources.cwd = dir / "w";
    sources.check_rule = permission::check_rule;
    return config::examine(sources, {});
}

}  // namespace tenon::testing
