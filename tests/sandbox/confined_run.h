#pragma once

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "host/sandbox/confinement.h"
#include "tests/runs/run_folders.h"

/// Commands that the real program runs in a sandbox.
namespace tenon::sandbox {

namespace fs = std::filesystem;

struct Ran {
    int code = -1;
    std::string output, errors;

    [[nodiscard]] bool says(std::string_view text) const {
        return output.find(text) != std::string::npos;
    }
    [[nodiscard]] bool complains(std::string_view text) const {
        return errors.find(text) != std::string::npos;
    }
};

/// A home, a workspace, a state directory, and a directory outside that may not be written.
class ConfinedRun {
public:
    ConfinedRun() { fs::create_directory(outside()); }

    testing::RunFolders world;
    std::vector<std::string> wrapper;  ///< a command that starts the program

    [[nodiscard]] fs::path workspace() const { return world.workspace(); }
    [[nodiscard]] fs::path outside() const { return world.home / "outside"; }

    [[nodiscard]] Ran tenon(std::vector<std::string> words) const {
        words.insert(words.begin(), TENON_PROGRAM);
        words.insert(words.begin(), wrapper.begin(), wrapper.end());
        testing::Process process(words, world.environment(), workspace());
        const auto exit = process.wait();
        return {exit.code, process.output, process.errors};
    }
    /// Without a model: what the command printed, and what the program said besides.
    [[nodiscard]] Ran command(const std::string& text,
                              std::vector<std::string> options = {"--sandbox", "workspace"}) const {
        const Ran started = start(text, std::move(options));
        return started.code == 0 ? end_of(started) : started;
    }
    /// Its output is the id.
    [[nodiscard]] Ran start(const std::string& text, std::vector<std::string> options) const {
        options.insert(options.begin(), {"jobs", "run"});
        options.insert(options.end(), {"--", text});
        Ran started = tenon(options);
        while (!started.output.empty() && started.output.back() == '\n')
            started.output.pop_back();
        return started;
    }
    [[nodiscard]] Ran end_of(const Ran& started) const {
        const Ran waited = tenon({"jobs", "wait", "--timeout", "60s", started.output});
        Ran ended = tenon({"jobs", "logs", started.output});
        ended.errors = started.errors;
        ended.code = waited.code;
        return ended;
    }
    /// As a model's call of `bash`: the text that the model reads.
    [[nodiscard]] Ran call(const std::string& text, std::vector<std::string> options) const {
        return call("bash", {{"command", text}}, std::move(options));
    }
    [[nodiscard]] Ran call(const std::string& tool, const nlohmann::ordered_json& input,
                           std::vector<std::string> options) const {
        const nlohmann::ordered_json use = {
            {"type", "tool_use"}, {"id", "a"}, {"name", tool}, {"input", input}};
        const nlohmann::ordered_json answer = {{"type", "answer"},
                                               {"content", nlohmann::ordered_json::array({use})},
                                               {"stop_reason", "tool_use"}};
        const nlohmann::ordered_json over = {{"type", "answer"},
                                             {"content", {{{"type", "text"}, {"text", "over"}}}},
                                             {"stop_reason", "end_turn"}};
        world.home.write("replay.jsonl", "{\"v\":1,\"type\":\"replay\"}\n" + answer.dump() + "\n" +
                                             over.dump() + "\n");
        options.insert(options.begin(),
                       {"-p", "go", "--yes", "--replay", (world.home / "replay.jsonl").string(),
                        "--output-format", "stream-json"});
        Ran ran = tenon(options);
        ran.output = result_in(ran.output);
        return ran;
    }

private:
    static std::string result_in(const std::string& output) {
        std::istringstream lines(output);
        for (std::string line; std::getline(lines, line);) {
            const auto event = parse_json(line);
            if (!event || string_or(*event, "type") != "user") continue;
            for (const Json& block : member(member(*event, "message"), "content")) {
                if (string_or(block, "tool_use_id") != "a") continue;
                const Json& content = member(block, "content");
                const std::string* text = string_in(content);
                return text != nullptr ? *text : string_or(element(content, 0), "text");
            }
        }
        return "(no result)";
    }
};

/// What the tests of the whole wall need; else they are skipped with this.
inline std::string missing_here() {
    const auto gaps = find_gaps();
    return gaps.empty() ? "" : "this system cannot enforce: " + describe(gaps);
}

}  // namespace tenon::sandbox
