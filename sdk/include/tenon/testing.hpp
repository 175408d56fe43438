// SPDX-License-Identifier: Apache-2.0
//
// tenon/testing.h for C++17: a host for the tests of a plugin. A test:
//
//     #include <tenon/testing.hpp>
//
//     int main() {
//         tenon::TestHost host;
//         host.open("build/hello.so");
//         const auto hello = host.call("hello", R"({"name":"Ada"})");
//         TENON_EXPECT(host, hello.ok());
//         TENON_EXPECT_TEXT(host, hello.text, "Hello, Ada!");
//         return host.end();
//     }
//
// With a test framework, use its own assertions instead of TENON_EXPECT. See tenon/testing.h for
// what this host does, and for the functions that have no counterpart here: they take `c()`.
#ifndef TENON_TESTING_HPP
#define TENON_TESTING_HPP

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <tenon/testing.h>

namespace tenon {
inline namespace sdk_1_1 {

/// What a call has returned.
struct TestResult {
    tenon_rc rc = TENON_OK;
    std::string text;      ///< what the plugin wrote
    std::string progress;  ///< a line for each progress, each with '\n'

    [[nodiscard]] bool ok() const noexcept { return rc == TENON_OK; }
};

/// One request of the plugin.
struct TestRequest {
    std::string method, params;
    std::string_view body;
};

/// A host with at most one instance of a plugin. Any thread may call `call` and `cancel`;
/// everything else is used while no call runs.
class TestHost {
public:
    /// Sets `answer` and returns a code.
    using Responder = std::function<tenon_rc(const TestRequest&, std::string& answer)>;

    TestHost() : c_(tenon_test_new()) {}
    ~TestHost() {
        if (c_ != nullptr) tenon_test_free(c_);
    }
    TestHost(const TestHost&) = delete;
    TestHost& operator=(const TestHost&) = delete;

    /// Loads a library and makes an instance; throws std::runtime_error with the reason if that
    /// fails.
    void open(const std::string& file, const std::string& config = "{}") {
        check(tenon_test_open(c_, file.c_str(), config.c_str()));
    }
    /// The same with a plugin that is linked into the test: use(tenon_plugin_v1()).
    void use(const tenon_plugin* plugin, const std::string& config = "{}") {
        check(tenon_test_use(c_, plugin, config.c_str()));
    }

    /// Calls a tool with `args`, a JSON object.
    TestResult call(const std::string& tool, const std::string& args = "{}") {
        const tenon_test_result found = tenon_test_call(c_, tool.c_str(), args.c_str());
        return {found.rc, {found.text, found.size}, found.progress};
    }
    /// Calls a hook by its name in tenon_context, such as "system_prompt".
    std::string hook(const std::string& name, const std::string& input = "") {
        return tenon_test_hook(c_, name.c_str(), input.c_str());
    }
    tenon_rc reconfigure(const std::string& config) {
        return tenon_test_reconfigure(c_, config.c_str());
    }
    /// The tool of this name, or null. It lives until the plugin changes its tools.
    [[nodiscard]] const tenon_tool* tool(const std::string& name) {
        return tenon_test_tool(c_, name.c_str());
    }

    /// Answers each request of `method` from now on.
    void answer(const std::string& method, const std::string& text, tenon_rc rc = TENON_OK) {
        tenon_test_answer(c_, method.c_str(), rc, text.c_str());
    }
    /// Answers each request that has no answer. It is called on the thread that asks, and does not
    /// throw.
    void respond(Responder responder) {
        responder_ = std::move(responder);
        tenon_test_respond(c_, pass_on, this);
    }
    /// Answers path.open/1 with files of the workspace. What a call has written is in the workspace
    /// once it has returned TENON_OK.
    void serve_files() { tenon_test_serve_files(c_); }
    /// Writes a file of the workspace, with the directories that it needs, for the plugin to read.
    void put_file(const std::string& path, const std::string& text) {
        tenon_test_put_file(c_, path.c_str(), text.c_str());
    }
    /// The content of a file of the workspace, up to the first NUL; nothing if it cannot be read.
    [[nodiscard]] std::optional<std::string> file(const std::string& path) const {
        const char* const text = tenon_test_file(c_, path.c_str());
        if (text == nullptr) return std::nullopt;
        return text;
    }
    /// A line for each request: the method, a blank, the parameters.
    [[nodiscard]] std::string requests() const { return tenon_test_requests(c_); }
    /// A line for each logged message: the level, ": ", the message.
    [[nodiscard]] std::string log() const { return tenon_test_log(c_); }

    void cancel() { tenon_test_cancel(c_); }
    void cancel_after(long progress_count) { tenon_test_cancel_after(c_, progress_count); }

    [[nodiscard]] std::string workspace() const { return tenon_test_workspace(c_); }
    [[nodiscard]] std::string state_dir() const { return tenon_test_state_dir(c_); }

    /// Destroys the instance and returns the exit status of the test. Afterwards the host is not
    /// used.
    int end() { return tenon_test_end(std::exchange(c_, nullptr)); }

    /// The host of the C header.
    [[nodiscard]] tenon_test* c() const noexcept { return c_; }

private:
    void check(int opened) const {
        if (opened == 0) throw std::runtime_error(tenon_test_error(c_));
    }
    static tenon_rc pass_on(void* host, const char* method, const char* params, tenon_str body,
                            tenon_sink out) noexcept {
        std::string answer;
        const tenon_rc rc =
            static_cast<TestHost*>(host)->responder_({method, params, {body.p, body.n}}, answer);
        out.put(out.ctx, {answer.data(), answer.size()});
        return rc;
    }

    tenon_test* c_;
    Responder responder_;
};

}  // namespace sdk_1_1
}  // namespace tenon

// For TENON_EXPECT(host, condition) and TENON_EXPECT_TEXT(host, found, expected).
inline int tenon_test_expect(const tenon::TestHost& host, int holds, const char* file, int line,
                             const char* what) {
    return tenon_test_expect(host.c(), holds, file, line, what);
}
inline int tenon_test_expect_text(const tenon::TestHost& host, const std::string& found,
                                  const std::string& expected, const char* file, int line) {
    return tenon_test_expect_text(host.c(), found.c_str(), expected.c_str(), file, line);
}

#endif
