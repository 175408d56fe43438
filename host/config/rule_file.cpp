#include "host/config/rule_file.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>

#include "host/base/atomic_file.h"
#include "host/base/private_dirs.h"
#include "host/base/unique_fd.h"
#include "host/config/config_file.h"
#include "host/config/config_formats.h"
#include "host/config/setting_values.h"
#include "host/config/settings_keys.h"

namespace tenon::config {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kKey = "permissions.allow";

struct Contents {
    std::string bytes;
    std::vector<ConfigEntry> entries;
};

/// Whether the configuration accepts the rule without changing it.
bool is_setting(const std::string& rule) {
    const auto value = parse_value(*find_key(kKey), rule);
    return value && value->text == rule;
}

/// Describes the first entry that the next start would refuse, or that belongs into another
/// configuration file; empty when there is none.
std::string first_foreign_entry(const std::vector<ConfigEntry>& entries) {
    for (const ConfigEntry& entry : entries) {
        if (numbered_key(entry.key).key != kKey)
            return "it holds '" + entry.key + "', and may hold nothing but " + std::string(kKey);
        if (!parse_value(*find_key(kKey), entry.value))
            return "'" + entry.key + "' has a value that it may not have";
    }
    return {};
}

Result<Contents> read_rules(const fs::path& file) {
    std::error_code failed;
    if (fs::symlink_status(file, failed).type() == fs::file_type::not_found)
        return Contents{std::string(kEscapedValues) + "\n", {}};
    auto bytes = read_config_bytes(file);
    if (!bytes) return bytes.error();
    auto parsed = parse_config(file, *bytes);
    if (!parsed) return parsed.error();
    if (!parsed->problems.empty()) return Error{parsed->problems.front()};
    if (const std::string foreign = first_foreign_entry(parsed->entries); !foreign.empty())
        return Error{file.string() + ": " + foreign};
    if (bytes->empty()) *bytes = std::string(kEscapedValues) + "\n";
    return Contents{*std::move(bytes), std::move(parsed->entries)};
}

std::vector<std::string> lines_after(const std::vector<ConfigEntry>& entries,
                                     const std::vector<std::string>& rules) {
    long last = 0;
    std::vector<std::string> present, lines;
    for (const ConfigEntry& entry : entries) {
        const NumberedKey item = numbered_key(entry.key);
        if (item.key != kKey) continue;
        last = std::max(last, item.index);
        present.push_back(entry.value);
    }
    for (const std::string& rule : rules) {
        if (std::find(present.begin(), present.end(), rule) != present.end()) continue;
        present.push_back(rule);
        lines.push_back(std::string(kKey) + "." + std::to_string(++last) + "=" +
                        escaped_value(rule));
    }
    return lines;
}

/// Only the holder of this lock replaces the file.
Result<UniqueFd> locked(const fs::path& folder) {
    UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return Error::from_errno("open " + folder.string());
    // The thread of the terminal must not wait.
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
    if (errno != EWOULDBLOCK) return Error::from_errno("lock " + folder.string());
    return Error{folder.string() + " is being changed by another tenon; try again"};
}

}  // namespace

Result<RuleLines> rule_lines(const fs::path& folder, const std::vector<std::string>& rules) {
    if (folder.empty()) return Error{"no home folder is known, and so no configuration of yours"};
    const fs::path file = folder / kRuleFile;
    if (!std::all_of(rules.begin(), rules.end(), is_setting))
        return Error{file.string() + " cannot hold this rule as it is"};
    const auto contents = read_rules(file);
    if (!contents) return contents.error();
    RuleLines out{file, lines_after(contents->entries, rules)};
    const bool needs_escapes = std::any_of(
        rules.begin(), rules.end(), [](const auto& rule) { return escaped_value(rule) != rule; });
    if (needs_escapes && !out.lines.empty() && !contents->bytes.starts_with(kEscapedValues))
        return Error{file.string() + ": its first line is not '" + std::string(kEscapedValues) +
                     "', and so it cannot hold this rule"};
    return out;
}

Result<void> add_rule_lines(const fs::path& folder, const std::vector<std::string>& rules,
                            const RuleLines& shown) {
    if (auto made = make_private_dirs(folder); !made) return made;
    const auto lock = locked(folder);
    if (!lock) return lock.error();
    const auto now = rule_lines(folder, rules);
    if (!now) return now.error();
    if (*now != shown) return Error{shown.file.string() + " has changed meanwhile"};
    if (now->lines.empty()) return {};
    auto contents = read_rules(now->file);
    if (!contents) return contents.error();
    std::string& bytes = contents->bytes;
    if (bytes.back() != '\n') bytes += '\n';
    for (const std::string& line : now->lines)
        bytes += line + "\n";
    const auto after = parse_config(now->file, bytes);
    if (!after) return after.error();
    if (!after->problems.empty() || !lines_after(after->entries, rules).empty())
        return Error{now->file.string() + " cannot hold this rule"};
    std::error_code failed;
    const fs::path real = fs::weakly_canonical(now->file, failed);  // a symlink stays a symlink
    if (failed) return Error{"follow " + now->file.string() + ": " + failed.message()};
    return write_file_atomically(real, bytes, Sync::kYes, 0600);
}

}  // namespace tenon::config
