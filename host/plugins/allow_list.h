#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "host/base/result.h"
#include "host/plugin/refusal.h"

namespace tenon::plugins {

/// The hashes of the third-party files that may be loaded with `plugins.require=known`. The file
/// has lines as `sha256sum` prints them, blank lines, and comments that begin with `#`.
class AllowList {
public:
    /// Refused when somebody other than root and the owner of the executable could have written the
    /// file, or when a line has another form. A file that does not exist is an empty list.
    static Result<AllowList, plugin::Refusal> read(const std::filesystem::path& file);

    /// Refused unless the hash is in the list; the message names the hash and the line to add.
    [[nodiscard]] Result<void, plugin::Refusal> check(const std::string& sha256,
                                                      const std::filesystem::path& library) const;

private:
    std::filesystem::path file_;
    bool exists_ = false;
    std::set<std::string, std::less<>> hashes_;
};

}  // namespace tenon::plugins
