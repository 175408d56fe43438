#include "host/config/sandbox_settings.h"

#include <algorithm>

#include "host/base/path_text.h"
#include "host/base/untrusted.h"
#include "host/config/places.h"

namespace tenon::config {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDeniedByDefault[] = {"~/.ssh",  "~/.aws",    "~/.gnupg", "~/.config/gcloud",
                                            "~/.kube", "~/.docker", "~/.netrc"};

/// `path` without symbolic links as far as it exists. A path that cannot be examined stays as it
/// is.
fs::path resolved(const fs::path& path) {
    std::error_code error;
    const auto real = fs::weakly_canonical(path, error);
    return absolute_path("/", error ? path : real);
}

/// A path that begins with `~`, in the user's $HOME and in the home of the password file, which the
/// user's keys are in whatever $HOME says. None: it does not begin so, or no home is known.
std::vector<fs::path> in_homes(const std::string& path, const Settings& settings) {
    std::vector<fs::path> out;
    for (const fs::path& home : {settings.home, settings.account_home}) {
        fs::path there = expanded(path, home);
        const bool is_new = out.empty() || out.front() != there;
        if (there != path && there.is_absolute() && is_new) out.push_back(std::move(there));
    }
    return out;
}

/// Where Tenon's directories are when no variable moves them.
Places usual_places(const Settings& settings) {
    return places_of({}, settings.account_home, {});
}

/// Tenon's directories of state and configuration, also the usual ones, so that another value of a
/// variable uncovers nothing.
std::vector<fs::path> state_and_configuration(const Settings& settings) {
    std::vector<fs::path> out = {settings.state_dir, settings.config_dir};
    const Places usual = usual_places(settings);
    for (const fs::path& path : {usual.state, usual.config})
        if (std::find(out.begin(), out.end(), path) == out.end()) out.push_back(path);
    std::erase_if(out, [](const fs::path& path) { return !path.is_absolute(); });
    return out;
}

/// Whether a command that may write there may in effect write everything.
bool allows_everything(const fs::path& directory) {
    const std::string path = directory.string();
    return path == "/" || path == "/dev" || is_beneath_any(path, {"/proc", "/sys"});
}

/// Whether commands, or the sandbox itself, need something in this directory.
bool is_needed(const fs::path& denied) {
    constexpr const char* kNeeded[] = {"/proc", "/usr", "/bin", "/sbin", "/lib", "/lib64"};
    return std::any_of(std::begin(kNeeded), std::end(kNeeded), [&](const char* needed) {
        return is_beneath(resolved(needed).string(), denied.string());
    });
}

void take_writable(Configuration& out) {
    for (const Setting& setting : out.table.list("sandbox.write")) {
        const std::string said = setting.origin + ": sandbox.write: " + visible(setting.value.text);
        const fs::path path = resolved(setting.value.text);
        std::error_code error;
        const auto status = fs::status(path, error);
        if (allows_everything(path)) {
            out.errors.push_back(
                said + " would let commands write everything; allowed: directories below it");
        } else if (!fs::exists(status)) {
            out.warnings.push_back(
                said + " is not there; commands can write there only once it is, after a restart");
        } else if (!fs::is_directory(status)) {
            out.errors.push_back(said + " is no directory");
        } else {
            out.settings.sandbox.write.push_back(path);
        }
    }
}

bool is_used(const Settings& settings) {
    return settings.sandbox.mode != "off" || settings.permissions.mode == "plan";
}

void take_denied(Configuration& out) {
    Settings& settings = out.settings;
    Settings::Sandbox& sandbox = settings.sandbox;
    const auto configured = out.table.list("sandbox.denyRead");
    for (const Setting& setting : configured) {
        const fs::path path = resolved(setting.value.text);
        if (is_needed(path)) {
            out.errors.push_back(setting.origin +
                                 ": sandbox.denyRead: " + visible(setting.value.text) +
                                 " leaves nothing that a command could run");
        } else {
            sandbox.deny_read.push_back(path);
        }
        for (const fs::path& other : in_homes(setting.text, settings))
            if (const fs::path real = resolved(other); real != path && !is_needed(real))
                sandbox.deny_read.push_back(real);
    }
    // A start without a sandbox does not look at a dozen directories.
    const bool defaults_hold =
        configured.empty() || out.table.is_locked_without_value("sandbox.denyRead");
    if (!defaults_hold || (configured.empty() && !is_used(settings))) return;
    for (const char* name : kDeniedByDefault) {
        for (const fs::path& path : in_homes(name, settings))
            sandbox.deny_read.push_back(resolved(path));
    }
    for (const fs::path& path : state_and_configuration(settings))
        sandbox.deny_read.push_back(resolved(path));
}

/// A workspace that is a top directory cannot be protected by a sandbox.
void check_roots(Configuration& out) {
    const Settings& settings = out.settings;
    if (settings.sandbox.mode != "workspace" || settings.permissions.mode == "plan") return;
    if (allows_everything(settings.workspace))
        out.unsafe_workspace = "sandbox.mode=workspace: the workspace " +
                               settings.workspace.string() + " would let commands write everything";
    for (const fs::path& directory : settings.add_dirs) {
        if (allows_everything(directory))
            out.errors.push_back("sandbox.mode=workspace: --add-dir " + directory.string() +
                                 " would let commands write everything");
    }
}

}  // namespace

void take_sandbox(const fs::path& system, const fs::path& data, Configuration& out) {
    Settings& settings = out.settings;
    take_writable(out);
    take_denied(out);
    if (!is_used(settings)) return;
    for (const fs::path& path : state_and_configuration(settings))
        settings.sandbox.own.push_back(resolved(path));
    for (const fs::path& path : {data, usual_places(settings).data, system})
        if (path.is_absolute()) settings.sandbox.own.push_back(resolved(path));
    check_roots(out);
}

std::vector<fs::path> hidden_from_plugins(const Settings& settings) {
    std::vector<fs::path> out = settings.sandbox.deny_read;
    if (out.empty()) {
        for (const char* name : kDeniedByDefault)
            for (fs::path& path : in_homes(name, settings))
                out.push_back(std::move(path));
    }
    for (fs::path& path : state_and_configuration(settings))
        out.push_back(std::move(path));
    return out;
}

}  // namespace tenon::config
