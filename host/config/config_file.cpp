#include "host/config/config_file.h"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <sys/stat.h>

#include "host/base/atomic_file.h"
#include "host/base/utf8.h"
#include "host/config/config_formats.h"
#include "host/config/workspace_file.h"

namespace tenon::config {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Whether something of that name exists. Where that cannot be found out the answer is yes: opening
/// it then fails with the reason.
bool exists_or_unknown(const std::filesystem::path& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 || (errno != ENOENT && errno != ENOTDIR);
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
        if (!*bytes) return Result<std::string>(Error{path.string() + " was removed meanwhile"});
        if ((*bytes)->size() > kMaxConfigBytes) return Result<std::string>(too_large(path));
        return Result<std::string>(**bytes);
    });
}

Result<std::string> read_config_bytes(const std::filesystem::path& path) {
    return read_whole_file(path, kMaxConfigBytes);
}

Result<ConfigFile> parse_config(const std::filesystem::path& path, std::string_view bytes) {
    if (auto text = check_text(path, bytes); !text) return text.error();
    if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
    return is_xml(path, bytes) ? parse_xml(path.string(), bytes)
                               : parse_properties(path.string(), bytes);
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
