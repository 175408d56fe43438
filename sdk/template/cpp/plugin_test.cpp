// Calls the plugin as the host does. Build and run: see README.md.
#include <tenon/testing.hpp>

int main() {
    tenon::TestHost host;
    host.open(TENON_PLUGIN_FILE);

    const auto twice = host.call("my_plugin", R"({"text":"ha"})");
    TENON_EXPECT(host, twice.ok());
    TENON_EXPECT_TEXT(host, twice.text, "ha ha");

    TENON_EXPECT_TEXT(host, host.call("my_plugin", R"({"text":"ha","times":3})").text, "ha ha ha");

    const auto empty = host.call("my_plugin", R"({"text":""})");
    TENON_EXPECT(host, empty.rc == TENON_FAILED);
    TENON_EXPECT(host, empty.text.find("is empty") != std::string::npos);

    return host.end();
}
