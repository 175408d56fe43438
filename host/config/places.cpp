#include "host/config/places.h"

#include <pwd.h>
#include <unistd.h>
#include <vector>

namespace tenon::config {
namespace {

std::filesystem::path folder(const Environment& environment, std::string_view name,
                             const std::filesystem::path& home, std::string_view beneath_home) {
    const std::filesystem::path set = variable(environment, name);
    if (set.is_absolute()) return absolute_path(set, "tenon");
    if (home.empty()) return {};
    return home / beneath_home / "tenon";
}

}  // namespace

Environment process_environment() {
    Environment out;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const auto equals = text.find('=');
        if (equals != std::string_view::npos)
            out.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return out;
}

std::filesystem::path home_of_account() {
    std::vector<char> buffer(16'384);
    struct passwd entry {};
    struct passwd* found = nullptr;
    if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) != 0 ||
        found == nullptr)
        return {};
    const std::filesystem::path home = found->pw_dir;
    return home.is_absolute() ? absolute_path("/", home) : std::filesystem::path();
}

std::string variable(const Environment& environment, std::string_view name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
}

std::filesystem::path absolute_path(const std::filesystem::path& base,
                                    const std::filesystem::path& path) {
    auto out = (base / path).lexically_normal();
    if (!out.has_filename() && out.has_relative_path()) out = out.parent_path();
    return out;
}

Result<std::filesystem::path> given_path(const std::filesystem::path& path,
                                         const std::filesystem::path& home,
                                         const std::filesystem::path& cwd) {
    const std::filesystem::path named = expanded(path, home);
    if (named.is_relative() && cwd.empty())
        return Error{path.string() + " is a relative path, and the current directory is gone"};
    return absolute_path(cwd, named);
}

Result<std::filesystem::path> real_directory(const std::filesystem::path& path) {
    std::error_code error;
    auto real = std::filesystem::canonical(path, error);
    if (!error && !std::filesystem::is_directory(real, error) && !error)
        error = std::make_error_code(std::errc::not_a_directory);
    if (error) return Error{error.message()};
    return real;
}

Places places_of(const Environment& environment, const std::filesystem::path& account_home,
                 const std::filesystem::path& cwd) {
    Places out;
    out.home = variable(environment, "HOME");
    if (!out.home.is_absolute()) out.home = account_home;
    out.account_home = account_home.empty() ? out.home : account_home;
    out.config = folder(environment, "XDG_CONFIG_HOME", out.home, ".config");
    out.data = folder(environment, "XDG_DATA_HOME", out.home, ".local/share");
    out.state = folder(environment, "XDG_STATE_HOME", out.home, ".local/state");
    if (const auto set = variable(environment, "TENON_STATE_DIR"); !set.empty()) {
        out.state = given_path(set, out.home, cwd).value_or({});
    }
    return out;
}

}  // namespace tenon::config
