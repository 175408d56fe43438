#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"

/// Configuration files as flat lists of keys and raw values. Which keys exist and what values mean
/// is the business of settings_keys.h.
namespace tenon::config {

constexpr std::size_t kMaxConfigBytes = std::size_t{1} << 20U;

/// One setting as it was written. `${…}` in a value is literal.
struct ConfigEntry {
    std::string key;
    std::string value;
    std::string origin;  ///< for people: "/etc/tenon/tenon.xml:4", "-D", "TENON_MODEL"
};

/// A key, or a section of keys, that a file makes final: nothing that comes later loosens it.
struct ConfigLock {
    std::string key;
    std::string origin;  ///< as of an entry
};

/// `entries` in the order of the file: a list in XML is one key several times, in properties
/// `key.1`, `key.2`, …. `problems` are what cannot be a setting (an attribute, a key given twice);
/// the rest of the file still counts. At most 50 of them are listed.
struct ConfigFile {
    std::vector<ConfigEntry> entries;
    std::vector<ConfigLock> locks = {};
    std::vector<std::string> problems;
    std::vector<std::string> warnings;  ///< settings that count, but perhaps not as intended
};

/// The configuration file of a directory: tenon.xml, else tenon.properties. Beside the latter a
/// tenon.xml that sets no key does not count.
struct FoundFile {
    std::filesystem::path path;
    std::string bytes;
    bool hides_properties = false;  ///< both are there; the .properties is not read
};

/// None when the directory has neither. Error: there is one, and it cannot be read (not a regular
/// file, larger than kMaxConfigBytes, …).
Result<std::optional<FoundFile>> find_config_file(const std::filesystem::path& folder);

/// The same for `<workspace>/.tenon`, read with the care of read_project_file.
Result<std::optional<FoundFile>> find_workspace_config_file(const std::filesystem::path& workspace);

/// The files of a `conf.d`.
struct ConfD {
    /// Those with a name that ends in .xml or .properties, in the order of the bytes of their
    /// names.
    std::vector<std::filesystem::path> read;
    /// Of the others, those that may be meant to be read: no hidden files, no README, and nothing
    /// that an editor or a package manager leaves beside a file.
    std::vector<std::filesystem::path> skipped;
};

/// None of both when there is no such directory. Error: it cannot be read.
Result<ConfD> files_of_conf_d(const std::filesystem::path& folder);

/// The bytes of one file, at most kMaxConfigBytes of it, and only of a regular one.
Result<std::string> read_config_bytes(const std::filesystem::path& path);

/// Parses the bytes of `path`: XML when the name ends in .xml, properties when in .properties, else
/// by the first character. The bytes may be hostile; a document type, and with it every entity, is
/// refused, and so are NUL bytes and what is not UTF-8. Whether the file may lock anything, and
/// whether there are such keys, is not checked. The error names file and line.
Result<ConfigFile> parse_config(const std::filesystem::path& path, std::string_view bytes);

}  // namespace tenon::config
