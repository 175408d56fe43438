#pragma once

#include <atomic>
#include <dlfcn.h>
#include <functional>
#include <stdexcept>

#include <gtest/gtest.h>

#include <tenon/plugin.h>

#include "host/plugins/image_service.h"
#include "host/plugins/path_service.h"
#include "host/plugins/redact_service.h"
#include "tests/support/temp_dir.h"

#include "plugins/file/host.h"

namespace tenon::file::testing {

namespace fs = std::filesystem;

/// What a call of a tool returned.
struct CallResult {
    tenon_rc rc = TENON_OK;
    std::string text;
    std::vector<agent::Image> images = {};

    bool operator==(const CallResult&) const = default;
    friend std::ostream& operator<<(std::ostream& out, const CallResult& answer) {
        return out << "rc " << answer.rc << ": " << answer.text;
    }
};

inline CallResult ok(std::string text) {
    return {TENON_OK, std::move(text), {}};
}
inline CallResult failed(std::string text) {
    return {TENON_FAILED, std::move(text), {}};
}
inline CallResult bad_args(std::string text) {
    return {TENON_BAD_ARGS, std::move(text), {}};
}

/// The built library, called through the C ABI, in a workspace of its own. The host's side is the
/// real PathService. Files named *.secret may not be read, and *.lock may not be edited.
class PluginUnderTest {
public:
    PluginUnderTest() {
        fs::create_directories(ws());
        paths_.add_to(services_);
        plugins::add_redact_service(services_, secrets);
        plugins::add_image_service(services_);
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
        return call_with(tool, args,
                         [&](const tenon_call& call) { return entry_->invoke(instance_, &call); });
    }
    /// What a function of the plugin's own code returns, when it is called in a call.
    template <class Function>
    [[nodiscard]] std::string inside_a_call(Function function) const {
        std::string text;
        (void)call_with("", Json::object(), [&](const tenon_call& raw) {
            const Call call(tenon::Host(&host_), &raw);
            text = function(Host(call));
            return TENON_OK;
        });
        return text;
    }

    [[nodiscard]] const tenon_plugin& entry() const { return *entry_; }
    [[nodiscard]] void* instance() const { return instance_; }

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
    /// Called between the end of a call and the moment when its files are put in place.
    std::function<void()> before_finish;
    Secrets secrets;

private:
    template <class Function>
    CallResult call_with(std::string_view tool, const Json& args, Function function) const {
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
        agent::CallContext context({"s", ""}, "t", {}, nullptr);
        call.context = &context;
        answer.rc = function(call.c);
        if (before_finish) before_finish();
        if (answer.rc != TENON_OK) return answer;
        if (auto finished = context.finish(); !finished) return failed(finished.error().message);
        answer.images = context.take_images();
        return answer;
    }

    struct Running {
        tenon_call c;
        std::string* text;
        const std::atomic<bool>* cancelled;
        agent::CallContext* context;
    };

    static tenon_rc request(const tenon_host* host, const tenon_call* call, tenon_str method,
                            tenon_str params, tenon_str body, tenon_sink out) {
        const PluginUnderTest& self = *reinterpret_cast<const WithSelf*>(host)->self;
        plugins::ServiceReply reply = self.services_.request(
            "file", true, {method.p, method.n}, {params.p, params.n}, {body.p, body.n},
            reinterpret_cast<const Running*>(call)->context);
        const std::string answer =
            reply.fd ? plugins::with_descriptor(reply.out, reply.fd.release()) : reply.out;
        out.put(out.ctx, {answer.data(), answer.size()});
        return reply.rc;
    }

    plugins::PathService paths_{
        Beneath(ws(), {dir / "add"}, {dir / "docs"}),
        [](const fs::path& path) { return path.extension() == ".secret" ? "Read(*.secret)" : ""; },
        [](const fs::path& path) { return path.extension() == ".lock" ? "Edit(*.lock)" : ""; }};
    plugins::Services services_;
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
