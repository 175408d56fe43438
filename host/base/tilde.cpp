#include "host/base/tilde.h"

#include <string>

namespace tenon {

std::filesystem::path expanded(const std::filesystem::path& path,
                               const std::filesystem::path& home) {
    const std::string& text = path.native();
    if (home.empty() || (text != "~" && !text.starts_with("~/"))) return path;
    const auto rest = text.find_first_not_of('/', 1);
    return rest == std::string::npos ? home : home / text.substr(rest);
}

}  // namespace tenon
