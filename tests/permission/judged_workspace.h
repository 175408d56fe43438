#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/permission/gate.h"
#include "tests/support/temp_dir.h"

namespace tenon::permission {

/// A workspace `w` with files, links and a real git repository, with the directories `outside` and
/// `home` beside it. For tests that judge many commands.
class JudgedWorkspace {
public:
    JudgedWorkspace();

    [[nodiscard]] std::filesystem::path path() const { return dir_ / "w"; }
    [[nodiscard]] const testing::TempDir& dir() const { return dir_; }
    /// A gate's configuration for it, in the mode `ask`.
    [[nodiscard]] Config config() const;

    /// Makes repositories `w/r_NAME`, each with one setting that could make git run something.
    void add_hostile_repositories() const;

private:
    void repository(const std::string& name, const std::string& config) const;

    testing::TempDir dir_;
};

agent::ToolSpec own_tool(const std::string& name, bool read_only = false);

/// The verdict of the gate on a command of the tool `bash`.
agent::Gate::Verdict judged(RuleGate& gate, const std::string& command,
                            const std::string& cwd = "");

std::vector<config::RuleText> rule_texts(const std::vector<std::string>& texts);

/// The lines of tests/permission/corpus/NAME without comments; ⏎ is a newline.
std::vector<std::string> corpus(const std::string& name);

}  // namespace tenon::permission
