#pragma once

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace tenon::testing {

struct ProgramRun {
    int code = -1;
    std::string out, err;
};

/// The real program with a state directory and a plugins directory of its own.
class PluginWorld : public ::testing::Test {
protected:
    PluginWorld() {
        std::filesystem::create_directories(dir_ / "w");
        std::filesystem::create_directories(dir_ / "plugins");
    }

    /// Runs `tenon plugin` with these words.
    [[nodiscard]] ProgramRun plugin(std::vector<std::string> words,
                                    const std::string& input = {}) const {
        words.insert(words.begin(), "plugin");
        return tenon(std::move(words), input);
    }
    /// Runs `tenon` with these words and the plugins directory.
    [[nodiscard]] ProgramRun tenon(std::vector<std::string> words,
                                   const std::string& input = {}) const {
        words.insert(words.begin(), TENON_PROGRAM);
        words.insert(words.end(), {"--plugin-dir", (dir_ / "plugins").string()});
        Process program(words, environment_, dir_ / "w");
        program.write(input);
        const int code = program.wait().code;
        return {code, program.output, program.errors};
    }
    /// The document that a run with --json has printed.
    [[nodiscard]] Json json(std::vector<std::string> words, int code) const {
        words.emplace_back("--json");
        const ProgramRun ran = plugin(words);
        EXPECT_EQ(ran.code, code) << ran.err << ran.out;
        const auto parsed = parse_json(ran.out);
        EXPECT_TRUE(parsed) << ran.out;
        return parsed ? *parsed : Json();
    }
    [[nodiscard]] static std::string fixture(const std::string& name) {
        return std::string(TENON_FIXTURES) + "/" + name + ".so";
    }
    /// Loads all plugins, as every session does.
    void load_plugins(const std::vector<std::string>& more = {}) const {
        std::vector<std::string> words = {"call", fixture("plain"), "plain", "{}", "--yes"};
        words.insert(words.end(), more.begin(), more.end());
        EXPECT_EQ(plugin(words).code, 0);
    }
    /// Writes the user's configuration.
    void user_says(const std::string& properties) const {
        dir_.write(".config/tenon/tenon.properties", properties);
    }
    /// Copies a fixture into the plugins directory.
    std::filesystem::path install(const std::string& name, const std::string& as = {}) const {
        const auto to = dir_ / "plugins" / ((as.empty() ? name : as) + ".so");
        std::filesystem::copy_file(fixture(name), to);
        return to;
    }

    TempDir dir_;
    Environment environment_ = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                                {"HOME", dir_.path()},
                                {"LANG", "C.UTF-8"},
                                {"TENON_STATE_DIR", dir_ / "state"}};
};

}  // namespace tenon::testing
