#pragma once

#include <atomic>
#include <dlfcn.h>
#include <stdexcept>

#include <gtest/gtest.h>

#include <tenon/plugin.h>

#include "host/plugins/path_service.h"
#include "host/plugins/redact_service.h"
#include "tests/support/temp_dir.h"

namespace tenon::file::testing {

namespace fs = std::filesystem;

/// What a call of a tool returned.
struct CallResult {
    tenon_rc rc = TENON_OK;
    std::string text;

    bool operator==(const CallResult&) const = default;
    friend std::ostream& operator<<(std::ostream& out, const CallResult& answer) {
        return out << "rc " << answer.rc << ": " << answer.text;
    }
};

inline CallResult ok(std::string text) {
    return {TENON_OK, std::move(text)};
}
inline CallResult failed(std::string text) {
    return {TENON_FAILED, std::move(text)};
}
inline CallResult bad_args(std::string text) {
    return {TENON_BAD_ARGS, std::move(text)};
}

/// The built library, called through the C ABI, in a workspace of its own. The host's side is the
/// real PathService. Files named *.secret may not be read, and *.lock may not be edited.
class PluginUnderTest {
public:
    PluginUnderTest() {
        fs::create_directories(ws());
        host_.size = sizeof host_;
        host_.abi_major = TENON_ABI_MAJOR;
        host_.abi_minor = TENON_ABI_MINOR;
        host_.request = request;
        self_ = this;
        // Never closed, since sanitizers need its addresses for their reports.
        void* library = ::dlopen(FILE_PLUGIN, RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) throw std::runtime_error(::dlerror());
        entry_ = reinterpret_cast<const tenon_plugin* (*)()>(::dlsym(library, "tenon_plugin_v1"))();
        if (entry_->create(&host_, {"{}", 2}, &instance_, {}) != TENON_OK)
            throw std::runtime_error("create");
    }
    ~PluginUnderTest() { entry_->destroy(instance_); }
    PluginUnderTest(const PluginUnderTest&) = delete;
    PluginUnderTest& operator=(const PluginUnderTest&) = delete;

    [[nodiscard]] CallResult call(std::string_view tool, const Json& args) const {
        const std::string text = args.dump();
        Running call{};
        call.c.size = sizeof call.c;
        call.c.cancel_fd = -1;
        call.c.tool = {tool.data(), tool.size()};
        call.c.args = {text.data(), text.size()};
        call.c.write = [](const tenon_call* c, tenon_str chunk) -> tenon_rc {
            reinterpret_cast<const Running*>(c)->text->append(chunk.p, chunk.n);
            return TENON_OK;
        };
        call.c.progress = [](const tenon_call*, tenon_str) {};
        call.c.cancelled = [](const tenon_call* c) -> std::int32_t {
            return *reinterpret_cast<const Running*>(c)->cancelled;
        };
        CallResult answer;
        call.text = &answer.text;
        call.cancelled = &cancelled;
        answer.rc = entry_->invoke(instance_, &call.c);
        return answer;
    }

    [[nodiscard]] const tenon_plugin& entry() const { return *entry_; }
    [[nodiscard]] void* instance() const { return instance_; }
    [[nodiscard]] const tenon_host* host() const { return &host_; }

    [[nodiscard]] fs::path ws() const { return dir / "ws"; }
    void write(const std::string& name, const std::string& text) const {
        dir.write("ws/" + name, text);
    }
    [[nodiscard]] std::string read(const std::string& name) const { return dir.read("ws/" + name); }
    void link(const fs::path& target, const std::string& name) const {
        fs::create_symlink(target, ws() / name);
    }

    tenon::testing::TempDir dir;
    std::atomic<bool> cancelled{false};
    Secrets secrets;

private:
    struct Running {
        tenon_call c;
        std::string* text;
        const std::atomic<bool>* cancelled;
    };

    static tenon_rc request(const tenon_host* host, const tenon_call*, tenon_str method,
                            tenon_str params, tenon_str, tenon_sink out) {
        const PluginUnderTest& self = *reinterpret_cast<const WithSelf*>(host)->self;
        const std::string_view name(method.p, method.n);
        const Json json = Json::parse(params.p, params.p + params.n);
        const plugins::ServiceRequest asked{"file", true, json, {}, nullptr};
        if (name == "text.redact/1") {
            plugins::Services services;
            plugins::add_redact_service(services, self.secrets);
            const auto redacted =
                services.request("file", true, name, {params.p, params.n}, {}, nullptr);
            out.put(out.ctx, {redacted.out.data(), redacted.out.size()});
            return redacted.rc;
        }
        const plugins::ServiceReply reply = name == "path.open/1"     ? self.paths_.open(asked)
                                            : name == "path.filter/1" ? self.paths_.filter(asked)
                                                                      : self.paths_.roots();
        out.put(out.ctx, {reply.out.data(), reply.out.size()});
        return reply.rc;
    }

    plugins::PathService paths_{Beneath(ws(), {dir / "add"}, {dir / "docs"}),
                                [](const fs::path& path) { return path.extension() == ".secret"; },
                                [](const fs::path& path) { return path.extension() == ".lock"; }};
    struct WithSelf {
        tenon_host host;
        const PluginUnderTest* self;
    } with_self_{};
    tenon_host& host_ = with_self_.host;
    const PluginUnderTest*& self_ = with_self_.self;
    const tenon_plugin* entry_ = nullptr;
    void* instance_ = nullptr;
};

}  // namespace tenon::file::testing
