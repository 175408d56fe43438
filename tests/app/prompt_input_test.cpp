#include "host/app/prompt_input.h"

#include <fcntl.h>
#include <pty.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "host/base/unique_fd.h"

namespace tenon::app {
namespace {

/// A pipe that holds `text`; its writing end is closed unless it is kept.
struct Pipe {
    explicit Pipe(const std::string& text) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
        in.reset(ends[0]);
        out.reset(ends[1]);
        if (::write(ends[1], text.data(), text.size()) != static_cast<ssize_t>(text.size()))
            throw std::runtime_error("write");
    }
    UniqueFd in, out;
};

Result<std::optional<PromptInput>> read(const std::optional<std::string>& prompt,
                                        const std::string& piped) {
    Pipe pipe(piped);
    pipe.out.reset();
    return read_prompt(prompt, pipe.in.get());
}

TEST(PromptInput, JoinsThePromptAndWhatIsPiped) {
    struct Case {
        std::optional<std::string> prompt;
        std::string piped, expected;
    };
    const Case cases[] = {
        {"do", "", "do"},
        {"do", " \n", "do"},
        {"do", "this", "do\n\nthis"},
        {"-", "this", "this"},
        {std::nullopt, "this", "this"},
        {"do", "a\xFF", "do\n\na\xEF\xBF\xBD"},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.expected);
        const auto input = read(c.prompt, c.piped);
        ASSERT_TRUE(input) << input.error().message;
        ASSERT_TRUE(*input);
        EXPECT_EQ((*input)->text, c.expected);
        EXPECT_TRUE((*input)->notices.empty());
    }
}

TEST(PromptInput, RefusesAnEmptyPrompt) {
    EXPECT_EQ(read(std::nullopt, " \n").error().message, "the prompt on standard input is empty");
    EXPECT_EQ(read("-", "").error().message, "the prompt on standard input is empty");
    EXPECT_EQ(read(" ", "").error().message, "the prompt of -p is empty");
}

TEST(PromptInput, IgnoresASilentPipeBesideAPromptAndSaysSo) {
    const Pipe silent("");
    const auto input = read_prompt("do", silent.in.get(), std::chrono::milliseconds(0));
    ASSERT_TRUE(input && *input);
    EXPECT_EQ((*input)->text, "do");
    ASSERT_EQ((*input)->notices.size(), 1U);
}

TEST(PromptInput, ReadsNothingFromATerminal) {
    int master = -1;
    int slave = -1;
    ASSERT_EQ(::openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
    const UniqueFd ours(master);
    const UniqueFd terminal(slave);
    const auto interactive = read_prompt(std::nullopt, slave);
    ASSERT_TRUE(interactive);
    EXPECT_FALSE(*interactive);
    EXPECT_EQ((**read_prompt("do", slave)).text, "do");
}

TEST(PromptInput, WorksWithoutAnyStandardInput) {
    const int closed = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(closed);
    EXPECT_EQ((**read_prompt("do", closed)).text, "do");
}

}  // namespace
}  // namespace tenon::app
