#include "plugins/skill/files.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "plugins/front_matter/document.h"

namespace tenon::skill {
namespace {

Failure failure(std::string_view doing, int code = errno) {
    return Failure(std::string(doing) + ": " + std::generic_category().message(code));
}

struct CloseFile {
    void operator()(std::FILE* file) const { (void)std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

int open(const Host& host, std::string_view path, std::string_view access) {
    const Reply reply =
        host.request("path.open/1", JsonObject().text("path", path).text("access", access).json());
    return static_cast<int>(reply.json().integer("fd", -1));
}

}  // namespace

std::vector<std::string> skill_folders(const Host& host) {
    const Reply reply = host.request("path.roots/1");
    return reply.json().texts("skills");
}

std::vector<PluginSkill> plugin_skills(const Host& host) {
    std::vector<PluginSkill> found;
    const Reply reply = host.request("path.roots/1");
    for (const JsonView plugin : reply.json().objects("plugin_skills")) {
        for (const std::string& folder : plugin.texts("folders"))
            found.push_back({plugin.text("plugin"), folder});
    }
    return found;
}

Folder open_folder(const Host& host, std::string_view path) {
    const int fd = open(host, path, "folder");
    Folder folder(::fdopendir(fd));
    if (folder) return folder;
    const int code = errno;
    ::close(fd);
    throw failure("open " + std::string(path), code);
}

std::string read_file(const Host& host, std::string_view path) {
    const int fd = open(host, path, "read");
    const File file(::fdopen(fd, "rb"));
    if (!file) {
        const int code = errno;
        ::close(fd);
        throw failure("open " + std::string(path), code);
    }
    struct stat info {};
    if (::fstat(fd, &info) != 0) throw failure("read " + std::string(path));
    if (S_ISDIR(info.st_mode)) throw Failure("it is a folder");
    std::string bytes;
    std::array<char, 16'384> piece{};
    // A file that is too large is not read to its end; the parser reports it.
    while (bytes.size() <= front_matter::kMaxBytes) {
        const std::size_t n = std::fread(piece.data(), 1, piece.size(), file.get());
        if (n == 0) break;
        bytes.append(piece.data(), n);
    }
    if (std::ferror(file.get()) != 0) throw failure("read " + std::string(path));
    return bytes;
}

}  // namespace tenon::skill
