#include <algorithm>
#include <array>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/atomic_file.h"
#include "host/base/ids.h"
#include "host/base/unique_fd.h"
#include "host/base/untrusted.h"
#include "host/cli/plugin_verbs.h"
#include "host/config/places.h"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxTemplateFile = std::size_t{1} << 20U;

/// A language of the templates, and how its project is built.
struct PluginLanguage {
    std::string_view name;
    std::string_view build;
};
constexpr std::array kPluginLanguages = {
    PluginLanguage{"c", "cmake -B build && cmake --build build"},
    PluginLanguage{"cpp", "cmake -B build && cmake --build build"},
    PluginLanguage{"rust", "cargo build --release"},
};

Result<const PluginLanguage*> language_of(const Arguments& arguments) {
    const auto name = arguments.value("lang");
    if (!name) return Error{"--lang is missing: it is c, cpp or rust"};
    const auto* const found = std::find_if(kPluginLanguages.begin(), kPluginLanguages.end(),
                                           [&](const auto& known) { return known.name == *name; });
    if (found == kPluginLanguages.end())
        return Error{"--lang: " + in_quotes(*name) + " is not one of c, cpp, rust"};
    return found;
}

Result<void> check_plugin_name(const std::string& name, const fs::path& prefix) {
    if (!is_plugin_id(name))
        return Error{
            in_quotes(name) +
            " is not a plugin id: 1 to 32 characters of a-z, 0-9, '_' and '-', the first a letter" +
            (name.find('/') != std::string::npos ? "; --dir DIR says where to make it" : "")};
    std::error_code ignored;
    if (fs::exists(prefix / "lib/tenon/plugins" / (name + ".so"), ignored))
        return Error{"a plugin with the id " + name + " comes with Tenon; choose another name"};
    return {};
}

/// A file of a template for a plugin of this name. Each template is a project by itself, of a
/// plugin my-plugin with a tool my_plugin. One pass: the name may contain these words.
std::string named(std::string_view text, const std::string& plugin) {
    constexpr std::string_view kPlugin = "my-plugin", kTool = "my_plugin";
    std::string tool = plugin;
    std::replace(tool.begin(), tool.end(), '-', '_');
    std::string out;
    while (!text.empty()) {
        const bool is_plugin = text.starts_with(kPlugin);
        if (is_plugin || text.starts_with(kTool)) {
            out += is_plugin ? plugin : tool;
            text.remove_prefix(kPlugin.size());
        } else {
            out += text.front();
            text.remove_prefix(1);
        }
    }
    return out;
}

Result<void> write_new_file(const fs::path& file, std::string_view text) {
    const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!fd) return Error::from_errno("create " + file.string());
    if (auto written = write_all(fd.get(), text); !written)
        return written.error().while_doing("write " + file.string());
    return {};
}

/// Copies a template into the empty directory `to`.
Result<void> copy_template(const fs::path& from, const fs::path& to, const std::string& plugin) {
    std::error_code failed;
    for (fs::recursive_directory_iterator it(from, failed), end; !failed && it != end;
         it.increment(failed)) {
        const fs::path target = to / it->path().lexically_relative(from);
        if (it->is_directory(failed)) {
            if (::mkdir(target.c_str(), 0777) != 0)
                return Error::from_errno("create " + target.string());
            continue;
        }
        if (failed) break;
        const auto text = read_whole_file(it->path(), kMaxTemplateFile);
        if (!text) return text.error();
        if (auto written = write_new_file(target, named(*text, plugin)); !written)
            return written.error();
    }
    if (failed) return Error::from_errno("read the template " + from.string(), failed.value());
    return {};
}

Error exists_already(const fs::path& target) {
    return {target.string() +
            " exists already; choose another name, or another directory with --dir"};
}

/// A directory beside its later place, removed unless `keep_as` has renamed it.
class DirectoryInTheMaking {
public:
    explicit DirectoryInTheMaking(const fs::path& target)
        : path_(target.parent_path() / ("." + target.filename().string() + "." + random_hex(8))) {}
    ~DirectoryInTheMaking() {
        std::error_code ignored;
        if (made_) fs::remove_all(path_, ignored);
    }
    DirectoryInTheMaking(const DirectoryInTheMaking&) = delete;
    DirectoryInTheMaking& operator=(const DirectoryInTheMaking&) = delete;

    Result<void> make() {
        made_ = ::mkdir(path_.c_str(), 0777) == 0;
        if (!made_)
            return Error::from_errno("create a directory in " + path_.parent_path().string());
        return {};
    }
    Result<void> keep_as(const fs::path& target) {
        int failed =
            ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE);
        // Some file systems do not know the flag. Without it, only an empty directory would be
        // replaced.
        if (failed != 0 && errno == EINVAL) failed = ::rename(path_.c_str(), target.c_str());
        if (failed != 0 && (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR))
            return exists_already(target);
        if (failed != 0) return Error::from_errno("create " + target.string());
        made_ = false;
        return {};
    }

    [[nodiscard]] const fs::path& path() const { return path_; }

private:
    fs::path path_;
    bool made_ = false;
};

Result<void> check_templates(const fs::path& templates) {
    std::error_code failed;
    if (fs::is_directory(templates, failed)) return {};
    return Error{"the templates are missing: there is no " + templates.string() +
                 "; they are in the package tenon-sdk"};
}

Result<void> make_project(const fs::path& templates, const fs::path& target,
                          const std::string& plugin) {
    if (auto found = check_templates(templates); !found) return found.error();
    if (const auto parent = config::real_directory(target.parent_path()); !parent)
        return parent.error().while_doing(target.parent_path().string());
    std::error_code ignored;
    if (fs::exists(fs::symlink_status(target, ignored))) return exists_already(target);
    DirectoryInTheMaking project(target);
    if (auto made = project.make(); !made) return made.error();
    if (auto copied = copy_template(templates, project.path(), plugin); !copied)
        return copied.error();
    return project.keep_as(target);
}

}  // namespace

int new_plugin(const PluginCall& call) {
    const config::Sources& sources = call.sources;
    const std::string& name = call.arguments.words.at(1);
    if (auto checked = check_plugin_name(name, sources.prefix); !checked)
        return complain(call.console, checked.error().message, kExitUsage);
    const auto language = language_of(call.arguments);
    if (!language) return complain(call.console, language.error().message, kExitUsage);
    const std::string given = call.arguments.value("dir").value_or(".");
    if (given.empty()) return complain(call.console, "--dir: the value is empty", kExitUsage);
    const auto places = config::places_of(sources.environment, sources.account_home, sources.cwd);
    const auto parent = config::given_path(given, places.home, sources.cwd);
    if (!parent) return complain(call.console, parent.error().message, kExitFailed);

    if (std::error_code failed; !fs::is_directory(*parent, failed))
        return complain(
            call.console,
            "--dir " + visible(given) + ": " +
                (fs::exists(*parent, failed) ? "it is no directory"
                                             : "there is no such directory; make it first"),
            kExitFailed);

    const fs::path templates = sources.prefix / "share/tenon/template" / (*language)->name;
    const fs::path target = *parent / name;
    if (auto made = make_project(templates, target, name); !made)
        return complain(call.console, made.error().message, kExitFailed);
    call.console.out << "Made " << visible(target.string()) << ". Build it there:\n  "
                     << (*language)->build
                     << "\nREADME.md says how to test, install and call it.\n";
    return 0;
}

}  // namespace tenon::cli
