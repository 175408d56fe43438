#include "host/plugins/manifest.h"

#include <sys/stat.h>
#include <system_error>

#include "host/base/atomic_file.h"
#include "host/base/json.h"
#include "host/plugins/trusted_file.h"

namespace tenon::plugins {
namespace {

constexpr std::size_t kMaxManifestBytes = 64U << 10U;

Result<std::vector<std::string>> names_in(const std::string& text) {
    const auto document = parse_json(text);
    if (!document) return document.error();
    if (integer_or(*document, "v", 0) != 1) return Error{"its version (v) is not 1"};
    const Json& plugins = member(*document, "plugins");
    if (!plugins.is_array()) return Error{"it has no list 'plugins'"};
    std::vector<std::string> names = strings_in(plugins);
    if (names.size() != plugins.size()) return Error{"a plugin in it is not a file name"};
    return names;
}

}  // namespace

Result<std::vector<std::string>, plugin::Refusal> read_manifest(
    const std::filesystem::path& folder) {
    const auto path = folder / "manifest.json";
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0 && errno == ENOENT) return std::vector<std::string>();
    const auto file = open_trusted(path);
    if (!file) return file.error();
    if (::fstat(file->fd.get(), &info) != 0 || !owns_this_program(info.st_uid))
        return plugin::Refusal{
            "the manifest belongs neither to root nor to the owner of this program",
            "install the host again"};
    const auto text =
        read_whole_file("/proc/self/fd/" + std::to_string(file->fd.get()), kMaxManifestBytes);
    if (!text) return plugin::Refusal{text.error().message, "install the host again"};
    auto names = names_in(*text);
    if (!names)
        return plugin::Refusal{"the manifest is malformed: " + names.error().message,
                               "install the host again"};
    return std::move(*names);
}

std::set<std::filesystem::path> first_party_files(const std::filesystem::path& folder) {
    std::error_code failed;
    const auto real = std::filesystem::canonical(folder, failed);
    if (failed) return {};
    std::set<std::filesystem::path> files;
    if (const auto names = read_manifest(real)) {
        for (const std::string& name : *names)
            files.insert(real / name);
    }
    return files;
}

}  // namespace tenon::plugins
