#include "host/plugin/plugin.h"

#include "host/base/ids.h"
#include "host/base/utf8.h"
#include "host/plugin/config.h"
#include "host/plugin/running.h"

namespace tenon::plugin {
namespace {

constexpr std::uint32_t kMaxTools = 128;
constexpr std::size_t kMaxWords = 32 * 1024;
constexpr std::size_t kMaxTextBytes = 64U << 10U;

std::string_view view(tenon_str text) {
    return {text.p, text.n};
}

tenon_str str(std::string_view text) {
    return {text.data(), text.size()};
}

Refusal defect(std::string reason) {
    return {std::move(reason), "tell whoever made the plugin; it has to be built anew"};
}

/// Everything up to invoke has been there from the beginning.
bool is_complete(const tenon_plugin& library) {
    return TENON_HAS(&library, invoke) && library.create != nullptr && library.destroy != nullptr &&
           library.tools != nullptr && library.invoke != nullptr;
}

Result<Json> parsed_schema(std::string_view text) {
    if (text.size() > kMaxTextBytes) return Error{"more than 64 KiB of schema"};
    return parse_json(text);
}

Result<PluginTool, Refusal> tool_from(const tenon_tool* tool, const PluginOrigin& origin) {
    if (tool == nullptr || !TENON_HAS(tool, input_schema))
        return defect("a tool it lists is null or incomplete");
    const std::string name(view(tool->name));
    if (!is_tool_name(name))
        return defect("'" + utf8::repair(name) + "' is no name for a tool: [a-z][a-z0-9_]{0,63}");
    const std::string description(view(tool->description));
    if (description.empty() || description.size() > kMaxTextBytes || !utf8::is_valid(description))
        return defect("the description of " + name + " is empty, too long or not UTF-8");
    auto schema_json = parsed_schema(view(tool->input_schema));
    if (!schema_json)
        return defect("the input schema of " + name + ": " + schema_json.error().message);
    auto schema = Schema::compile_tool_input(*schema_json);
    if (!schema) return defect("the input schema of " + name + ": " + schema.error().message);

    const auto has = [&](std::uint32_t flag) { return (tool->flags & flag) != 0; };
    agent::ToolSpec spec{name,
                         description,
                         std::move(*schema_json),
                         origin.id,
                         origin.first_party,
                         has(TENON_READ_ONLY),
                         has(TENON_CONCURRENT),
                         has(TENON_LONG_RUNNING)};
    return PluginTool{std::move(spec), std::move(*schema)};
}

/// The configuration as JSON, checked; the remedy names the keys to mend.
Result<std::string, Refusal> checked_config(const tenon_plugin& library, const PluginOrigin& origin,
                                            const std::map<std::string, std::string>& own) {
    Json schema_json = {{"type", "object"}};
    if (library.config_schema.n > 0) {
        auto parsed = parsed_schema(view(library.config_schema));
        if (!parsed) return defect("its configuration schema: " + parsed.error().message);
        schema_json = std::move(*parsed);
    }
    auto schema = Schema::compile(schema_json);
    if (!schema) return defect("its configuration schema: " + schema.error().message);
    const Json config = config_json(own, schema_json);
    if (auto fits = schema->check(config); !fits)
        return Refusal{"its configuration: " + fits.error().message,
                       "change plugins." + origin.id + ".* in the configuration"};
    return dump_json(config);
}

}  // namespace

/// The host as this plugin sees it.
struct Plugin::HostFace : tenon_host {
    HostFace(const PluginOrigin& origin, const plugins::Services& services_, LogSink log_sink)
        : tenon_host{},
          services(services_),
          sink(std::move(log_sink)),
          id(origin.id),
          first_party(origin.first_party),
          folder(origin.file.parent_path().string()),
          workspace_text(origin.workspace) {
        size = sizeof(tenon_host);
        abi_major = TENON_ABI_MAJOR;
        abi_minor = TENON_ABI_MINOR;
        version = str(TENON_VERSION);
        plugin_dir = str(folder);
        workspace = str(workspace_text);
        log = [](const tenon_host* host, std::int32_t level, tenon_str message) noexcept {
            const auto& face = static_cast<const HostFace&>(*host);
            if (face.sink) face.sink(face.id, level, utf8::repair(view(message)));
        };
        request = [](const tenon_host* host, const tenon_call* call, tenon_str method,
                     tenon_str params, tenon_str body, tenon_sink out) noexcept -> tenon_rc {
            const auto& face = static_cast<const HostFace&>(*host);
            const plugins::ServiceReply reply =
                face.services.request(face.id, face.first_party, view(method), view(params),
                                      view(body), LiveCall::context_of(call));
            if (out.put != nullptr) out.put(out.ctx, str(reply.out));
            return reply.rc;
        };
        extension = [](const tenon_host*, const char*) noexcept -> const void* { return nullptr; };
    }

    const plugins::Services& services;
    LogSink sink;
    std::string id;
    bool first_party;
    std::string folder;
    std::string workspace_text;
};

Plugin::Plugin(const tenon_plugin* library, PluginOrigin origin)
    : library_(library),
      origin_(std::move(origin)),
      version_(utf8::repair(view(library->version))) {}

Plugin::~Plugin() {
    if (!created_) return;
    const Running running(origin_.id);
    library_->destroy(instance_);
}

Result<std::unique_ptr<Plugin>, Refusal> Plugin::create(
    const tenon_plugin* library, PluginOrigin origin,
    const std::map<std::string, std::string>& config, const plugins::Services& services,
    LogSink log) {
    if (library == nullptr || !TENON_HAS(library, abi_minor))
        return defect("tenon_plugin_v1 returned no plugin");
    if (library->abi_major != TENON_ABI_MAJOR || library->abi_minor != TENON_ABI_MINOR)
        return defect("its note and its code name different ABIs");
    if (!is_complete(*library))
        return defect("its tenon_plugin is incomplete: too short, or a function is missing");
    if (view(library->id) != origin.id)
        return defect("its note says " + origin.id + ", its code " +
                      utf8::repair(view(library->id)));
    auto config_text = checked_config(*library, origin, config);
    if (!config_text) return config_text.error();

    std::unique_ptr<Plugin> plugin(new Plugin(library, std::move(origin)));
    plugin->host_ = std::make_unique<HostFace>(plugin->origin_, services, std::move(log));
    std::string why;
    const tenon_sink error{&why, [](void* to, tenon_str chunk) noexcept {
                               static_cast<std::string*>(to)->append(view(chunk));
                           }};
    tenon_rc rc = TENON_FAULT;
    try {
        const Running running(plugin->origin_.id);
        rc = library->create(plugin->host_.get(), str(*config_text), &plugin->instance_, error);
    } catch (...) {
        why = "an exception left its create function";
    }
    if (rc != TENON_OK) {
        return Refusal{
            "it does not start: " + (why.empty() ? "no reason given" : utf8::repair(why)),
            "see what it needs, or set plugins." + plugin->id() + ".enabled=false"};
    }
    plugin->created_ = true;
    if (TENON_HAS(library, extension) && library->extension != nullptr) {
        const Running running(plugin->origin_.id);
        plugin->context_ =
            static_cast<const tenon_context*>(library->extension(plugin->instance_, TENON_CONTEXT));
    }
    if (auto read = plugin->read_tools(); !read) return read.error();
    return plugin;
}

Result<void, Refusal> Plugin::read_tools() {
    const tenon_tool* const* list = nullptr;
    std::uint32_t count = 0;
    try {
        const Running running(origin_.id);
        if (library_->tools(instance_, &list, &count) != TENON_OK)
            return defect("it could not list its tools");
    } catch (...) {
        return defect("an exception left its tools function");
    }
    if (count > kMaxTools || (count > 0 && list == nullptr))
        return defect("it lists " + std::to_string(count) + " tools; at most 128 are taken");
    for (std::uint32_t i = 0; i < count; ++i) {
        auto tool = tool_from(list[i], origin_);
        if (!tool) return tool.error();
        for (const PluginTool& other : tools_)
            if (other.spec.name == tool->spec.name)
                return defect("it lists the tool " + other.spec.name + " twice");
        tools_.push_back(std::move(*tool));
    }
    return {};
}

void Plugin::begin_session(const std::string& session, const std::string& reason) {
    if (context_ == nullptr || !TENON_HAS(context_, begin) || context_->begin == nullptr) return;
    const std::string info = dump_json(Json{{"session", session}, {"reason", reason}});
    try {
        const Running running(origin_.id);
        context_->begin(instance_, str(info));
    } catch (...) {
        ++faults_;
    }
}

std::string Plugin::words(void (*tenon_context::*function)(void*, tenon_sink)) {
    // `carry` is the last function of the first revision: all or none of them are there.
    if (context_ == nullptr || !TENON_HAS(context_, carry) || context_->*function == nullptr)
        return {};
    std::string text;
    const tenon_sink out{&text, [](void* to, tenon_str chunk) noexcept {
                             static_cast<std::string*>(to)->append(view(chunk));
                         }};
    try {
        const Running running(origin_.id);
        (context_->*function)(instance_, out);
    } catch (...) {
        ++faults_;
        return {};
    }
    return utf8::repair(std::string_view(text).substr(0, kMaxWords));
}

tenon_rc Plugin::invoke(LiveCall& call) {
    tenon_rc rc = TENON_FAULT;
    try {
        const Running running(origin_.id);
        rc = library_->invoke(instance_, &call);
    } catch (...) {  // it broke the rules of the border; what it did is unknown
        rc = TENON_FAULT;
    }
    if (rc < TENON_OK || rc > TENON_FAULT) rc = TENON_FAULT;
    if (rc == TENON_FAULT) ++faults_;
    return rc;
}

}  // namespace tenon::plugin
