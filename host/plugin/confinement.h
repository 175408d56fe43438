#pragma once

#include <string>
#include <vector>

namespace tenon::plugin {

/// What an isolated plugin may do, as plain values: decided in the host, enforced in
/// tenon-plugin-host, which makes a sandbox::PluginPolicy of it. Every path is absolute and without
/// symbolic links.
struct Confinement {
    std::string library;              ///< the file that is opened
    std::string plugin_dir;           ///< where the plugin was found: readable
    std::string state_dir;            ///< readable and writable
    std::string workspace;            ///< readable; empty: not at all
    bool network = false;             ///< may use the internet protocols
    bool exec = false;                ///< may start programs
    std::vector<std::string> read;    ///< readable as well
    std::vector<std::string> write;   ///< writable as well; readable only if also in `read`
    std::vector<std::string> hidden;  ///< not readable, even inside of what is; see PluginPolicy
    bool unconfined = false;          ///< has an effect only where the kernel cannot confine

    bool operator==(const Confinement&) const = default;
};

}  // namespace tenon::plugin
