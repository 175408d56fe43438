// A Tenon plugin in C++. Build it with CMake:
//
//     cmake_minimum_required(VERSION 3.25)
//     project(my_plugin CXX)
//     find_package(tenon REQUIRED)
//     tenon_add_plugin(my-plugin SOURCES plugin.cpp)
//
// or by hand:
//
//     c++ -std=c++17 -fPIC -fvisibility=hidden -shared plugin.cpp -o my-plugin.so $(pkg-config
//     --cflags tenon)
//
// Then `tenon plugin verify my-plugin.so`, and put it into ~/.local/share/tenon/plugins.
#include <algorithm>
#include <cctype>

#include <tenon/plugin.hpp>

namespace {

struct MyPlugin : tenon::Plugin {
    using Plugin::Plugin;

    void setup(tenon::JsonView) override {
        tool(
            "count_words", "Counts the words of a text.",
            R"({"type":"object","properties":{"text":{"type":"string"}},"required":["text"],"additionalProperties":false})",
            TENON_READ_ONLY | TENON_CONCURRENT, count_words);
    }

    static void count_words(tenon::Call& call) {
        const std::string text = call.args().text("text");
        bool inside = false;
        const auto words = std::count_if(text.begin(), text.end(), [&](unsigned char c) {
            const bool starts = std::isspace(c) == 0 && !inside;
            inside = std::isspace(c) == 0;
            return starts;
        });
        if (words == 0) throw tenon::Failure("The text has no words; pass one that has.");
        call.write(std::to_string(words) + " words");
    }
};

}  // namespace

TENON_PLUGIN(MyPlugin, "my-plugin", "0.1.0");
