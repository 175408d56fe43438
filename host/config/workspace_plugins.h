#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

/// The directories in `.tenon/plugins/` of a workspace, as bytes. A person has to trust one before
/// anything in it is used (trust.h). Their meaning is the business of the room plugins.
namespace tenon::config {

/// Every file of one directory.
struct PluginTree {
    struct File {
        std::string name;    ///< relative to the directory
        std::string sha256;  ///< of a symbolic link: of its target's name
        std::uint64_t size = 0;
        bool is_link = false;
        std::string text;  ///< what a person should see of it; empty: of this one nothing
    };
    std::filesystem::path path;
    std::vector<File> files;  ///< sorted by name
    std::string problem;      ///< why it cannot be trusted; empty: it can
    std::string sha256;       ///< of the names and contents of all files

    /// The hash of one file, which is named by its path; empty: there is no such file.
    [[nodiscard]] std::string hash_of(const std::filesystem::path& file) const;
};

/// `<workspace>/.tenon/plugins`. It need not exist.
std::filesystem::path workspace_plugins_folder(const std::filesystem::path& workspace);

/// The directories in it, sorted by name, hidden ones left out. Symbolic links are not followed:
/// one in place of a directory is a `problem`. So are more than 2,000 files or 64 MiB, and what is
/// neither a file nor a directory. Blocks on files.
std::vector<PluginTree> read_plugin_trees(const std::filesystem::path& workspace);
/// The same for one of them.
PluginTree read_plugin_tree(const std::filesystem::path& path);

}  // namespace tenon::config
