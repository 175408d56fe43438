#include <atomic>
#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/base/json.h"
#include "tests/runs/run_folders.h"

namespace tenon::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kReads = 8;

/// A model with a small window, which reads a long file again and again. As a server does that
/// counts exactly, it refuses every request that does not fit, and states its window.
class SmallModel {
public:
    /// `counts_answer`: the longest answer has to fit, too.
    SmallModel(std::int64_t window, bool counts_answer)
        : window_(window), counts_answer_(counts_answer) {}

    Step operator()(const Json& request) {
        const auto prompt = static_cast<std::int64_t>(request.dump().size()) / 4;
        const std::int64_t answer = counts_answer_ ? integer_or(request, "max_tokens", 0) : 0;
        Step step;
        if (prompt + answer > window_) {
            ++refused;
            step.status = 400;
            step.body = R"({"error":{"code":400,"message":"request ()" + std::to_string(prompt) +
                        " tokens) exceeds the available context size (" + std::to_string(window_) +
                        R"( tokens), try increasing it","type":"exceed_context_size_error"}})";
            return step;
        }
        step.usage = {{"input_tokens", prompt}, {"output_tokens", 40}};
        step.stop_reason = "end_turn";
        const std::string last = request.at("messages").back().dump();
        if (last.find("Leave the work for a moment.") != last.npos) {
            ++summaries;
            step.content = texts("So far " + std::to_string(reads) + " reads.");
        } else if (reads == kReads) {
            step.content = texts("done");
        } else {
            ++reads;
            step.stop_reason = "tool_use";
            step.content = nlohmann::ordered_json::array({{{"type", "tool_use"},
                                                           {"id", "read_" + std::to_string(reads)},
                                                           {"name", "read_file"},
                                                           {"input", {{"path", "long.txt"}}}}});
        }
        return step;
    }

    std::atomic<int> reads = 0, summaries = 0, refused = 0;

private:
    static nlohmann::ordered_json texts(const std::string& text) {
        return nlohmann::ordered_json::array({{{"type", "text"}, {"text", text}}});
    }

    std::int64_t window_;
    bool counts_answer_;
};

/// With them, system prompt and tools have more than 3,400 tokens.
void add_skills(const RunFolders& folders) {
    for (int i = 0; i < 40; ++i) {
        const std::string name = "skill-" + std::to_string(i);
        folders.home.write(
            "w/skills/" + name + "/SKILL.md",
            "---\nname: " + name + "\ndescription: " + std::string(300, 'x') + "\n---\nbody\n");
    }
}

struct SmallWindowCase {
    const char* name;
    bool configured, counts_answer, long_prompt;
    std::size_t bytes;  ///< of the file
};

void PrintTo(const SmallWindowCase& one, std::ostream* out) {
    *out << one.name;
}

class SmallWindow : public ::testing::TestWithParam<std::tuple<SmallWindowCase, const char*>> {};

TEST_P(SmallWindow, IsEnoughForALongRun) {
    const auto& [c, format] = GetParam();
    const RunFolders folders;
    std::string lines;
    while (lines.size() < c.bytes)
        lines += "a line of a long file, number " + std::to_string(lines.size()) + "\n";
    folders.home.write("w/long.txt", lines);
    if (c.long_prompt) add_skills(folders);
    const std::int64_t window = c.long_prompt ? 6'800 : 8'000;
    SmallModel model(window, c.counts_answer);
    ModelServer::Options options;
    options.responder = [&model](const Json& request) { return model(request); };
    const ModelServer server(std::vector<Step>(), options);
    std::vector<std::string> command = {TENON_PROGRAM, "-p", "read it", "-D",
                                        std::string("model.provider=") + format};
    if (c.configured)
        command.insert(command.end(), {"-D", "model.contextWindow=" + std::to_string(window)});
    for (const int run : {1, 2}) {
        SCOPED_TRACE(run);
        model.reads = model.summaries = model.refused = 0;
        Process tenon(command, folders.environment(&server, format), folders.workspace());
        const auto ended = tenon.wait();
        EXPECT_EQ(ended.code, 0) << tenon.errors;
        EXPECT_EQ(tenon.output, "done\n");
        EXPECT_EQ(model.reads, kReads);
        EXPECT_GT(model.summaries, 0);
        const bool says_so =
            tenon.errors.find(" of the " + std::to_string(window) + " tokens") != std::string::npos;
        EXPECT_EQ(says_so, c.long_prompt) << tenon.errors;
        if (c.configured || run == 2) EXPECT_LE(model.refused, 2 * model.summaries);
    }
    EXPECT_EQ(server.refusals(), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Runs, SmallWindow,
    ::testing::Combine(
        ::testing::Values(SmallWindowCase{"Learned", false, false, false, 12'000},
                          SmallWindowCase{"LearnedWithTheAnswer", false, true, false, 12'000},
                          SmallWindowCase{"Configured", true, false, false, 12'000},
                          SmallWindowCase{"ConfiguredWithTheAnswer", true, true, false, 12'000},
                          SmallWindowCase{"ConfiguredLongResults", true, true, false, 200'000},
                          SmallWindowCase{"LearnedLongResults", false, true, false, 200'000},
                          SmallWindowCase{"ConfiguredLongPrompt", true, true, true, 12'000},
                          SmallWindowCase{"LearnedLongPrompt", false, true, true, 12'000},
                          SmallWindowCase{"LongPromptAndLongResults", true, true, true, 200'000}),
        ::testing::Values("anthropic", "openai", "openai-responses")),
    [](const auto& row) {
        return std::get<0>(row.param).name + ("_" + name_of_format(std::get<1>(row.param)));
    });

}  // namespace
}  // namespace tenon::testing
