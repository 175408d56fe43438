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
    auto instance =
        plugin::LocalInstance::create(**opened,
                                      {created->id(), created->file().parent_path().string(),
                                       created->origin_.workspace, checked->json},
                                      created->host_);
    if (!instance) return instance.error();
    created->instance_ = std::move(*instance);
    if (auto tools = created->make_tools(); !tools) return tools.error();
    return created;
}

Result<void, Refusal> Plugin::make_tools() {
    for (const plugin::ToolDeclaration& declaration : instance_->tools()) {
        auto tool = PluginTool::make(declaration, id(), first_party(), *instance_, host_);
        if (!tool) return tool.error();
        for (const auto& other : tools_)
            if (other->spec().name == declaration.name)
                return plugin::invalid_plugin("it lists the tool " + declaration.name + " twice");
        tools_.push_back(std::move(*tool));
    }
    return {};
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
