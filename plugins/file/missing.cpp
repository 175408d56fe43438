#include "plugins/file/missing.h"

#include <algorithm>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <strings.h>
#include <sys/stat.h>
#include <system_error>
#include <vector>

#include "plugins/file/text.h"

namespace tenon::file {
namespace {

constexpr std::size_t kMaxNames = 20'000;
constexpr std::size_t kMaxSuggestions = 3;

/// How many letters to change, insert or drop, without letter case; letters in another order count
/// as one change.
std::size_t distance(std::string_view a, std::string_view b) {
    if (a.size() == b.size() && std::is_permutation(a.begin(), a.end(), b.begin())) return 1;
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = std::tolower(static_cast<unsigned char>(a[i - 1])) ==
                              std::tolower(static_cast<unsigned char>(b[j - 1]));
            const std::size_t replaced = diagonal + (same ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row.back();
}

std::string_view stem(std::string_view name) {
    const std::size_t dot = name.rfind('.');
    return dot == 0 || dot == std::string_view::npos ? name : name.substr(0, dot);
}

/// The names in `folder` that are similar to `name`, the nearest first.
std::vector<std::string> near_names(const Fd& folder, const std::string& name) {
    std::vector<std::pair<std::size_t, std::string>> found;
    const Directory dir(
        ::fdopendir(::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
    for (std::size_t n = 0; dir && n < kMaxNames; ++n) {
        const dirent* entry = ::readdir(dir.get());
        if (entry == nullptr) break;
        const std::string one = entry->d_name;
        if (one == "." || one == "..") continue;
        const std::size_t far = distance(name, one);
        if (far <= std::max<std::size_t>(1, name.size() / 3) || stem(one) == stem(name))
            found.emplace_back(far, one);
    }
    std::sort(found.begin(), found.end());
    std::vector<std::string> out;
    for (std::size_t i = 0; i < std::min(found.size(), kMaxSuggestions); ++i)
        out.push_back(found[i].second);
    return out;
}

std::string child_of(const std::string& folder, const std::string& name) {
    if (folder == ".") return name;
    return folder.back() == '/' ? folder + name : folder + "/" + name;
}

/// Names that a rule forbids to read are left out.
std::string suggestions(const Host& host, const File& folder, const std::string& name) {
    std::vector<std::string> names = near_names(folder.fd, name);
    std::vector<std::string> paths;
    for (const std::string& one : names)
        paths.push_back(child_of(folder.path, one));
    const std::vector<bool> denied = host.denied(paths);
    std::string out;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!denied[i])
            out +=
                (out.empty() ? " Did you mean " : ", ") + listed(child_of(folder.shown, names[i]));
    }
    return out.empty() ? out : out + "?";
}

std::optional<File> try_folder(const Host& host, const std::string& path) {
    try {
        return host.folder(path);
    } catch (const Failure&) {
        return std::nullopt;
    }
}

/// Why there is nothing at `path`; empty when the failure has another reason.
std::string explain(const Host& host, const std::string& path) {
    std::string folder = path;
    for (bool deeper = false;; deeper = true) {
        while (folder.size() > 1 && folder.back() == '/')
            folder.pop_back();
        const std::size_t slash = folder.rfind('/');
        const std::string name = folder.substr(slash + 1);
        if (name.empty()) return {};
        folder = slash == std::string::npos ? "." : slash == 0 ? "/" : folder.substr(0, slash);
        const std::optional<File> above = try_folder(host, folder);
        if (!above) {
            if (folder == "." || folder == "/") return {};
            continue;
        }
        struct stat info {};
        if (::fstatat(above->fd.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 ||
            errno != ENOENT)
            return {};
        return "No such file: " + path + "." +
               (deeper ? " There is no folder " + child_of(above->shown, name) + "." : "") +
               suggestions(host, *above, name);
    }
}

/// Throws the failure of opening `path` again, with suggestions if it does not exist.
[[noreturn]] void fail_with_suggestions(const Host& host, const std::string& path,
                                        const Failure& failure) {
    // Only for this reason a suggestion makes sense.
    const std::string_view reason = failure.what();
    const std::string none = std::generic_category().message(ENOENT);
    const bool missing =
        reason.size() >= none.size() && reason.substr(reason.size() - none.size()) == none;
    const std::string why = missing ? explain(host, path) : std::string();
    throw why.empty() ? failure : Failure(why);
}

}  // namespace

File open_or_suggest(const Host& host, const std::string& path) {
    try {
        return host.read(path);
    } catch (const Failure& failure) {
        fail_with_suggestions(host, path, failure);
    }
}

File folder_or_suggest(const Host& host, const std::string& path) {
    try {
        return host.folder(path);
    } catch (const Failure& failure) {
        fail_with_suggestions(host, path, failure);
    }
}

}  // namespace tenon::file
