#include "host/plugins/plugin.h"

#include "host/base/utf8.h"
#include "host/plugin/library.h"
#include "host/plugin/local_instance.h"
#include "host/plugins/config.h"

namespace tenon::plugins {
namespace {

using plugin::Refusal;

constexpr std::size_t kMaxHookText = 32 * 1024;

std::string_view view(tenon_str text) {
    return {text.p, text.n};
}

}  // namespace

Result<std::unique_ptr<Plugin>, Refusal> Plugin::open(
    const std::filesystem::path& library, PluginOrigin origin,
    const std::map<std::string, std::string>& config, const Services& services, LogSink log) {
    const auto opened = plugin::open_library(library, origin.id);
    if (!opened) return opened.error();
    auto checked =
        checked_config(view((*opened)->config_schema), origin.id, config, origin.key_origins);
    if (!checked) return checked.error();

    std::unique_ptr<Plugin> created(new Plugin(std::move(origin), services, std::move(log)));
    created->version_ = utf8::repair(view((*opened)->version));
    created->warnings_ = std::move(checked->warnings);
    created->config_schema_ = view((*opened)->config_schema);
    created->config_ = checked->json;
    auto instance = plugin::LocalInstance::create(
        **opened,
        {created->id(), created->file().parent_path().string(), created->origin_.workspace,
         checked->json, created->origin_.state_dir},
        created->host_);
    if (!instance) return instance.error();
    created->instance_ = std::move(*instance);
    auto tools = created->make_tools();
    if (!tools) return tools.error();
    created->tools_ = std::move(*tools);
    return created;
}

Result<std::unique_ptr<Plugin>, ProcessFailure> Plugin::open_isolated(
    IsolatedOptions options, std::optional<KnownPlugin> known, PluginOrigin origin,
    std::map<std::string, std::string> config, const Services& services, LogSink log) {
    origin.isolated = true;
    std::unique_ptr<Plugin> created(new Plugin(std::move(origin), services, std::move(log)));
    options.max_result_bytes = kMaxResultBytes;
    options.config = [plugin = created.get(), own = std::move(config)](
                         std::string_view schema) -> Result<std::string, Refusal> {
        auto checked = checked_config(schema, plugin->id(), own, plugin->origin_.key_origins);
        if (!checked) return checked.error();
        plugin->warnings_ = std::move(checked->warnings);
        return std::move(checked->json);
    };
    auto instance = IsolatedInstance::open(std::move(options), std::move(known), created->host_);
    if (!instance) return instance.error();
    created->version_ = utf8::repair((*instance)->version());
    created->config_schema_ = (*instance)->config_schema();
    created->config_ = (*instance)->config();
    created->instance_ = std::move(*instance);
    auto tools = created->make_tools();
    if (!tools) return ProcessFailure{ProcessFailure::Kind::kRefused, tools.error()};
    created->tools_ = std::move(*tools);
    return created;
}

Result<std::vector<std::unique_ptr<PluginTool>>, Refusal> Plugin::make_tools() {
    std::vector<std::unique_ptr<PluginTool>> tools;
    for (const plugin::ToolDeclaration& declaration : instance_->tools()) {
        auto tool = PluginTool::make(declaration, id(), first_party(), *instance_, lock_, host_);
        if (!tool) return tool.error();
        for (const auto& other : tools)
            if (other->spec().name == declaration.name)
                return plugin::invalid_plugin("it lists the tool " + declaration.name + " twice");
        tools.push_back(std::move(*tool));
    }
    return tools;
}

Result<std::vector<std::unique_ptr<PluginTool>>, Refusal> Plugin::fresh_tools() {
    if (auto refreshed = instance_->refresh_tools(); !refreshed) return refreshed.error();
    return make_tools();
}

std::vector<std::string> Plugin::warnings() const {
    std::vector<std::string> all = origin_.warnings;
    all.insert(all.end(), warnings_.begin(), warnings_.end());
    return all;
}

Result<bool, Refusal> Plugin::reconfigure(const std::map<std::string, std::string>& config,
                                          const std::map<std::string, std::string>& origins) {
    auto checked = checked_config(config_schema_, id(), config, origins);
    if (!checked) return checked.error();
    warnings_ = std::move(checked->warnings);
    if (checked->json == config_) return false;
    if (auto taken = instance_->reconfigure(checked->json); !taken)
        return Refusal{taken.error().message,
                       "it has the new configuration when tenon starts again"};
    config_ = std::move(checked->json);
    return true;
}

void Plugin::begin_session(const std::string& session, const std::string& reason) {
    instance_->run_hook(plugin::Hook::kBegin,
                        dump_json(Json{{"session", session}, {"reason", reason}}));
}

std::string Plugin::text_of(plugin::Hook hook) {
    const std::string text = instance_->run_hook(hook, {});
    return utf8::repair(std::string_view(text).substr(0, kMaxHookText));
}

}  // namespace tenon::plugins
