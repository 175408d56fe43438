#include "host/permission/path_pattern.h"

#include <algorithm>
#include <climits>
#include <cstdint>
#include <deque>
#include <fnmatch.h>
#include <sys/stat.h>

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxLinks = 40;  // as the kernel, path_resolution(7)
/// The kernel takes PATH_MAX bytes, to which a working directory may have to be added.
constexpr std::size_t kLongestPath = 4 * PATH_MAX;

std::vector<std::string> path_names(std::string_view text) {
    std::vector<std::string> names;
    while (!text.empty()) {
        const auto slash = std::min(text.find('/'), text.size());
        if (slash > 0) names.emplace_back(text.substr(0, slash));
        text.remove_prefix(std::min(text.size(), slash + 1));
    }
    return names;
}

/// The names of a path without `.` and `..`.
std::vector<std::string> plain_names(std::string_view text) {
    std::vector<std::string> names;
    for (std::string& name : path_names(text)) {
        if (name == ".") continue;
        if (name != "..") {
            names.push_back(std::move(name));
        } else if (!names.empty()) {
            names.pop_back();
        }
    }
    return names;
}

std::string joined(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names)
        out.append("/").append(name);
    return out.empty() ? "/" : out;
}

bool is_glob(std::string_view name) {
    return name.find_first_of("*?[\\") != std::string_view::npos;
}

/// Whether `names` match the names of `path` after the first `skip`, or a beginning of them; `ends`
/// gets where a match may end. Visits each pair of positions once, row by row.
bool matches_names(const std::vector<std::string>& names, const std::vector<std::string>& path,
                   std::size_t skip, std::vector<bool>& ends) {
    const std::size_t length = path.size() - skip;
    std::vector<bool> row(length + 1, false);
    row[0] = true;
    for (const std::string& name : names) {
        std::vector<bool> next(length + 1, false);
        if (name == "**") {
            bool reached = false;
            for (std::size_t j = 0; j <= length; ++j)
                next[j] = reached = reached || row[j];
        } else {
            for (std::size_t j = 0; j < length; ++j)
                next[j + 1] = row[j] && ::fnmatch(name.c_str(), path[skip + j].c_str(), 0) == 0;
        }
        row = std::move(next);
    }
    // A trailing ** stands for what is beneath, not for the directory itself.
    if (!names.empty() && names.back() == "**") {
        const auto first = std::find(row.begin(), row.end(), true);
        if (first != row.end() && names.size() > 1) *first = false;
    }
    ends = std::move(row);
    return std::find(ends.begin(), ends.end(), true) != ends.end();
}

bool is_existing_directory(const fs::path& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

}  // namespace

bool equal_letters(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

fs::path normalised(const fs::path& path, const fs::path& base) {
    const std::string whole =
        path.is_absolute() ? path.string() : base.string() + "/" + path.string();
    return joined(plain_names(whole));
}

fs::path resolved(const fs::path& path) {
    return locate(path).real;
}

Location locate(const fs::path& path) {
    if (path.native().size() > kLongestPath) return {normalised(path, "/"), false};
    const std::vector<std::string> names = path_names(path.string());
    std::deque<std::string> rest(names.begin(), names.end());
    std::vector<std::string> done;
    bool sure = true;
    int links = 0;
    while (!rest.empty()) {
        const std::string name = std::move(rest.front());
        rest.pop_front();
        if (name == ".") continue;
        if (name == "..") {
            if (!done.empty()) done.pop_back();
            continue;
        }
        done.push_back(name);
        std::error_code error;
        const fs::path target = fs::read_symlink(joined(done), error);
        if (error) continue;
        if (done.front() == "proc") sure = false;
        done.pop_back();
        if (++links > kMaxLinks) return {joined(done), false};
        if (target.is_absolute()) done.clear();
        const std::vector<std::string> inserted = path_names(target.string());
        rest.insert(rest.begin(), inserted.begin(), inserted.end());
    }
    return {joined(done), sure};
}

bool is_beneath(const fs::path& path, const std::vector<fs::path>& roots) {
    return std::any_of(roots.begin(), roots.end(), [&](const fs::path& root) {
        const std::string& whole = path.native();
        const std::string& head = root.native();
        if (head == "/" || whole == head) return true;
        return whole.size() > head.size() && whole.compare(0, head.size(), head) == 0 &&
               whole[head.size()] == '/';
    });
}

Result<PathPattern> PathPattern::parse(std::string_view text, const fs::path& base,
                                       const BaseDirectories& bases) {
    if (text.empty()) return Error{"the pattern is empty"};
    if (text[0] == '!') return Error{"a pattern cannot begin with !"};
    PathPattern pattern;
    fs::path root = bases.workspace;
    bool anchored = true;
    if (text.substr(0, 2) == "//") {
        root = "/";
        text.remove_prefix(2);
    } else if (text[0] == '~' && (text.size() == 1 || text[1] == '/')) {
        if (bases.home.empty()) return Error{"there is no home folder for ~"};
        root = bases.home;
        text.remove_prefix(1);
    } else if (text[0] == '/') {
        root = base.empty() ? bases.workspace : base;
    } else if (text.substr(0, 2) != "./" && text.substr(0, 3) != "../" && text != "." &&
               text != "..") {
        // gitignore(5): a slash at the beginning or in the middle ties the pattern to its
        // directory.
        anchored = text.substr(0, text.size() - 1).find('/') != std::string_view::npos;
    }
    pattern.directory_only_ = !text.empty() && text.back() == '/';
    for (std::string& name : path_names(text)) {
        if (name == ".") continue;
        if (name == "..") {
            if (!pattern.names_.empty())
                return Error{"a pattern may hold .. only at its beginning"};
            root = root.parent_path();
        } else {
            pattern.names_.push_back(std::move(name));
        }
    }
    if (!anchored) pattern.names_.insert(pattern.names_.begin(), "**");
    const fs::path real = resolved(root);
    pattern.roots_.push_back(plain_names(root.string()));
    if (real != root.lexically_normal()) pattern.roots_.push_back(plain_names(real.string()));

    const auto literal = std::find_if(pattern.names_.begin(), pattern.names_.end(), is_glob);
    const std::vector<std::string> head(pattern.names_.begin(), literal);
    pattern.without_links_ =
        plain_names(resolved(real / fs::path(joined(head)).relative_path()).string());
    // Names from the file system are not patterns.
    for (std::string& name : pattern.without_links_) {
        std::string escaped;
        for (const char c : name) {
            if (is_glob(std::string_view(&c, 1))) escaped += '\\';
            escaped += c;
        }
        name = std::move(escaped);
    }
    pattern.without_links_.insert(pattern.without_links_.end(), literal, pattern.names_.end());
    return pattern;
}

bool PathPattern::matches_from(const Names& root, const Names& names, const Names& path,
                               const fs::path& whole) const {
    if (path.size() < root.size() || !std::equal(root.begin(), root.end(), path.begin()))
        return false;
    std::vector<bool> ends;
    if (!matches_names(names, path, root.size(), ends)) return false;
    if (!directory_only_) return true;
    const auto first =
        static_cast<std::size_t>(std::find(ends.begin(), ends.end(), true) - ends.begin());
    return root.size() + first < path.size() || is_existing_directory(whole);
}

bool PathPattern::matches(const fs::path& path) const {
    const Names names = path_names(path.string());
    return std::any_of(roots_.begin(), roots_.end(),
                       [&](const Names& root) { return matches_from(root, names_, names, path); });
}

bool PathPattern::matches_strictly(const fs::path& path) const {
    return matches(path) || matches_from({}, without_links_, path_names(path.string()), path);
}

bool PathPattern::may_match_beneath(const fs::path& path) const {
    const Names directory = path_names(path.string());
    const auto meets = [&](Names head, const Names& names) {
        const auto wild = std::find_if(names.begin(), names.end(), is_glob);
        head.insert(head.end(), names.begin(), wild);
        const std::size_t common = std::min(head.size(), directory.size());
        return std::equal(head.begin(), head.begin() + static_cast<std::ptrdiff_t>(common),
                          directory.begin());
    };
    return meets({}, without_links_) ||
           std::any_of(roots_.begin(), roots_.end(),
                       [&](const Names& root) { return meets(root, names_); });
}

bool PathPattern::names(std::string_view name) const {
    return std::any_of(names_.begin(), names_.end(),
                       [&](const std::string& own) { return equal_letters(own, name); });
}

}  // namespace tenon::permission
