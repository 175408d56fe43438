#include "host/cli/logind_conf.h"

#include <sstream>

#include "host/base/atomic_file.h"
#include "host/base/quantity.h"
#include "host/base/utf8.h"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostOfALoginFile = std::size_t{1} << 20U;
constexpr const char* kKillKey = "KillUserProcesses";

/// A later assignment takes the place of an earlier one. `defaults` are what comments say.
void read_login_file(const fs::path& file, LoginSettings& settings, LoginSettings& defaults) {
    const auto text = read_whole_file(file, kMostOfALoginFile);
    if (!text) return;
    std::istringstream lines(*text);
    bool in_login = false;
    for (std::string raw; std::getline(lines, raw);) {
        std::string line(utf8::trimmed(raw));
        if (line.starts_with('[')) in_login = line == "[Login]";
        const bool comment = line.starts_with('#') || line.starts_with(';');
        if (comment) line.erase(0, 1);
        const auto equals = line.find('=');
        if (!in_login || equals == std::string::npos) continue;
        const std::string key(utf8::trimmed(line.substr(0, equals)));
        (comment ? defaults : settings)[key] = {std::string(utf8::trimmed(line.substr(equals + 1))),
                                                file};
    }
}

/// The drop-ins by name; one that is empty or a link to /dev/null hides those of the same name.
std::map<std::string, fs::path> drop_ins(const std::vector<fs::path>& folders) {
    std::map<std::string, fs::path> out;
    for (const fs::path& folder : folders) {
        std::error_code failed;
        for (fs::directory_iterator at(folder / "logind.conf.d", failed), end; !failed && at != end;
             at.increment(failed)) {
            if (at->path().extension() == ".conf")
                out.emplace(at->path().filename().string(), at->path());
        }
    }
    return out;
}

bool names_user(const std::string& list, const std::string& user) {
    std::istringstream words(list);
    for (std::string word; words >> word;)
        if (word == user) return true;
    return false;
}

std::string login_value(const LoginSettings& settings, const std::string& key,
                        const std::string& otherwise) {
    const auto found = settings.find(key);
    return found == settings.end() ? otherwise : found->second.value;
}

}  // namespace

LoginSettings read_logind_conf(const std::vector<fs::path>& folders) {
    LoginSettings settings, defaults, ignored;
    for (const fs::path& folder : folders) {
        std::error_code failed;
        if (!fs::exists(folder / "logind.conf", failed)) continue;
        read_login_file(folder / "logind.conf", settings, defaults);
        break;
    }
    for (const auto& [name, file] : drop_ins(folders))
        read_login_file(file, settings, ignored);
    if (const auto built_in = defaults.find(kKillKey); built_in != defaults.end())
        settings.emplace(*built_in);
    return settings;
}

std::optional<bool> kills_processes_of(const LoginSettings& settings, const std::string& user) {
    const auto kills = parse_boolean(login_value(settings, kKillKey, ""));
    if (!kills || !*kills) return kills;
    if (names_user(login_value(settings, "KillExcludeUsers", "root"), user)) return false;
    const std::string only = login_value(settings, "KillOnlyUsers", "");
    return only.empty() || names_user(only, user);
}

}  // namespace tenon::cli
