#include <tenon/testing.hpp>

int main() {
    tenon::TestHost host;
    host.open(TENON_PLUGIN_FILE);

    const auto done = host.call("countdown", R"({"from":3,"step_ms":1})");
    TENON_EXPECT(host, done.ok());
    TENON_EXPECT_TEXT(host, done.progress, "3\n2\n1\n");
    TENON_EXPECT_TEXT(host, done.text, "Counted down from 3.");

    // Cancelled while it waits for the first step, which would take a minute.
    host.cancel_after(1);
    const auto stopped = host.call("countdown", R"({"from":50,"step_ms":60000})");
    TENON_EXPECT(host, stopped.rc == TENON_CANCELLED);
    TENON_EXPECT_TEXT(host, stopped.text, "stopped at 50");
    TENON_EXPECT_TEXT(host, stopped.progress, "50\n");
    return host.end();
}
