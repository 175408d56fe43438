// A stranger's plugin for whole runs: hands what it is given to methods of the host, and answers
// with what they said.
#include <tenon/plugin.hpp>

namespace {

constexpr const char* kAnything = R"({"type":"object"})";

void ask(tenon::Call& call, const char* method) {
    const tenon::Reply reply = call.request(method, call.args().json());
    if (!reply.ok()) throw tenon::Failure(reply.text, reply.rc);
    call.write(reply.text);
}

struct Delegate : tenon::Plugin {
    using Plugin::Plugin;

    void setup(tenon::JsonView) override {
        const auto run = [](tenon::Call& call) { ask(call, "agent.run/1"); };
        tool("delegate", "Run a subagent.", kAnything, TENON_CONCURRENT | TENON_LONG_RUNNING, run);
        tool("delegate_alone", "Run a subagent, one at a time.", kAnything, 0, run);
        tool("submit", "Submit a job.", kAnything, TENON_CONCURRENT,
             [](tenon::Call& call) { ask(call, "job.submit/1"); });
    }
};

}  // namespace

TENON_PLUGIN(Delegate, "delegate", "1.0.0");
