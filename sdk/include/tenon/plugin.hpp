// SPDX-License-Identifier: Apache-2.0
//
// A header-only C++17 layer over tenon/plugin.h. A complete plugin, hello.cpp:
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
//     TENON_PLUGIN(Hello, "hello", "1.0.0");
//
// With CMake, find_package(tenon) and tenon_add_plugin() build it. By hand:
//
//     c++ -std=c++17 hello.cpp -o hello.so $(pkg-config --cflags --libs tenon)
//
// tenon/jobs.hpp and tenon/paths.hpp have the host's methods job.* and path.* as functions.
//
// No exception leaves a plugin: one that leaves a tool becomes a failed result. Debug builds
// (NDEBUG not defined) stop with a message when a call is used after its invoke has returned.
#ifndef TENON_PLUGIN_HPP
#define TENON_PLUGIN_HPP

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/json.hpp>
#include <tenon/plugin.h>

#ifndef NDEBUG
#include <atomic>
#include <cstdlib>
#endif

namespace tenon {
inline namespace sdk_1_1 {

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
    /// A folder of the plugin's own that it may write; empty if this host has none.
    [[nodiscard]] std::string_view state_dir() const noexcept {
        return TENON_HAS(host_, state_dir) ? detail::view(host_->state_dir) : std::string_view();
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
    /// Says that the list of tools has changed. When no call runs, the host calls
    /// Plugin::update_tools, and the model has the new list from its next request on. Any thread.
    void tools_changed() const noexcept {
        const tenon_sink nowhere = {nullptr, [](void*, tenon_str) noexcept {}};
        (void)host_->request(host_, nullptr, detail::str("tools.changed/1"), detail::str("{}"),
                             tenon_str{nullptr, 0}, nowhere);
    }
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
    /// When the host gives up on the call, which then counts as a hang; nothing: never. The host
    /// moves this moment while it serves a request of the call.
    [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> deadline() const noexcept {
        if (!TENON_HAS(raw(), deadline_ns) || raw()->deadline_ns == 0) return std::nullopt;
        const std::chrono::nanoseconds since_boot(static_cast<std::int64_t>(raw()->deadline_ns));
        return std::chrono::steady_clock::time_point(
            std::chrono::duration_cast<std::chrono::steady_clock::duration>(since_boot));
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
    /// Takes new configuration while the plugin is in use; no call runs then. After an exception
    /// the old one stays, and the text of the exception is shown. A class that does not override
    /// it gets new configuration only when it is loaded again.
    virtual void reconfigure(JsonView) { throw Failure("needs a restart", TENON_UNSUPPORTED); }
    /// Called when the host asks for the tools again, after Host::tools_changed; no call runs then.
    /// Override it to change the list with remove_tools() and tool().
    virtual void update_tools() {}

    // Hooks: the extension tenon.context/1. See tenon_context for when each is called. The plugin
    // has only those hooks that its class overrides; the host is told so. An empty text adds
    // nothing. An exception is logged, and adds nothing.

    /// Names the session that this instance serves; `reason` is new, resumed, cleared or
    /// restarted.
    virtual void begin_session(const std::string& /*session*/, const std::string& /*reason*/) {}
    [[nodiscard]] virtual std::string system_prompt() { return {}; }
    [[nodiscard]] virtual std::string reminder() { return {}; }
    [[nodiscard]] virtual std::string carried_on() { return {}; }
    /// The tasks of the workspace as JSON, from a plugin that keeps them. May be called without
    /// begin_session.
    [[nodiscard]] virtual std::string tasks() { return {}; }
    /// The extension tenon.prompts/1: what a person can send by name, as JSON. A class that
    /// overrides it overrides `prompt` too.
    [[nodiscard]] virtual std::string prompts() { return {}; }
    /// The text of one of them. Throw Failure with the reason when there is none.
    [[nodiscard]] virtual std::string prompt(const std::string& name,
                                             const std::string& /*arguments*/) {
        throw Failure("there is no prompt " + name);
    }

protected:
    [[nodiscard]] const Host& host() const noexcept { return host_; }

    /// States one tool: see tenon_tool for what the texts and flags must be. The returned object
    /// takes its facts; it lives until the tools are removed. Call it in setup and in update_tools
    /// only.
    Facts& tool(std::string name, std::string description, std::string input_schema,
                std::uint32_t flags, Function run) {
        tools_.push_back(std::make_unique<Tool>(std::move(name), std::move(description),
                                                std::move(input_schema), flags, std::move(run)));
        list_.push_back(&tools_.back()->c);
        return tools_.back()->facts;
    }
    /// Removes all tools, so that they can be stated again. Call it in update_tools only.
    void remove_tools() noexcept {
        list_.clear();
        tools_.clear();
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
    bool listed_ = false;  // the host has asked for the tools
};

namespace detail {

// Whether `Derived` overrides a virtual function of Plugin. The type of a pointer to a member
// names the class that declares it. If the pointer cannot be formed, the override is private.
#define TENON_DETAIL_OVERRIDES(function)                                            \
    template <class Derived, class = void>                                          \
    struct overrides_##function : std::true_type {};                                \
    template <class Derived>                                                        \
    struct overrides_##function<Derived, std::void_t<decltype(&Derived::function)>> \
        : std::bool_constant<                                                       \
              !std::is_same_v<decltype(&Derived::function), decltype(&Plugin::function)>> {}

TENON_DETAIL_OVERRIDES(reconfigure);
TENON_DETAIL_OVERRIDES(begin_session);
TENON_DETAIL_OVERRIDES(system_prompt);
TENON_DETAIL_OVERRIDES(reminder);
TENON_DETAIL_OVERRIDES(carried_on);
TENON_DETAIL_OVERRIDES(tasks);
TENON_DETAIL_OVERRIDES(prompts);
#undef TENON_DETAIL_OVERRIDES

}  // namespace detail

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
        auto* plugin = static_cast<Plugin*>(self);
        return guarded([&](std::string_view why) { plugin->host_.log(TENON_LOG_ERROR, why); },
                       [&] {
                           if (plugin->listed_) plugin->update_tools();
                           plugin->listed_ = true;
                           *list = plugin->list_.data();
                           *count = static_cast<std::uint32_t>(plugin->list_.size());
                           return TENON_OK;
                       });
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
            sizeof(tenon_context),
            detail::overrides_begin_session<Derived>::value ? begin : nullptr,
            hook<detail::overrides_system_prompt<Derived>::value, &Plugin::system_prompt>(),
            hook<detail::overrides_reminder<Derived>::value, &Plugin::reminder>(),
            hook<detail::overrides_carried_on<Derived>::value, &Plugin::carried_on>(),
            hook<detail::overrides_tasks<Derived>::value, &Plugin::tasks>()};
        static const tenon_prompts prompts = {sizeof(tenon_prompts), text_of<&Plugin::prompts>,
                                              prompt};
        if (detail::overrides_prompts<Derived>::value && std::string_view(id) == TENON_PROMPTS)
            return &prompts;
        return std::string_view(id) == TENON_CONTEXT ? &context : nullptr;
    }

    /// The members of tenon_plugin that are null when the class has nothing for them.
    static constexpr auto reconfigure_or_null() noexcept {
        return detail::overrides_reconfigure<Derived>::value ? reconfigure : nullptr;
    }
    static constexpr auto extension_or_null() noexcept {
        constexpr bool has_hooks = detail::overrides_begin_session<Derived>::value ||
                                   detail::overrides_system_prompt<Derived>::value ||
                                   detail::overrides_reminder<Derived>::value ||
                                   detail::overrides_carried_on<Derived>::value ||
                                   detail::overrides_tasks<Derived>::value ||
                                   detail::overrides_prompts<Derived>::value;
        return has_hooks ? extension : nullptr;
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
    static void prompt(void* self, tenon_str request, tenon_sink out) noexcept {
        const auto put = [&](const char* key, std::string_view text) {
            JsonObject answer;
            answer.text(key, text);
            out.put(out.ctx, detail::str(answer.json()));
        };
        guarded([&](std::string_view why) { put("error", why); },
                [&] {
                    const JsonView asked(detail::view(request));
                    put("text", static_cast<Plugin*>(self)->prompt(asked.text("name"),
                                                                   asked.text("arguments")));
                    return TENON_OK;
                });
    }
    template <bool present, std::string (Plugin::*function)()>
    static constexpr auto hook() noexcept {
        return present ? text_of<function> : nullptr;
    }
    template <std::string (Plugin::*function)()>
    static void text_of(void* self, tenon_sink out) noexcept {
        auto* plugin = static_cast<Plugin*>(self);
        guarded([&](std::string_view why) { plugin->host_.log(TENON_LOG_ERROR, why); },
                [&] {
                    const std::string text = (plugin->*function)();
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

}  // namespace sdk_1_1
}  // namespace tenon

/// Makes a library of `Class` (derived from tenon::Plugin, constructible from tenon::Host). Write
/// it once, at file scope. `config_schema_text` is the JSON Schema of the keys plugins.<id>.*: a
/// literal, or a constexpr text. The id and the version are literals.
#define TENON_PLUGIN_CONFIGURED(Class, plugin_id, plugin_version, config_schema_text)     \
    TENON_PLUGIN_NOTE(plugin_id);                                                         \
    extern "C" TENON_EXPORT const tenon_plugin* tenon_plugin_v1(void) {                   \
        using Glue = ::tenon::Glue<Class>;                                                \
        static constexpr std::string_view kSchema = config_schema_text;                   \
        static const tenon_plugin plugin = {sizeof(tenon_plugin),                         \
                                            TENON_ABI_MAJOR,                              \
                                            TENON_ABI_MINOR,                              \
                                            {plugin_id, sizeof(plugin_id) - 1},           \
                                            {plugin_version, sizeof(plugin_version) - 1}, \
                                            {kSchema.data(), kSchema.size()},             \
                                            Glue::create,                                 \
                                            Glue::destroy,                                \
                                            Glue::tools,                                  \
                                            Glue::invoke,                                 \
                                            Glue::reconfigure_or_null(),                  \
                                            Glue::extension_or_null()};                   \
        return &plugin;                                                                   \
    }                                                                                     \
    static_assert(sizeof(plugin_id) <= 33, "a plugin id has at most 32 characters")

/// The same for a plugin that takes no configuration.
#define TENON_PLUGIN(Class, plugin_id, plugin_version)        \
    TENON_PLUGIN_CONFIGURED(Class, plugin_id, plugin_version, \
                            "{\"type\":\"object\",\"additionalProperties\":false}")

#endif
