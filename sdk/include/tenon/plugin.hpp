// SPDX-License-Identifier: Apache-2.0
//
// A header-only C++17 layer over tenon/plugin.h. A complete plugin:
//
//     #include <tenon/plugin.hpp>
//
//     struct Hello : tenon::Plugin {
//         using Plugin::Plugin;
//         void setup(tenon::JsonView) override {
//             tool("hello", "Greets somebody by name.",
//                  R"({"type":"object","properties":{"name":{"type":"string"}},"required":["name"]})",
//                  TENON_READ_ONLY | TENON_CONCURRENT, [](tenon::Call& call) {
//                      call.write("Hello, " + call.args().text("name") + "!");
//                  });
//         }
//     };
//     TENON_PLUGIN(Hello, "hello", "1.0.0")
//
// No exception leaves a plugin: one that leaves a tool becomes a failed result. Debug builds
// (NDEBUG not defined) stop with a message when a call is used after its invoke has returned.
#ifndef TENON_PLUGIN_HPP
#define TENON_PLUGIN_HPP

#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tenon/json.hpp>
#include <tenon/plugin.h>

#ifndef NDEBUG
#include <atomic>
#include <cstdlib>
#endif

namespace tenon {
inline namespace sdk_1_0 {

namespace detail {

inline tenon_str str(std::string_view text) noexcept {
    return {text.data(), text.size()};
}
inline std::string_view view(tenon_str text) noexcept {
    return {text.p, text.n};
}

inline void append_to_string(void* out, tenon_str chunk) noexcept {
    static_cast<std::string*>(out)->append(view(chunk));
}

}  // namespace detail

/// A tool throws it to return a failure. The text is for the model and says what to do. A tool that
/// stops because its call was cancelled throws one with TENON_CANCELLED.
class Failure : public std::runtime_error {
public:
    explicit Failure(const std::string& text, tenon_rc rc = TENON_FAILED)
        : std::runtime_error(text), rc_(rc) {}
    [[nodiscard]] tenon_rc rc() const noexcept { return rc_; }

private:
    tenon_rc rc_;
};

/// The reply of the host: JSON (or raw bytes) if ok, else an explanation that a model may be shown.
struct Reply {
    tenon_rc rc = TENON_OK;
    std::string text;

    [[nodiscard]] bool ok() const noexcept { return rc == TENON_OK; }
    /// The answer as an object; throws Failure with the host's explanation when there is none.
    /// A view into `text`.
    [[nodiscard]] JsonView json() const& {
        if (!ok()) throw Failure(text, rc);
        return JsonView(text);
    }
    JsonView json() && = delete;
};

class Call;

/// The host, as a plugin uses it. Cheap to copy; valid until the plugin is destroyed; thread-safe.
class Host {
public:
    explicit Host(const tenon_host* host) noexcept : host_(host) {}

    [[nodiscard]] std::string_view version() const noexcept { return detail::view(host_->version); }
    [[nodiscard]] std::string_view workspace() const noexcept {
        return detail::view(host_->workspace);
    }
    [[nodiscard]] std::string_view plugin_dir() const noexcept {
        return detail::view(host_->plugin_dir);
    }

    void log(int level, std::string_view message) const noexcept {
        host_->log(host_, level, detail::str(message));
    }
    /// A request outside a call. Most methods need a call: use Call::request.
    [[nodiscard]] Reply request(std::string_view method, std::string_view params = "{}",
                                std::string_view body = {}) const {
        return ask(nullptr, method, params, body);
    }
    [[nodiscard]] inline Reply request(const Call& call, std::string_view method,
                                       std::string_view params = "{}",
                                       std::string_view body = {}) const;
    /// A table of functions; null if this host does not have it.
    template <class Table>
    [[nodiscard]] const Table* extension(const char* id) const noexcept {
        return static_cast<const Table*>(host_->extension(host_, id));
    }

private:
    Reply ask(const tenon_call* call, std::string_view method, std::string_view params,
              std::string_view body) const {
        Reply reply;
        reply.rc = host_->request(host_, call, detail::str(method), detail::str(params),
                                  detail::str(body), {&reply.text, detail::append_to_string});
        return reply;
    }

    const tenon_host* host_;
};

/// One running call. Valid until the function of the tool returns. Any thread may use it.
class Call {
public:
    Call(Host host, const tenon_call* call) noexcept : host_(host), call_(call) {}
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
#ifndef NDEBUG
    ~Call() {
        alive_.store(0);
    }
#endif

    [[nodiscard]] JsonView args() const noexcept {
        return JsonView(detail::view(raw()->args));
    }
    [[nodiscard]] std::string_view tool() const noexcept {
        return detail::view(raw()->tool);
    }
    [[nodiscard]] std::uint64_t id() const noexcept {
        return raw()->id;
    }

    /// Appends to the result. False if much more has been written than is kept: stop.
    bool write(std::string_view text) const noexcept {
        return raw()->write(raw(), detail::str(text)) == TENON_OK;
    }
    /// One short line for a person who waits.
    void progress(std::string_view note) const noexcept {
        raw()->progress(raw(), detail::str(note));
    }

    [[nodiscard]] bool cancelled() const noexcept {
        return raw()->cancelled(raw()) != 0;
    }
    /// Becomes readable when the call is cancelled.
    [[nodiscard]] int cancel_fd() const noexcept {
        return raw()->cancel_fd;
    }

    [[nodiscard]] Reply request(std::string_view method, std::string_view params = "{}",
                                std::string_view body = {}) const {
        return host_.request(*this, method, params, body);
    }

    /// The struct of the C header.
    [[nodiscard]] const tenon_call* raw() const noexcept {
#ifndef NDEBUG
        if (alive_.load() != kAlive) {
            host_.log(TENON_LOG_ERROR, "a call was used after its invoke had returned");
            std::abort();
        }
#endif
        return call_;
    }

private:
    Host host_;
    const tenon_call* call_;
#ifndef NDEBUG
    static constexpr std::uint32_t kAlive = 0x7E707;
    std::atomic<std::uint32_t> alive_{kAlive};
#endif
};

inline Reply Host::request(const Call& call, std::string_view method, std::string_view params,
                           std::string_view body) const {
    return ask(call.raw(), method, params, body);
}

/// What a tool states about itself for the host: see FACTS OF A TOOL in plugin.h for the meaning of
/// each. `Plugin::tool` returns it; state the facts in `setup`.
class Facts {
public:
    explicit Facts(tenon_tool& tool) noexcept : tool_(tool) {}
    Facts(const Facts&) = delete;
    Facts& operator=(const Facts&) = delete;

    Facts& subject(std::string_view text) { return state("subject", text); }
    Facts& command(std::string_view argument, std::string_view directory = {}) {
        if (!directory.empty()) state("directory", directory);
        return state("command", argument);
    }
    Facts& reads(const std::vector<std::string>& arguments) {
        json_.texts("reads", arguments);
        return update();
    }
    Facts& writes(const std::vector<std::string>& arguments) {
        json_.texts("writes", arguments);
        return update();
    }
    Facts& pattern(std::string_view argument) { return state("pattern", argument); }

    Facts& shows_nothing() { return state("result", "nothing"); }
    Facts& shows_line_count() { return state("result", "line_count"); }
    Facts& shows_command_output() { return state("result", "command"); }
    Facts& shows_diff() { return state("result", "diff"); }
    Facts& shows_checklist(std::string_view items) {
        return state("result", "checklist").state("items", items);
    }
    /// `before` and `everywhere` may be empty.
    Facts& shows_change(std::string_view before, std::string_view after,
                        std::string_view everywhere = {}) {
        if (!before.empty()) state("before", before);
        if (!everywhere.empty()) state("everywhere", everywhere);
        return state("result", "change").state("after", after);
    }

    Facts& not_for_subagents() {
        json_.boolean("for_subagents", false);
        return update();
    }
    Facts& no_question() {
        json_.boolean("no_question", true);
        return update();
    }
    Facts& conversation_only() {
        json_.boolean("conversation_only", true);
        return update();
    }
    Facts& rules(std::string_view group, std::string_view argument) {
        return state("rules", group).state("rule_name", argument);
    }
    Facts& recovered(std::string_view answer) { return state("recovered", answer); }

private:
    Facts& state(std::string_view key, std::string_view value) {
        json_.text(key, value);
        return update();
    }
    Facts& update() {
        text_ = json_.json();
        tool_.facts = detail::str(text_);
        return *this;
    }

    tenon_tool& tool_;
    JsonObject json_;
    std::string text_;
};

/// The base class of a plugin: state the tools in `setup`, and write TENON_PLUGIN once.
class Plugin {
public:
    /// Runs one call. What it writes is the result; an exception is a failure.
    using Function = std::function<void(Call&)>;

    explicit Plugin(Host host) : host_(host) {}
    virtual ~Plugin() = default;
    Plugin(const Plugin&) = delete;
    Plugin& operator=(const Plugin&) = delete;

    /// Called once, before anything else. After an exception the plugin is not used, with the text
    /// of the exception as the reason.
    virtual void setup(JsonView config) = 0;
    /// Takes new configuration while the plugin is in use. After an exception the old one stays.
    virtual void reconfigure(JsonView) { throw Failure("needs a restart", TENON_UNSUPPORTED); }

    // Hooks: the extension tenon.context/1. See tenon_context for when each is called. An empty
    // text adds nothing. An exception is logged, and adds nothing.

    /// Names the session that this instance serves; `reason` is new, resumed or cleared.
    virtual void begin_session(const std::string& /*session*/, const std::string& /*reason*/) {}
    [[nodiscard]] virtual std::string system_prompt() { return {}; }
    [[nodiscard]] virtual std::string reminder() { return {}; }
    [[nodiscard]] virtual std::string carried_on() { return {}; }
    /// The tasks of the workspace as JSON, from a plugin that keeps them. May be called without
    /// begin_session.
    [[nodiscard]] virtual std::string tasks() { return {}; }

protected:
    [[nodiscard]] const Host& host() const noexcept { return host_; }

    /// States one tool: see tenon_tool for what the texts and flags must be. The returned object
    /// takes its facts; it lives as long as the plugin.
    Facts& tool(std::string name, std::string description, std::string input_schema,
                std::uint32_t flags, Function run) {
        tools_.push_back(std::make_unique<Tool>(std::move(name), std::move(description),
                                                std::move(input_schema), flags, std::move(run)));
        list_.push_back(&tools_.back()->c);
        return tools_.back()->facts;
    }

private:
    template <class Derived>
    friend struct Glue;

    struct Tool {
        Tool(std::string name_, std::string description_, std::string schema_, std::uint32_t flags,
             Function run_)
            : name(std::move(name_)),
              description(std::move(description_)),
              schema(std::move(schema_)),
              run(std::move(run_)),
              c{sizeof(tenon_tool),  flags,       detail::str(name), detail::str(description),
                detail::str(schema), {nullptr, 0}},
              facts(c) {}
        Tool(const Tool&) = delete;
        Tool& operator=(const Tool&) = delete;

        std::string name, description, schema;
        Function run;
        tenon_tool c;
        Facts facts;
    };

    tenon_rc invoke(const tenon_call* raw) {
        for (const auto& tool : tools_) {
            if (tool->name != detail::view(raw->tool)) continue;
            Call call(host_, raw);
            tool->run(call);
            return TENON_OK;
        }
        throw Failure("no such tool in this plugin", TENON_FAULT);
    }

    Host host_;
    std::vector<std::unique_ptr<Tool>> tools_;
    std::vector<const tenon_tool*> list_;
};

/// The functions of the C struct for one class. All are noexcept, since no exception may leave a
/// plugin.
template <class Derived>
struct Glue {
    static tenon_rc create(const tenon_host* host, tenon_str config, void** self,
                           tenon_sink error) noexcept {
        return guarded([&](std::string_view why) { error.put(error.ctx, detail::str(why)); },
                       [&] {
                           auto plugin = std::make_unique<Derived>(Host(host));
                           static_cast<Plugin&>(*plugin).setup(JsonView(detail::view(config)));
                           *self = static_cast<Plugin*>(plugin.release());
                           return TENON_OK;
                       });
    }
    static void destroy(void* self) noexcept { delete static_cast<Plugin*>(self); }
    static tenon_rc tools(void* self, const tenon_tool* const** list,
                          std::uint32_t* count) noexcept {
        const auto& stated = static_cast<Plugin*>(self)->list_;
        *list = stated.data();
        *count = static_cast<std::uint32_t>(stated.size());
        return TENON_OK;
    }
    static tenon_rc invoke(void* self, const tenon_call* call) noexcept {
        return guarded([&](std::string_view why) { call->write(call, detail::str(why)); },
                       [&] { return static_cast<Plugin*>(self)->invoke(call); });
    }
    static tenon_rc reconfigure(void* self, tenon_str config, tenon_sink error) noexcept {
        return guarded([&](std::string_view why) { error.put(error.ctx, detail::str(why)); },
                       [&] {
                           static_cast<Plugin*>(self)->reconfigure(JsonView(detail::view(config)));
                           return TENON_OK;
                       });
    }

    static const void* extension(void*, const char* id) noexcept {
        static const tenon_context context = {
            sizeof(tenon_context),           begin,
            text_of<&Plugin::system_prompt>, text_of<&Plugin::reminder>,
            text_of<&Plugin::carried_on>,    text_of<&Plugin::tasks>};
        return std::string_view(id) == TENON_CONTEXT ? &context : nullptr;
    }

private:
    static void begin(void* self, tenon_str session) noexcept {
        auto* plugin = static_cast<Plugin*>(self);
        guarded([&](std::string_view why) { plugin->host_.log(TENON_LOG_ERROR, why); },
                [&] {
                    const JsonView info(detail::view(session));
                    plugin->begin_session(info.text("session"), info.text("reason"));
                    return TENON_OK;
                });
    }
    template <std::string (Plugin::*hook)()>
    static void text_of(void* self, tenon_sink out) noexcept {
        auto* plugin = static_cast<Plugin*>(self);
        guarded([&](std::string_view why) { plugin->host_.log(TENON_LOG_ERROR, why); },
                [&] {
                    const std::string text = (plugin->*hook)();
                    if (!text.empty()) out.put(out.ctx, detail::str(text));
                    return TENON_OK;
                });
    }

    template <class Say, class Work>
    static tenon_rc guarded(Say say, Work work) noexcept {
        try {
            return work();
        } catch (const Failure& failure) {
            say(failure.what());
            return failure.rc();
        } catch (const std::exception& e) {
            say(e.what());
        } catch (...) {
            say("an exception of unknown type");
        }
        return TENON_FAILED;
    }
};

}  // namespace sdk_1_0
}  // namespace tenon

/// Makes a library of `Class` (derived from tenon::Plugin, constructible from tenon::Host). Write
/// it once, at file scope. `config_schema` is the JSON Schema of the keys plugins.<id>.*.
#define TENON_PLUGIN_CONFIGURED(Class, plugin_id, plugin_version, config_schema_text)     \
    TENON_PLUGIN_NOTE(plugin_id);                                                         \
    extern "C" TENON_EXPORT const tenon_plugin* tenon_plugin_v1(void) {                   \
        using Glue = ::tenon::Glue<Class>;                                                \
        static constexpr char kSchema[] = config_schema_text;                             \
        static const tenon_plugin plugin = {sizeof(tenon_plugin),                         \
                                            TENON_ABI_MAJOR,                              \
                                            TENON_ABI_MINOR,                              \
                                            {plugin_id, sizeof(plugin_id) - 1},           \
                                            {plugin_version, sizeof(plugin_version) - 1}, \
                                            {kSchema, sizeof kSchema - 1},                \
                                            Glue::create,                                 \
                                            Glue::destroy,                                \
                                            Glue::tools,                                  \
                                            Glue::invoke,                                 \
                                            Glue::reconfigure,                            \
                                            Glue::extension};                             \
        return &plugin;                                                                   \
    }                                                                                     \
    static_assert(sizeof(plugin_id) <= 33, "a plugin id has at most 32 characters")

/// The same for a plugin that takes no configuration.
#define TENON_PLUGIN(Class, plugin_id, plugin_version)        \
    TENON_PLUGIN_CONFIGURED(Class, plugin_id, plugin_version, \
                            "{\"type\":\"object\",\"additionalProperties\":false}")

#endif
