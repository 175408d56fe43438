#include "host/config/sandbox_settings.h"

#include <algorithm>

#include "host/base/path_text.h"
#include "host/base/untrusted.h"

namespace tenon::config {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDeniedByDefault[] = {"~/.ssh",  "~/.aws",    "~/.gnupg", "~/.config/gcloud",
                                            "~/.kube", "~/.docker", "~/.netrc"};

/// Without symbolic links as far as it exists. A path that cannot be looked at stays as it is.
fs::path resolved(const fs::path& path) {
    std::error_code error;
    const auto real = fs::weakly_canonical(path, error);
    return absolute_path("/", error ? path : real);
}

/// Whoever may write there may write everything.
bool leaves_no_wall(const fs::path& directory) {
    const std::string path = directory.string();
    return path == "/" || path == "/dev" || is_beneath_any(path, {"/proc", "/sys"});
}

/// Whether commands, or the sandbox itself, need something that is there.
bool is_needed(const fs::path& denied) {
    constexpr const char* kNeeded[] = {"/proc", "/usr", "/bin", "/sbin", "/lib", "/lib64"};
    return std::any_of(std::begin(kNeeded), std::end(kNeeded), [&](const char* needed) {
        return is_beneath(resolved(needed).string(), denied.string());
    });
}

void take_writable(const Merger& merger, Examined& out) {
    for (const Entry& entry : merger.paths("sandbox.write")) {
        const std::string said = entry.origin + ": sandbox.write: " + visible(entry.value);
        const fs::path path = resolved(entry.value);
        std::error_code error;
        const auto status = fs::status(path, error);
        if (leaves_no_wall(path)) {
            out.errors.push_back(said + " would leave no wall; allowed: directories below it");
        } else if (!fs::exists(status)) {
            out.loaded.warnings.push_back(
                said + " is not there; commands can write there only once it is, after a restart");
        } else if (!fs::is_directory(status)) {
            out.errors.push_back(said + " is no directory");
        } else {
            out.loaded.settings.sandbox.write.push_back(path);
        }
    }
}

bool is_used(const Settings& settings) {
    return settings.sandbox.mode != "off" || settings.permissions.mode == "plan";
}

void take_denied(const Merger& merger, const Places& places, Examined& out) {
    Settings::Sandbox& sandbox = out.loaded.settings.sandbox;
    const auto configured = merger.paths("sandbox.denyRead");
    for (const Entry& entry : configured) {
        const fs::path path = resolved(entry.value);
        if (is_needed(path)) {
            out.errors.push_back(entry.origin + ": sandbox.denyRead: " + visible(entry.value) +
                                 " leaves nothing that a command could run");
        } else {
            sandbox.deny_read.push_back(path);
        }
    }
    // A start without a sandbox does not look at a dozen directories.
    if (!configured.empty() || !is_used(out.loaded.settings)) return;
    for (const char* name : kDeniedByDefault) {
        const fs::path path = expanded(name, places.home);
        if (path.is_absolute()) sandbox.deny_read.push_back(resolved(path));
    }
    for (const fs::path& path : {out.loaded.settings.state_dir, places.config}) {
        if (path.is_absolute()) sandbox.deny_read.push_back(resolved(path));
    }
}

/// Where the wall would have to stand in the middle of everything.
void check_roots(Examined& out) {
    const Settings& settings = out.loaded.settings;
    if (settings.sandbox.mode != "workspace" || settings.permissions.mode == "plan") return;
    if (leaves_no_wall(settings.workspace))
        out.errors.push_back("sandbox.mode=workspace: the workspace " +
                             settings.workspace.string() + " would leave no wall");
    for (const fs::path& directory : settings.add_dirs) {
        if (leaves_no_wall(directory))
            out.errors.push_back("sandbox.mode=workspace: --add-dir " + directory.string() +
                                 " would leave no wall");
    }
}

}  // namespace

void take_sandbox(const Merger& merger, const Sources& sources, const Places& places,
                  Examined& out) {
    Settings& settings = out.loaded.settings;
    take_writable(merger, out);
    take_denied(merger, places, out);
    if (!is_used(settings)) return;
    for (const fs::path& path : {settings.state_dir, places.config, places.data, sources.system}) {
        if (path.is_absolute()) settings.sandbox.own.push_back(resolved(path));
    }
    check_roots(out);
}

}  // namespace tenon::config
