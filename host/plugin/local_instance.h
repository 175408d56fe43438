#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "host/base/result.h"
#include "host/plugin/instance.h"
#include "host/plugin/refusal.h"

namespace tenon::plugin {

/// What a plugin gets when it is created.
struct InstanceOptions {
    std::string id;
    std::string plugin_dir;  ///< the folder in which its file was found
    std::string workspace;
    std::string config;          ///< a JSON object that fits the plugin's configuration schema
    std::string state_dir = {};  ///< a folder of the plugin's own, which exists

    bool operator==(const InstanceOptions&) const = default;
};

/// An instance whose code runs in this process, so a crash of the plugin ends the process. An
/// exception that leaves the plugin is a fault, as TENON_FAULT is. After kMaxFaults faults the
/// instance is disabled.
class LocalInstance final : public Instance {
public:
    /// Creates the instance and reads its tools. `library` is from open_library. `host` outlives
    /// the instance. On Refusal the plugin's instance has been destroyed.
    static Result<std::unique_ptr<LocalInstance>, Refusal> create(const tenon_plugin& library,
                                                                  InstanceOptions options,
                                                                  HostPort& host);
    ~LocalInstance() override;
    LocalInstance(const LocalInstance&) = delete;
    LocalInstance& operator=(const LocalInstance&) = delete;

    [[nodiscard]] const std::vector<ToolDeclaration>& tools() const override { return tools_; }
    tenon_rc invoke(const std::string& tool, const std::string& arguments, CallPort& call) override;
    std::string run_hook(Hook hook, const std::string& input) override;
    [[nodiscard]] bool has_hook(Hook hook) const override;
    Result<void> reconfigure(const std::string& config) override;
    Result<void, Refusal> refresh_tools() override;
    [[nodiscard]] bool disabled() const override { return faults_.load() >= kMaxFaults; }

    static constexpr int kMaxFaults = 3;

private:
    struct HostTable;

    LocalInstance(const tenon_plugin& library, InstanceOptions options, HostPort& host);
    Result<void, Refusal> start();
    Result<std::vector<ToolDeclaration>, Refusal> read_tools();
    void find_hooks();
    using TextHook = void (*)(void* self, tenon_sink out);
    [[nodiscard]] TextHook text_hook(Hook hook) const;
    void note_session(const std::string& input);
    template <class Function>
    std::string text_from(const char* name, Function hook);

    const tenon_plugin& library_;
    const InstanceOptions options_;
    std::unique_ptr<HostTable> host_;  // the plugin holds a pointer to it until destroy
    void* self_ = nullptr;
    bool created_ = false;
    const tenon_prompts* prompts_ = nullptr;  // null: it has none
    const tenon_context* hooks_ = nullptr;    // null: the plugin has no hooks
    std::string session_;  // id, for messages about a sudden end; empty: not known
    std::vector<ToolDeclaration> tools_;
    std::atomic<int> faults_{0};
};

}  // namespace tenon::plugin
