#include "host/plugin/local_instance.h"

#include "host/base/json.h"
#include "host/base/utf8.h"
#include "host/plugin/library.h"
#include "host/plugin/local_call.h"
#include "host/plugin/running.h"
#include "host/plugin/sudden_end.h"

namespace tenon::plugin {
namespace {

std::string_view view(tenon_str text) {
    return {text.p, text.n};
}

tenon_str str(std::string_view text) {
    return {text.data(), text.size()};
}

tenon_sink append_to(std::string& text) {
    return {&text, [](void* to, tenon_str chunk) noexcept {
                static_cast<std::string*>(to)->append(view(chunk));
            }};
}

/// For messages about a hook that crashes or hangs.
const char* words_for(Hook hook) {
    switch (hook) {
        case Hook::kBegin:
            return "its hook begin";
        case Hook::kSystemPrompt:
            return "its hook system_prompt";
        case Hook::kRemind:
            return "its hook remind";
        case Hook::kCarry:
            return "its hook carry";
        case Hook::kTasks:
            return "its hook tasks";
        case Hook::kPrompts:
            return "its list of prompts";
        case Hook::kPrompt:
            return "the text of a prompt";
    }
    return "a hook";
}

ToolDeclaration declaration_of(const tenon_tool& tool) {
    return {std::string(view(tool.name)), std::string(view(tool.description)),
            std::string(view(tool.input_schema)), tool.flags,
            TENON_HAS(&tool, facts) ? std::string(view(tool.facts)) : std::string()};
}

}  // namespace

/// The tenon_host that the plugin gets. A request is passed to the CallPort of the call that the
/// plugin names, else to the HostPort.
struct LocalInstance::HostTable : tenon_host {
    HostTable(const InstanceOptions& options, HostPort& port_) : tenon_host{}, port(port_) {
        size = sizeof(tenon_host);
        abi_major = TENON_ABI_MAJOR;
        abi_minor = TENON_ABI_MINOR;
        version = str(TENON_VERSION);
        plugin_dir = str(options.plugin_dir);
        workspace = str(options.workspace);
        state_dir = str(options.state_dir);
        log = [](const tenon_host* host, std::int32_t level, tenon_str message) noexcept {
            static_cast<const HostTable*>(host)->port.log(level, view(message));
        };
        request = [](const tenon_host* host, const tenon_call* call, tenon_str method,
                     tenon_str params, tenon_str body, tenon_sink out) noexcept -> tenon_rc {
            std::string answer;
            const auto ask = [&](auto& asked) {
                const RunningHost running;
                return asked.request(view(method), view(params), view(body), answer);
            };
            CallPort* const running = LocalCall::port_of(call);
            const tenon_rc rc =
                running != nullptr ? ask(*running) : ask(static_cast<const HostTable*>(host)->port);
            if (out.put != nullptr) out.put(out.ctx, str(answer));
            return rc;
        };
        extension = [](const tenon_host*, const char*) noexcept -> const void* { return nullptr; };
    }

    HostPort& port;
};

LocalInstance::LocalInstance(const tenon_plugin& library, InstanceOptions options, HostPort& host)
    : library_(library),
      options_(std::move(options)),
      host_(std::make_unique<HostTable>(options_, host)) {}

LocalInstance::~LocalInstance() {
    if (!created_) return;
    const RunningPlugin running(options_.id, "its function destroy", &session_);
    try {
        library_.destroy(self_);
    } catch (...) {  // the plugin broke the rules of the ABI
        host_->port.log(TENON_LOG_ERROR, "an exception left its destroy function");
    }
}

Result<std::unique_ptr<LocalInstance>, Refusal> LocalInstance::create(const tenon_plugin& library,
                                                                      InstanceOptions options,
                                                                      HostPort& host) {
    std::unique_ptr<LocalInstance> instance(new LocalInstance(library, std::move(options), host));
    if (auto started = instance->start(); !started) return started.error();
    watch_exit_before_new_handlers();
    instance->find_hooks();
    if (auto read = instance->refresh_tools(); !read) return read.error();
    return instance;
}

Result<void, Refusal> LocalInstance::start() {
    std::string why;
    try {
        const RunningPlugin running(options_.id, "its function create");
        created_ =
            library_.create(host_.get(), str(options_.config), &self_, append_to(why)) == TENON_OK;
    } catch (...) {
        why = "an exception left its create function";
    }
    if (created_) return {};
    return Refusal{"it does not start: " + (why.empty() ? "no reason given" : utf8::repair(why)),
                   "check what it needs, or set plugins." + options_.id + ".enabled=false"};
}

void LocalInstance::find_hooks() {
    if (!TENON_HAS(&library_, extension) || library_.extension == nullptr) return;
    const RunningPlugin running(options_.id, "its function extension");
    try {
        hooks_ = static_cast<const tenon_context*>(library_.extension(self_, TENON_CONTEXT));
        const auto* prompts =
            static_cast<const tenon_prompts*>(library_.extension(self_, TENON_PROMPTS));
        // A plugin may answer any id with its one table.
        const bool usable = prompts != nullptr && static_cast<const void*>(prompts) != hooks_ && TENON_HAS(prompts, text) &&
                            prompts->list != nullptr && prompts->text != nullptr;
        prompts_ = usable ? prompts : nullptr;
    } catch (...) {  // the plugin broke the rules of the ABI
        ++faults_;
    }
}

Result<std::vector<ToolDeclaration>, Refusal> LocalInstance::read_tools() {
    const tenon_tool* const* list = nullptr;
    std::uint32_t count = 0;
    try {
        const RunningPlugin running(options_.id, "its function tools");
        if (library_.tools(self_, &list, &count) != TENON_OK)
            return invalid_plugin("it could not list its tools");
    } catch (...) {
        return invalid_plugin("an exception left its tools function");
    }
    if (count > kMaxTools || (count > 0 && list == nullptr))
        return invalid_plugin("it lists " + std::to_string(count) +
                              " tools; at most 128 are taken");
    std::vector<ToolDeclaration> read;
    for (std::uint32_t i = 0; i < count; ++i) {
        if (list[i] == nullptr || !TENON_HAS(list[i], input_schema))
            return invalid_plugin("a tool it lists is null or incomplete");
        read.push_back(declaration_of(*list[i]));
    }
    return read;
}

Result<void, Refusal> LocalInstance::refresh_tools() {
    auto read = read_tools();
    if (!read) return read.error();
    tools_ = std::move(*read);
    return {};
}

Result<void> LocalInstance::reconfigure(const std::string& config) {
    if (!TENON_HAS(&library_, reconfigure) || library_.reconfigure == nullptr)
        return Error{"it takes new configuration only when it is loaded"};
    std::string why;
    tenon_rc rc = TENON_FAULT;
    try {
        const RunningPlugin running(options_.id);
        rc = library_.reconfigure(self_, str(config), append_to(why));
    } catch (...) {
        ++faults_;
        why = "an exception left its reconfigure function";
    }
    if (rc == TENON_OK) return {};
    return Error{why.empty() ? "it gave no reason" : utf8::repair(why)};
}

template <class Function>
std::string LocalInstance::text_from(const char* name, Function hook) {
    std::string text;
    try {
        const RunningPlugin running(options_.id, name, &session_);
        hook(append_to(text));
        return text;
    } catch (...) {
        ++faults_;
        return {};
    }
}

/// Null when the plugin does not have this hook. `begin` has another form.
LocalInstance::TextHook LocalInstance::text_hook(Hook hook) const {
    // `carry` is the last member of the first revision: a table has all of them or none.
    if (hooks_ == nullptr || !TENON_HAS(hooks_, carry)) return nullptr;
    if (hook == Hook::kTasks && !TENON_HAS(hooks_, tasks)) return nullptr;
    return hook == Hook::kSystemPrompt ? hooks_->system_prompt
           : hook == Hook::kRemind     ? hooks_->remind
           : hook == Hook::kTasks      ? hooks_->tasks
                                       : hooks_->carry;
}

bool LocalInstance::has_hook(Hook hook) const {
    if (hook == Hook::kPrompts || hook == Hook::kPrompt) return prompts_ != nullptr;
    if (hook != Hook::kBegin) return text_hook(hook) != nullptr;
    return hooks_ != nullptr && TENON_HAS(hooks_, begin) && hooks_->begin != nullptr;
}

/// Calls of subagents may run and read the session, so it is set once, by the first `begin`.
void LocalInstance::note_session(const std::string& input) {
    if (!session_.empty()) return;
    if (const auto session = parse_json(input)) session_ = string_or(*session, "session");
}

std::string LocalInstance::run_hook(Hook hook, const std::string& input) {
    if (hook == Hook::kBegin) note_session(input);
    if (!has_hook(hook)) return {};
    if (hook == Hook::kBegin)
        return text_from(words_for(hook), [&](tenon_sink) { hooks_->begin(self_, str(input)); });
    return text_from(words_for(hook), [&](tenon_sink out) {
        if (hook == Hook::kPrompt) return prompts_->text(self_, str(input), out);
        if (hook == Hook::kPrompts) return prompts_->list(self_, out);
        text_hook(hook)(self_, out);
    });
}

tenon_rc LocalInstance::invoke(const std::string& tool, const std::string& arguments,
                               CallPort& call) {
    const auto live = LocalCall::make(tool, arguments, call);
    if (!live) {
        call.write("Error: " + live.error().message);
        return TENON_FAILED;
    }
    tenon_rc rc = TENON_FAULT;
    try {
        const RunningPlugin running(options_.id, tool, &session_);
        rc = library_.invoke(self_, live->get());
    } catch (...) {  // the plugin broke the rules of the ABI
        rc = TENON_FAULT;
    }
    if (rc < TENON_OK || rc > TENON_FAULT) rc = TENON_FAULT;
    if (rc == TENON_FAULT) ++faults_;
    return rc;
}

}  // namespace tenon::plugin
