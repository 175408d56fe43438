#include "host/config/trust.h"

#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

#include <Poco/DigestEngine.h>
#include <Poco/SHA2Engine.h>

#include "host/base/atomic_file.h"
#include "host/base/clock.h"
#include "host/base/json.h"
#include "host/base/path_text.h"
#include "host/base/private_dirs.h"
#include "host/config/state_dir.h"

namespace tenon::config {
namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::size_t kMaxRecord = 1024 * 1024;  // two folders full of agent definitions fit

std::filesystem::path record_path(const std::filesystem::path& state_dir,
                                  const std::filesystem::path& workspace) {
    return state_dir / "trust" / (sha256_hex(workspace.native()) + ".json");
}

std::string file_name(const std::optional<FoundFile>& file) {
    return file ? file->path.filename().string() : std::string();
}

std::string hash_of(const std::optional<FoundFile>& file) {
    return sha256_hex(file ? std::string_view(file->bytes) : std::string_view());
}

std::string below_workspace(const std::filesystem::path& path,
                            const std::filesystem::path& workspace) {
    return path_to_text(path.lexically_relative(workspace).native());
}

/// Opens the record only where no other user can have written it.
Result<std::optional<std::string>> read_own(const std::filesystem::path& path) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) {
        if (errno == ENOENT) return std::optional<std::string>();
        return Error::from_errno("read " + path.string());
    }
    if (!S_ISREG(info.st_mode) || info.st_uid != ::geteuid() ||
        (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return Error{path.string() +
                     ": not a file of yours that nobody else may write to, so it does not count; "
                     "remove it"};
    }
    auto bytes = read_whole_file(path, kMaxRecord);
    if (!bytes) return bytes.error();
    return std::optional(*std::move(bytes));
}

/// The record of a workspace, if there is one.
Result<std::optional<Json>> read_record(const std::filesystem::path& state_dir,
                                        const std::filesystem::path& workspace) {
    using Record = std::optional<Json>;
    if (state_dir.empty()) return Record();
    if (auto fine = check_state_dir(state_dir); !fine) return fine.error();
    const auto path = record_path(state_dir, workspace);
    const auto bytes = read_own(path);
    if (!bytes) return bytes.error();
    if (!*bytes) return Record();
    const auto record = parse_json(**bytes);
    if (!record || !record->is_object()) return Error{path.string() + ": not a trust record"};
    if (integer_or(*record, "v", 0) != kVersion) {
        return Error{path.string() + ": a trust record of version " +
                     std::to_string(integer_or(*record, "v", 0)) + "; this program knows " +
                     std::to_string(kVersion)};
    }
    if (path_from_text(string_or(*record, "workspace")) != workspace.native()) return Record();
    return Record(*record);
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
    Poco::SHA2Engine engine(Poco::SHA2Engine::SHA_256);
    engine.update(bytes.data(), bytes.size());
    return Poco::DigestEngine::digestToHex(engine.digest());
}

Result<Trust> trust_in(const std::filesystem::path& state_dir,
                       const std::filesystem::path& workspace,
                       const std::optional<FoundFile>& file) {
    const auto record = read_record(state_dir, workspace);
    if (!record) return record.error();
    if (!*record) return Trust::kNever;
    const bool same = string_or(**record, "file") == file_name(file) &&
                      string_or(**record, "sha256") == hash_of(file);
    return same ? Trust::kTrusted : Trust::kChanged;
}

bool TrustedAgents::covers(const AgentFile& file) const {
    const auto found = hashes_.find(below_workspace(file.path, workspace_));
    return found != hashes_.end() && found->second == sha256_hex(file.bytes);
}

bool TrustedAgents::knows(const std::filesystem::path& path) const {
    return hashes_.count(below_workspace(path, workspace_)) > 0;
}

bool TrustedPlugins::covers(const PluginTree& tree) const {
    const auto found = hashes_.find(below_workspace(tree.path, workspace_));
    return tree.problem.empty() && found != hashes_.end() && found->second == tree.sha256;
}

bool TrustedPlugins::knows(const std::filesystem::path& path) const {
    return hashes_.count(below_workspace(path, workspace_)) > 0;
}

namespace {

/// Hashes by path, of one member of a record.
std::map<std::string, std::string> hashes_in(const Json& member_of_record) {
    std::map<std::string, std::string> hashes;
    if (!member_of_record.is_object()) return hashes;
    for (const auto& [path, hash] : member_of_record.items())
        if (const std::string* text = string_in(hash)) hashes.emplace(path, *text);
    return hashes;
}

}  // namespace

Result<TrustedPlugins> trusted_plugins(const std::filesystem::path& state_dir,
                                       const std::filesystem::path& workspace) {
    const auto record = read_record(state_dir, workspace);
    if (!record) return record.error();
    return TrustedPlugins(workspace, *record ? hashes_in(member(**record, "plugins"))
                                             : std::map<std::string, std::string>());
}

Result<TrustedAgents> trusted_agents(const std::filesystem::path& state_dir,
                                     const std::filesystem::path& workspace) {
    const auto record = read_record(state_dir, workspace);
    if (!record) return record.error();
    return TrustedAgents(workspace, *record ? hashes_in(member(**record, "agents"))
                                            : std::map<std::string, std::string>());
}

Result<void> record_trust(const std::filesystem::path& state_dir,
                          const std::filesystem::path& workspace,
                          const std::optional<FoundFile>& file,
                          const std::vector<AgentFile>& agents,
                          const std::vector<PluginTree>& plugins) {
    const auto path = record_path(state_dir, workspace);
    if (auto made = make_state_dir(state_dir); !made) return made;
    if (auto made = make_private_dirs(path.parent_path()); !made) return made;
    Json hashes = Json::object();
    for (const AgentFile& agent : agents)
        hashes[below_workspace(agent.path, workspace)] = sha256_hex(agent.bytes);
    Json plugin_hashes = Json::object();
    for (const PluginTree& tree : plugins) {
        if (tree.problem.empty())
            plugin_hashes[below_workspace(tree.path, workspace)] = tree.sha256;
    }
    const Json record = {{"v", kVersion},
                         {"workspace", path_to_text(workspace.native())},
                         {"file", file_name(file)},
                         {"sha256", hash_of(file)},
                         {"agents", std::move(hashes)},
                         {"plugins", std::move(plugin_hashes)},
                         {"trusted_ms", wall_clock_ms()}};
    return write_file_atomically(path, dump_json(record) + "\n", Sync::kYes);
}

}  // namespace tenon::config
