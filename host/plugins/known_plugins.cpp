#include "host/plugins/known_plugins.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "host/base/atomic_file.h"
#include "host/base/json.h"
#include "host/base/private_dirs.h"

namespace tenon::plugins {
namespace {

namespace fs = std::filesystem;
using plugin::Hook;

constexpr std::size_t kMaxKnownFile = 16U << 20U;  // 128 tools with schemas of 64 KiB
/// A plugin that is built again and again leaves one file each time.
constexpr std::size_t kMaxKnownOfOnePlugin = 8;

Json json_of_tools(const std::vector<plugin::ToolDeclaration>& tools) {
    Json out = Json::array();
    for (const auto& tool : tools)
        out.push_back({{"name", tool.name},
                       {"description", tool.description},
                       {"input_schema", tool.input_schema},
                       {"flags", tool.flags},
                       {"facts", tool.facts}});
    return out;
}

std::vector<plugin::ToolDeclaration> tools_of(const Json& list) {
    std::vector<plugin::ToolDeclaration> out;
    for (const Json& tool : list)
        out.push_back({string_or(tool, "name"), string_or(tool, "description"),
                       string_or(tool, "input_schema"),
                       static_cast<std::uint32_t>(integer_or(tool, "flags", 0)),
                       string_or(tool, "facts")});
    return out;
}

std::vector<Hook> hooks_of(const Json& list) {
    std::vector<Hook> out;
    for (const std::string& name : strings_in(list)) {
        const auto* const found =
            std::find(std::begin(plugin::kHookNames), std::end(plugin::kHookNames), name);
        if (found != std::end(plugin::kHookNames))
            out.push_back(static_cast<Hook>(found - std::begin(plugin::kHookNames)));
    }
    return out;
}

using Extent = KnownPlugin::Extent;

Extent extent_of(const Json& json) {
    const std::string text = string_or(json, "extent");
    if (text == "nothing") return Extent::kNothing;
    return text == "statement" ? Extent::kStatement : Extent::kTools;
}

plugin::Refusal refusal_in(const Json& json) {
    return {string_or(json, "reason"), string_or(json, "remedy")};
}

Json json_of(const plugin::Refusal& refusal) {
    return {{"reason", refusal.reason}, {"remedy", refusal.remedy}};
}

}  // namespace

std::optional<KnownPlugin> KnownPlugins::find(const std::string& id,
                                              const std::string& hash) const {
    const auto text = read_whole_file(file_of(id, hash), kMaxKnownFile);
    if (!text) return std::nullopt;
    const Json json = json_or_null(*text);
    if (integer_or(json, "v", 0) != 1 || string_or(json, "host") != TENON_VERSION)
        return std::nullopt;
    KnownPlugin known;
    known.config_hash = string_or(json, "config_hash");
    if (const Json& refusal = member(json, "refusal"); refusal.is_object()) {
        known.refusal = refusal_in(refusal);
        return known;
    }
    known.extent = extent_of(json);
    if (const Json& left_out = member(json, "left_out"); left_out.is_object())
        known.left_out = {refusal_in(left_out), string_or(left_out, "config")};
    if (!member(json, "tools").is_array()) return std::nullopt;
    known.version = string_or(json, "version");
    known.config_schema = string_or(json, "config_schema");
    known.tools = tools_of(member(json, "tools"));
    known.hooks = hooks_of(member(json, "hooks"));
    return known;
}

void KnownPlugins::remember(const std::string& id, const std::string& hash,
                            const KnownPlugin& plugin) const {
    Json json = {{"v", 1}, {"host", TENON_VERSION}, {"config_hash", plugin.config_hash}};
    if (plugin.refusal) {
        json["refusal"] = json_of(*plugin.refusal);
    } else {
        json["version"] = plugin.version;
        json["config_schema"] = plugin.config_schema;
        json["tools"] = json_of_tools(plugin.tools);
        Json hooks = Json::array();
        for (const Hook hook : plugin.hooks)
            hooks.push_back(plugin::name_of(hook));
        json["hooks"] = std::move(hooks);
        if (plugin.extent == Extent::kNothing) json["extent"] = "nothing";
        if (plugin.extent == Extent::kStatement) json["extent"] = "statement";
        if (plugin.left_out) {
            Json left_out = json_of(plugin.left_out->why);
            left_out["config"] = plugin.left_out->config;
            json["left_out"] = std::move(left_out);
        }
    }
    std::ignore = make_private_dirs(folder_);
    std::ignore = write_file_atomically(file_of(id, hash), dump_json(json), Sync::kNo);
    remove_oldest(id);
}

std::optional<plugin::Refusal> KnownPlugins::refusal_of_broken(const std::string& id,
                                                               const std::string& hash,
                                                               const KnownPlugin& plugin,
                                                               const std::string& config) const {
    if (!plugin.refusal) return std::nullopt;
    if (!plugin.config_hash.empty() && plugin.config_hash != config) return std::nullopt;
    return plugin::Refusal{
        plugin.refusal->reason + "; so it was the first time, and it is not tried again",
        "replace the file, or remove " + file_of(id, hash).string() +
            " to have it tried once more"};
}

void KnownPlugins::remember_left_out(const std::string& id, const std::string& hash,
                                     const plugin::Refusal& why, const std::string& config) const {
    const auto before = find(id, hash);
    if (before && before->refusal) return;  // that says more
    KnownPlugin now;
    if (before) {
        now = *before;
    } else {
        now.extent = Extent::kNothing;
    }
    now.left_out = {why, config};
    if (now != before) remember(id, hash, now);
}

void KnownPlugins::remove_oldest(const std::string& id) const {
    std::vector<std::pair<fs::file_time_type, fs::path>> files;
    std::error_code error;
    for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
        std::error_code gone;
        const auto time = fs::last_write_time(it->path(), gone);
        if (!gone && it->path().filename().string().starts_with(id + "."))
            files.emplace_back(time, it->path());
    }
    if (files.size() <= kMaxKnownOfOnePlugin) return;
    std::sort(files.begin(), files.end());
    for (std::size_t i = 0; i + kMaxKnownOfOnePlugin < files.size(); ++i)
        fs::remove(files[i].second, error);
}

}  // namespace tenon::plugins
