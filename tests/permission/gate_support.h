#pragma once

#include <gmock/gmock.h>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/permission/gate.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tool_facts.h"

namespace tenon::permission {

using Strings = std::vector<std::string>;

inline std::vector<config::RuleText> rules(const Strings& texts, const char* origin) {
    std::vector<config::RuleText> out;
    for (const std::string& text : texts)
        out.push_back({text, origin, {}});
    return out;
}

struct Given {
    Strings allow{}, deny{}, ask{};
    PermissionMode mode = PermissionMode::kAsk;
    bool yes = false;
};

inline agent::ToolSpec first_party(const std::string& name, bool read_only = false) {
    agent::ToolSpec spec;
    spec.name = name;
    spec.first_party = true;
    spec.read_only = read_only;
    spec.facts = testing::facts_of(name);
    return spec;
}

inline agent::ToolSpec stranger(const std::string& name, bool read_only = false) {
    agent::ToolSpec spec = first_party(name, read_only);
    spec.first_party = false;
    return spec;
}

/// "Always" takes the first offer.
inline UserAnswer answer_to(const Question& question, Consent kind) {
    const bool always = kind == Consent::kAlways && !question.offers.empty();
    return {kind, always ? question.offers.front() : Strings{}, {}};
}

/// Gives one answer to all questions, and keeps the questions.
class Person final : public Asker {
public:
    explicit Person(Consent answer) : answer_(answer) {}
    UserAnswer ask(const Question& question, std::stop_token /*stop*/) override {
        questions.push_back(question);
        return answer_to(question, answer_);
    }
    std::vector<Question> questions;

private:
    Consent answer_;
};

class GateTest : public ::testing::Test {
protected:
    Config config(const Given& setup) const {
        Config config;
        config.mode = setup.mode;
        config.yes = setup.yes;
        config.allow = rules(setup.allow, "--allow");
        config.deny = rules(setup.deny, "--deny");
        config.ask = rules(setup.ask, "permissions.ask");
        config.workspace = dir_ / "w";
        config.home = dir_ / "home";
        config.add_dirs = {dir_ / "added"};
        config.read_dirs = {dir_ / "skills"};
        return config;
    }
    void SetUp() override {
        for (const char* name : {"w/src", "home", "added", "skills", "outside"})
            std::filesystem::create_directories(dir_ / name);
    }
    agent::Gate::Verdict call(const Given& setup, const agent::ToolSpec& tool,
                              const Json& input) const {
        RuleGate gate(config(setup));
        EXPECT_THAT(gate.errors(), ::testing::IsEmpty());
        return gate.judge(tool, {"id", tool.name, input, {}}, {});
    }
    agent::Gate::Verdict bash(const Given& setup, const std::string& command) const {
        return call(setup, first_party("bash"), {{"command", command}});
    }
    agent::Gate::Verdict write(const Given& setup, const std::string& path) const {
        return call(setup, first_party("write_file"), {{"path", path}, {"content", ""}});
    }
    agent::Gate::Verdict read(const Given& setup, const std::string& path) const {
        return call(setup, first_party("read_file", true), {{"path", path}});
    }
    std::string at(const char* name) const { return (dir_ / name).string(); }

    testing::TempDir dir_;
};

}  // namespace tenon::permission
