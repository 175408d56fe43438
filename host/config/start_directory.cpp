#include "host/config/start_directory.h"

#include <unistd.h>

namespace tenon::config {

StartDirectory enter_start_directory() {
    std::error_code failed;
    auto path = std::filesystem::current_path(failed);
    if (!failed && path.is_absolute()) return {std::move(path), {}};
    const std::string reason = failed ? failed.message() : "it cannot be reached by a path";
    if (::chdir("/") != 0)
        return {{}, "the current directory is gone, and so is / (" + reason + ")"};
    return {{}, "the current directory is gone (" + reason + "); go to another one"};
}

}  // namespace tenon::config
