#include "host/config/config_file.h"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <sys/stat.h>

#include "host/base/atomic_file.h"
#include "host/base/utf8.h"
#include "host/config/config_formats.h"
#include "host/config/settings_keys.h"
#include "host/config/workspace_file.h"

namespace tenon::config {
namespace {

/// Whether something of that name exists. Where that cannot be found out, and for a link that leads
/// nowhere, the answer is yes: opening it then fails with the reason.
bool exists_or_unknown(const std::filesystem::path& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

bool is_xml(const std::filesystem::path& path, std::string_view bytes) {
    if (path.extension() == ".xml") return true;
    if (path.extension() == ".properties") return false;
    const auto first = bytes.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && bytes[first] == '<';
}

std::string at_line(const std::filesystem::path& path, std::string_view before) {
    return path.string() + ":" + std::to_string(1 + std::count(before.begin(), before.end(), '\n'));
}

Error too_large(const std::filesystem::path& path) {
    return {path.string() + ": larger than " + std::to_string(kMaxConfigBytes) + " bytes"};
}

using FileReader = std::function<Result<std::string>(const std::filesystem::path&)>;

/// Whether the file can be parsed and sets and locks nothing: it has only comments and empty
/// sections.
bool sets_nothing(const std::filesystem::path& path, std::string_view bytes) {
    const auto parsed = parse_config(path, bytes);
    return parsed && parsed->locks.empty() && parsed->problems.empty() &&
           std::all_of(parsed->entries.begin(), parsed->entries.end(),
                       [](const ConfigEntry& e) { return e.value.empty() && is_section(e.key); });
}

/// In properties the key `final` lists what the file locks.
void take_locks(ConfigFile& file) {
    const auto is_lock = [](const ConfigEntry& entry) {
        return numbered_key(entry.key).key == kFinal;
    };
    for (ConfigEntry& entry : file.entries)
        if (is_lock(entry)) file.locks.push_back({std::move(entry.value), std::move(entry.origin)});
    std::erase_if(file.entries, is_lock);
}

Result<std::optional<FoundFile>> find_in(const std::filesystem::path& folder,
                                         const FileReader& read) {
    const auto xml = folder / "tenon.xml";
    const auto properties = folder / "tenon.properties";
    const bool has_xml = exists_or_unknown(xml);
    const bool has_properties = exists_or_unknown(properties);
    if (!has_xml && !has_properties) return std::optional<FoundFile>();
    FoundFile found{has_xml ? xml : properties, {}, has_xml && has_properties};
    auto bytes = read(found.path);
    if (!bytes) return bytes.error();
    found.bytes = *std::move(bytes);
    if (found.hides_properties && sets_nothing(xml, found.bytes)) {
        bytes = read(properties);
        if (!bytes) return bytes.error();
        found = {properties, *std::move(bytes), false};
    }
    return std::optional(std::move(found));
}

Result<void> check_text(const std::filesystem::path& path, std::string_view bytes) {
    if (bytes.size() > kMaxConfigBytes) return too_large(path);
    if (const auto nul = bytes.find('\0'); nul != std::string_view::npos) {
        return Error{at_line(path, bytes.substr(0, nul)) +
                     ": a NUL byte; configuration is UTF-8 text"};
    }
    if (utf8::is_valid(bytes)) return {};
    std::string_view good = bytes;
    while (!good.empty()) {  // line by line to the first bad one
        const auto end = std::min(good.find('\n'), good.size());
        if (!utf8::is_valid(good.substr(0, end))) break;
        good.remove_prefix(std::min(end + 1, good.size()));
    }
    return Error{at_line(path, bytes.substr(0, bytes.size() - good.size())) + ": not UTF-8 text"};
}

/// A copy of an editor or a package manager, or a text for people.
bool is_left_beside(std::string_view name) {
    constexpr std::string_view kPackageManagers[] = {".dpkg-", ".ucf-", ".rpm"};
    return name.starts_with('#') || name.ends_with('~') || name.ends_with(".bak") ||
           name.ends_with(".orig") || name.ends_with(".swp") || name.starts_with("README") ||
           std::any_of(std::begin(kPackageManagers), std::end(kPackageManagers),
                       [&](std::string_view mark) { return name.find(mark) != name.npos; });
}

}  // namespace

Result<std::optional<FoundFile>> find_config_file(const std::filesystem::path& folder) {
    return find_in(folder, read_config_bytes);
}

Result<std::optional<FoundFile>> find_workspace_config_file(
    const std::filesystem::path& workspace) {
    const auto root = project_root(workspace, nullptr);
    return find_in(workspace / ".tenon", [&](const std::filesystem::path& path) {
        const auto bytes = read_project_file(root, path, kMaxConfigBytes);
        if (!bytes) return Result<std::string>(bytes.error());
        if (!*bytes)
            return Result<std::string>(
                Error{path.string() + " is a link that leads nowhere, or was removed meanwhile"});
        if ((*bytes)->size() > kMaxConfigBytes) return Result<std::string>(too_large(path));
        return Result<std::string>(**bytes);
    });
}

Result<ConfD> files_of_conf_d(const std::filesystem::path& folder) {
    ConfD files;
    if (!exists_or_unknown(folder)) return files;
    std::error_code failed;
    std::filesystem::directory_iterator at(folder, failed);
    for (const std::filesystem::directory_iterator end; !failed && at != end;
         at.increment(failed)) {
        const auto& path = at->path();
        const std::string name = path.filename().string();
        const bool is_config = path.extension() == ".xml" || path.extension() == ".properties";
        if (name.starts_with('.') || (!is_config && is_left_beside(name))) continue;
        (is_config ? files.read : files.skipped).push_back(path);
    }
    if (failed) return Error{folder.string() + " cannot be read: " + failed.message()};
    for (auto* paths : {&files.read, &files.skipped})
        std::sort(paths->begin(), paths->end(), [](const auto& a, const auto& b) {
            return a.filename().native() < b.filename().native();
        });
    return files;
}

Result<std::string> read_config_bytes(const std::filesystem::path& path) {
    return read_whole_file(path, kMaxConfigBytes);
}

Result<ConfigFile> parse_config(const std::filesystem::path& path, std::string_view bytes) {
    if (auto text = check_text(path, bytes); !text) return text.error();
    bytes = utf8::without_byte_order_mark(bytes);
    auto parsed = is_xml(path, bytes) ? parse_xml(path.string(), bytes)
                                      : parse_properties(path.string(), bytes);
    if (parsed) take_locks(*parsed);
    return parsed;
}

void ProblemList::add(std::string problem) {
    if (++count_ <= kListed) problems_.push_back(std::move(problem));
}

std::vector<std::string> ProblemList::take(const std::string& file) && {
    if (count_ > kListed)
        problems_.push_back(file + ": " + std::to_string(count_ - kListed) + " more problems");
    return std::move(problems_);
}

}  // namespace tenon::config
