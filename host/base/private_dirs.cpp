#include "host/base/private_dirs.h"

#include <cerrno>
#include <sys/stat.h>

namespace tenon {

Result<void> make_private_dirs(const std::filesystem::path& dir) {
    const auto make = [&dir] {
        if (::mkdir(dir.c_str(), 0700) != 0) return errno;
        return ::chmod(dir.c_str(), 0700) == 0 ? 0 : errno;  // a umask may have taken bits away
    };
    int failed = make();
    if (failed == ENOENT && dir.has_relative_path()) {
        if (auto made = make_private_dirs(dir.parent_path()); !made) return made;
        failed = make();
    }
    if (failed == 0 || failed == EEXIST) return {};
    return Error::from_errno("make the directory " + dir.string(), failed);
}

}  // namespace tenon
