#include "host/config/workspace_plugins.h"

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>

#include "host/base/atomic_file.h"
#include "host/base/unique_fd.h"
#include "host/base/utf8.h"
#include "host/config/trust.h"

namespace tenon::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxTreeFiles = 2'000;
constexpr std::uint64_t kMaxTreeBytes = std::uint64_t{64} << 20U;
constexpr std::size_t kMaxShownBytes = std::size_t{256} << 10U;
constexpr int kMaxTreeDepth = 32;

/// The texts that a model reads, or that say what is started.
bool is_shown(const std::string& name) {
    return name == "plugin.json" || name == "mcp.json" || name == "SKILL.md" ||
           name.ends_with("/SKILL.md");
}

class TreeReader {
public:
    explicit TreeReader(const fs::path& path) { out_.path = path; }

    PluginTree read() && {
        struct stat info {};
        if (::lstat(out_.path.c_str(), &info) != 0) {
            fail("", "cannot be examined");
        } else if (S_ISLNK(info.st_mode)) {
            fail("", "is a symbolic link, which can be changed to lead elsewhere");
        } else {
            visit(out_.path, {}, 0);
        }
        std::sort(out_.files.begin(), out_.files.end(),
                  [](const auto& a, const auto& b) { return a.name < b.name; });
        std::string all;
        for (const PluginTree::File& file : out_.files)
            all.append(file.name)
                .append(1, '\0')
                .append(file.is_link ? "link " : "")
                .append(file.sha256 + "\n");
        out_.sha256 = sha256_hex(all);
        return std::move(out_);
    }

private:
    void fail(const std::string& name, const std::string& what) {
        if (out_.problem.empty()) out_.problem = (name.empty() ? "it " : name + " ") + what;
    }

    void visit(const fs::path& folder, const std::string& below, int depth) {
        if (depth > kMaxTreeDepth) return fail(below, "is nested too deeply");
        std::error_code failed;
        for (fs::directory_iterator it(folder, failed), end; !failed && it != end;
             it.increment(failed)) {
            if (!out_.problem.empty()) return;
            take(it->path(), below + it->path().filename().string(), depth);
        }
        if (failed) fail(below, "cannot be read: " + failed.message());
    }

    void take(const fs::path& path, const std::string& name, int depth) {
        struct stat info {};
        if (::lstat(path.c_str(), &info) != 0) return fail(name, "has gone meanwhile");
        if (S_ISDIR(info.st_mode)) return visit(path, name + "/", depth + 1);
        if (out_.files.size() == kMaxTreeFiles)
            return fail("", "has more than " + std::to_string(kMaxTreeFiles) + " files");
        if (S_ISLNK(info.st_mode)) {
            // The target of such a link would not be among the texts that a person sees.
            if (is_shown(name)) return fail(name, "is a symbolic link; put the text itself there");
            std::error_code failed;
            const std::string target = fs::read_symlink(path, failed).string();
            if (failed) return fail(name, "cannot be read: " + failed.message());
            out_.files.push_back({name, sha256_hex(target), 0, true, {}});
        } else if (S_ISREG(info.st_mode)) {
            take_file(path, name);
        } else {
            fail(name, "is neither a file nor a directory");
        }
    }

    void take_file(const fs::path& path, const std::string& name) {
        // By a descriptor that does not follow a link which may have taken the file's place.
        const UniqueFd fd(
            ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
        struct stat info {};
        if (!fd || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode))
            return fail(name, "cannot be read");
        const auto bytes =
            read_whole_file("/proc/self/fd/" + std::to_string(fd.get()), kMaxTreeBytes - bytes_);
        if (!bytes) {
            return fail("", "has more than " + std::to_string(kMaxTreeBytes >> 20U) +
                                " MiB, or cannot be read: " + bytes.error().message);
        }
        bytes_ += bytes->size();
        const bool shown = is_shown(name);
        if (shown && bytes->size() > kMaxShownBytes) return fail(name, "is too large to be shown");
        out_.files.push_back({name, sha256_hex(*bytes), bytes->size(), false,
                              shown ? utf8::repair(*bytes) : std::string()});
    }

    PluginTree out_;
    std::uint64_t bytes_ = 0;
};

}  // namespace

std::string PluginTree::hash_of(const fs::path& file) const {
    const std::string name = file.lexically_relative(path).string();
    const auto found = std::find_if(files.begin(), files.end(), [&](const File& one) {
        return one.name == name && !one.is_link;
    });
    return found == files.end() ? std::string() : found->sha256;
}

fs::path workspace_plugins_folder(const fs::path& workspace) {
    return workspace / ".tenon/plugins";
}

PluginTree read_plugin_tree(const fs::path& path) {
    return TreeReader(path).read();
}

std::vector<PluginTree> read_plugin_trees(const fs::path& workspace) {
    std::vector<fs::path> paths;
    std::error_code failed;
    for (fs::directory_iterator it(workspace_plugins_folder(workspace), failed), end;
         !failed && it != end; it.increment(failed)) {
        std::error_code ignored;
        if (!it->path().filename().string().starts_with('.') && it->is_directory(ignored))
            paths.push_back(it->path());
    }
    std::sort(paths.begin(), paths.end());
    std::vector<PluginTree> out;
    for (const fs::path& path : paths)
        out.push_back(read_plugin_tree(path));
    return out;
}

}  // namespace tenon::config
