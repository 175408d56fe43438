#include "host/permission/builtin_list.h"

#include <algorithm>
#include <array>
#include <fnmatch.h>
#include <string_view>
#include <sys/stat.h>
#include <vector>

#include "host/permission/path_pattern.h"
#include "host/shell/command_pattern.h"

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> kForbiddenCommands = {"sudo", "shutdown", "reboot",
                                                                "halt", "poweroff"};

/// Names beneath /dev. One of the bytes of the second string, or a wildcard, must follow.
constexpr std::array<std::pair<std::string_view, std::string_view>, 20> kBlockDevices = {{
    {"sd", "abcdefghijklmnopqrstuvwxyz"},
    {"hd", "abcdefghijklmnopqrstuvwxyz"},
    {"vd", "abcdefghijklmnopqrstuvwxyz"},
    {"xvd", "abcdefghijklmnopqrstuvwxyz"},
    {"nvme", "0123456789"},
    {"mmcblk", "0123456789"},
    {"loop", "0123456789"},
    {"dm-", "0123456789"},
    {"md", "0123456789/"},
    {"sr", "0123456789"},
    {"nbd", "0123456789"},
    {"rbd", "0123456789/"},
    {"drbd", "0123456789/"},
    {"bcache", "0123456789"},
    {"zram", "0123456789"},
    {"ram", "0123456789"},
    {"pmem", "0123456789"},
    {"mapper/", ""},
    {"disk/", ""},
    {"block/", ""},
}};

/// Further directories are ignored.
constexpr std::size_t kMostBases = 64;

struct StartDirectories {
    const fs::path& cwd;
    const fs::path& home;
    std::vector<fs::path> moved;  ///< where the text may have changed to before
};

/// The rest of a word that begins with ~, $HOME or ${HOME}, after that.
std::optional<std::string_view> rest_after_home(const shell::Word& word) {
    const std::string_view text = word.decoded;
    std::size_t length = 0;
    if (word.tilde) {
        length = std::min(text.find('/'), text.size());
        if (length == 2 && (text[1] == '+' || text[1] == '-')) return std::nullopt;
    } else if (word.expands) {
        for (const std::string_view name : {"$HOME", "${HOME}", "${HOME:?}", "${HOME?}"})
            if (text.substr(0, name.size()) == name) length = name.size();
    }
    if (length == 0 || (length < text.size() && text[length] != '/')) return std::nullopt;
    return text.substr(length);
}

/// * or .* or ?*: everything in a directory.
bool is_everything(std::string_view name) {
    return name.find('*') != std::string_view::npos &&
           name.find_first_not_of("*.?") == std::string_view::npos;
}

/// Whether a relative path leaves the directory where it starts.
bool climbs(const fs::path& path) {
    int depth = 0;
    for (const fs::path& name : path) {
        if (name == "..") --depth;
        if (name != ".." && name != "." && !name.empty()) ++depth;
        if (depth < 0) return true;
    }
    return false;
}

/// If the home directory is not known, a directory that nobody names.
fs::path home_of(const StartDirectories& here) {
    return here.home.empty() ? fs::path("/home/unknown") : normalised(here.home, "/");
}

/// The path with the home directory put in; nothing if only the shell knows it.
std::optional<fs::path> written_path(const shell::Word& word, const StartDirectories& here) {
    if (const auto rest = rest_after_home(word)) return home_of(here).string() + std::string(*rest);
    if (word.expands) return std::nullopt;
    return fs::path(word.decoded);
}

/// Where each `cd` of the text may lead, from any directory before it.
std::vector<fs::path> changed_directories(const shell::Part& part, const StartDirectories& here) {
    std::vector<fs::path> out;
    if (!part.directories) return out;
    for (const shell::Word& word : *part.directories) {
        const auto path = written_path(word, here);
        if (!path) continue;
        std::vector<fs::path> from = {here.cwd};
        if (!path->is_absolute()) from.insert(from.end(), out.begin(), out.end());
        for (const fs::path& base : from) {
            fs::path next = normalised(*path, base);
            if (out.size() < kMostBases && std::find(out.begin(), out.end(), next) == out.end())
                out.push_back(std::move(next));
        }
    }
    return out;
}

/// Whether removing what `word` names would remove /, the home directory or a directory directly
/// beneath /.
bool is_precious(const shell::Word& word, const StartDirectories& here) {
    const auto written = written_path(word, here);
    if (!written) return false;
    const auto hits = [&](const fs::path& base) {
        fs::path path = normalised(*written, base);
        while (word.pattern && path.has_relative_path() && is_everything(path.filename().string()))
            path = path.parent_path();
        return path == "/" || path.parent_path() == "/" || path == home_of(here);
    };
    if (std::any_of(here.moved.begin(), here.moved.end(), hits)) return true;
    // A path that stays beneath the starting directory is harmless, unless that directory is
    // precious itself.
    const bool start = here.cwd == "/" || here.cwd == home_of(here);
    return (written->is_absolute() || climbs(*written) || start) && hits(here.cwd);
}

bool is_recursive(std::string_view option) {
    if (option.substr(0, 2) == "--")
        return option.size() > 2 &&
               std::string_view("--recursive").substr(0, option.size()) == option;
    return option.find_first_of("rR") != std::string_view::npos;
}

std::optional<std::string> precious_removal(const shell::Part& part, const StartDirectories& here) {
    bool recursive = false, options = true;
    const shell::Word* precious = nullptr;
    for (std::size_t i = 1; i < part.words.size(); ++i) {
        const shell::Word& word = part.words[i];
        if (options && word.decoded == "--") {
            options = false;
        } else if (options && word.decoded.size() > 1 && word.decoded[0] == '-') {
            recursive = recursive || is_recursive(word.decoded);
        } else if (precious == nullptr && is_precious(word, here)) {
            precious = &word;
        }
    }
    if (!recursive || precious == nullptr) return std::nullopt;
    return "recursive rm of " + precious->written;
}

bool is_block_device_name(std::string_view path) {
    if (path.substr(0, 5) != "/dev/") return false;
    path.remove_prefix(5);
    return std::any_of(kBlockDevices.begin(), kBlockDevices.end(), [&](const auto& device) {
        const auto& [name, next] = device;
        if (path.substr(0, name.size()) != name || path.size() == name.size()) return false;
        const char c = path[name.size()];
        return next.empty() || next.find(c) != std::string_view::npos ||
               std::string_view("*?[{").find(c) != std::string_view::npos;
    });
}

bool is_block_device(std::string_view text, const StartDirectories& here) {
    if (text.empty()) return false;
    std::vector<fs::path> from = {here.cwd};
    from.insert(from.end(), here.moved.begin(), here.moved.end());
    return std::any_of(from.begin(), from.end(), [text](const fs::path& base) {
        const fs::path path = normalised(fs::path(text), base);
        if (is_block_device_name(path.string())) return true;
        struct stat info {};
        return ::stat(path.c_str(), &info) == 0 && S_ISBLK(info.st_mode);
    });
}

/// The names in this list that the command may have; a pattern may match several.
std::vector<std::string> names_of(const shell::Part& part) {
    static constexpr std::array<std::string_view, 15> kNames = {
        "sudo", "shutdown", "reboot",    "halt",      "poweroff",  "rm",       "dd",       "tee",
        "cp",   "mkfs",     "mkfs.ext4", "mkfs.ext2", "mkfs.ext3", "mkfs.xfs", "mkfs.vfat"};
    if (part.words.empty()) return {};
    // Only programs of the system count: ./reboot is a script of its own.
    std::vector<std::string> names = shell::command_lines({part.words[0]});
    if (!part.words[0].pattern) return names;
    std::vector<std::string> out;
    for (const std::string& name : names)
        for (const std::string_view known : kNames)
            if (::fnmatch(name.c_str(), std::string(known).c_str(), FNM_EXTMATCH) == 0)
                out.emplace_back(known);
    return out;
}

/// The files that the command writes, as far as its words name them.
std::vector<std::string_view> written_files(const shell::Part& part, std::string_view name) {
    std::vector<std::string_view> operands;
    for (std::size_t i = 1; i < part.words.size(); ++i)
        operands.push_back(part.words[i].decoded);
    if (name == "tee" || name == "mkfs" || name.substr(0, 5) == "mkfs.") return operands;
    if (name == "cp") {
        // The last operand. With -t the target is a directory, which is not a block device.
        if (operands.size() > 1) return {operands.back()};
        return {};
    }
    if (name != "dd") return {};
    std::vector<std::string_view> files;
    for (const std::string_view operand : operands)
        if (operand.substr(0, 3) == "of=") files.push_back(operand.substr(3));
    return files;
}

std::optional<std::string> device_write(const shell::Part& part, const StartDirectories& here) {
    for (const shell::Redirection& redirection : part.redirections)
        if (redirection.writes_file() && is_block_device(redirection.target.decoded, here))
            return "writing to the block device " + redirection.target.decoded;
    for (const std::string& name : names_of(part))
        for (const std::string_view file : written_files(part, name))
            if (is_block_device(file, here))
                return "writing to the block device " + std::string(file);
    return std::nullopt;
}

}  // namespace

std::optional<std::string> builtin_denial(const shell::Part& part, const fs::path& cwd,
                                          const fs::path& home) {
    StartDirectories here{cwd, home, {}};
    here.moved = changed_directories(part, here);
    for (const std::string& name : names_of(part)) {
        if (std::find(kForbiddenCommands.begin(), kForbiddenCommands.end(), name) !=
            kForbiddenCommands.end())
            return name;
        if (name == "rm")
            if (auto hit = precious_removal(part, here)) return hit;
    }
    return device_write(part, here);
}

}  // namespace tenon::permission
