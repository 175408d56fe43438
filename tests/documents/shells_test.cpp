#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "tests/support/process.h"
#include "tests/support/pty.h"
#include "tests/support/temp_dir.h"

/// The scripts of packaging/completions in the shells themselves, with the real program.
namespace tenon::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kScripts = std::string(TENON_SOURCE_DIR) + "/packaging/completions/";
constexpr const char* kBashHelpers = "/usr/share/bash-completion/bash_completion";

std::string shell(const std::string& name) {
    for (const char* folder : {"/bin/", "/usr/bin/"})
        if (::access((folder + name).c_str(), X_OK) == 0) return folder + name;
    return {};
}

class Shells : public ::testing::Test {
protected:
    Shells() {
        dir_.write("w/one file.xml", "");
        dir_.write("w/two.xml", "");
        std::filesystem::create_directories(dir_ / "w/folder");
        std::filesystem::create_directories(dir_ / "bin");
        std::filesystem::create_symlink(TENON_PROGRAM, dir_ / "bin/tenon");
    }
    /// What a shell prints that runs a text.
    [[nodiscard]] std::string run(const std::string& program, const std::string& text) const {
        Process process({program, "-c", text}, environment_, dir_ / "w");
        EXPECT_EQ(process.wait().code, 0) << process.errors;
        EXPECT_EQ(process.errors, "");
        return process.output;
    }

    TempDir dir_;
    Environment environment_ = {{"PATH", (dir_ / "bin").string() + ":/usr/local/bin:/usr/bin:/bin"},
                                {"HOME", dir_.path()},
                                {"TERM", "xterm"},
                                {"LANG", "C.UTF-8"},
                                {"LC_CTYPE", "C.UTF-8"},
                                {"TENON_STATE_DIR", dir_ / "state"}};
};

// ---------------------------------------------------------------- bash

struct BashCase {
    std::string words;  ///< COMP_WORDS as bash makes them, quoted
    std::string line;
    std::string replies;  ///< what takes the place of the last of bash's words, one a line
};

const BashCase kBashCases[] = {
    {"tenon jo", "tenon jo", "jobs\n"},
    {"tenon jobs ''", "tenon jobs ", "list\nshow\nlogs\ncancel\nwait\nrun\n"},
    {"tenon jobs --wat", "tenon jobs --wat", "--watch\n"},
    {"tenon --provider ''", "tenon --provider ", "anthropic\nopenai\nopenai-responses\nreplay\n"},
    {"tenon --provider = ''", "tenon --provider=", "anthropic\nopenai\nopenai-responses\nreplay\n"},
    {"tenon --provider =", "tenon --provider=", "anthropic\nopenai\nopenai-responses\nreplay\n"},
    {"tenon --provider = re", "tenon --provider=re", "replay\n"},
    {"tenon --workspace = /tmp jobs sh", "tenon --workspace=/tmp jobs sh", "show\n"},
    {"tenon -D model.na", "tenon -D model.na", "model.name=\n"},
    {"tenon -D agent.wake = t", "tenon -D agent.wake=t", "true\n"},
    {"tenon -Dagent.wake = t", "tenon -Dagent.wake=t", "true\n"},
    {"tenon --define = agent.wake = t", "tenon --define=agent.wake=t", "true\n"},
    {"tenon --config tw", "tenon --config tw", "two.xml\n"},
    {"tenon --config = tw", "tenon --config=tw", "two.xml\n"},
    {"tenon --config = one", "tenon --config=one", "one file.xml\n"},
    {"tenon -D log.file = tw", "tenon -D log.file=tw", "two.xml\n"},
    {"tenon --workspace ''", "tenon --workspace ", "folder\n"},
    {"tenon --config '~/w/tw'", "tenon --config ~/w/tw", "~/w/two.xml\n"},
    {"tenon --bogus x y", "tenon --bogus x y", ""},
    {R"(tenon -p '"a b"' jo)", R"(tenon -p "a b" jo)", "jobs\n"},
};

class BashCompletion : public Shells, public ::testing::WithParamInterface<bool> {};

TEST_P(BashCompletion, RepliesForEachLine) {
    const std::string bash = shell("bash");
    if (bash.empty()) GTEST_SKIP() << "there is no bash";
    std::string begin;
    if (GetParam()) {
        if (::access(kBashHelpers, R_OK) != 0) GTEST_SKIP() << "bash-completion is not installed";
        begin = "source " + std::string(kBashHelpers) + "; ";
    }
    begin += "source " + kScripts + "tenon.bash; ";
    for (const auto& [words, line, replies] : kBashCases) {
        SCOPED_TRACE(words);
        const std::string text =
            begin + "COMP_WORDS=(" + words +
            "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_LINE='" + line +
            "'; COMP_POINT=${#COMP_LINE}; COMP_WORDBREAKS=$' \\t\\n\"\\'><=;|&(:'; " +
            "_tenon; ((${#COMPREPLY[@]} == 0)) || printf '%s\\n' \"${COMPREPLY[@]}\"";
        EXPECT_EQ(run(bash, text), replies);
    }
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutHelpers, BashCompletion, ::testing::Bool());

TEST_F(Shells, BashDoesNotCutAtASignThatIsNoWordBreak) {
    const std::string bash = shell("bash");
    if (bash.empty()) GTEST_SKIP() << "there is no bash";
    EXPECT_EQ(run(bash, "source " + kScripts +
                            "tenon.bash; COMP_WORDBREAKS=' '; COMP_WORDS=(tenon --provider=re); "
                            "COMP_CWORD=1; COMP_LINE='tenon --provider=re'; "
                            "COMP_POINT=${#COMP_LINE}; _tenon; printf '%s\\n' \"${COMPREPLY[@]}\""),
              "--provider=replay\n");
    EXPECT_EQ(run(bash, "source " + kScripts +
                            "tenon.bash; COMP_WORDBREAKS=' '; COMP_WORDS=(tenon --config=tw); "
                            "COMP_CWORD=1; COMP_LINE='tenon --config=tw'; "
                            "COMP_POINT=${#COMP_LINE}; _tenon; printf '%s\\n' \"${COMPREPLY[@]}\""),
              "--config=two.xml\n");
}

/// A person at a terminal: what Tab makes of a line, in bash itself.
TEST_F(Shells, BashCompletesTypedLines) {
    const std::string bash = shell("bash");
    if (bash.empty()) GTEST_SKIP() << "there is no bash";
    dir_.write("rc", "PS1='> '; source " + kScripts + "tenon.bash\n");
    Pty terminal({bash, "--noprofile", "--rcfile", (dir_ / "rc").string(), "-i"}, environment_,
                 dir_ / "w");
    ASSERT_TRUE(terminal.wait_for(">"));
    const std::pair<std::string, std::string> cases[] = {
        {"tenon job\tsh\t#", "> tenon jobs show #"},
        {"tenon --prov\tre\t#", "> tenon --provider=replay #"},
        {"tenon -D model.na\tx#", "> tenon -D model.name=x#"},
        {"tenon --config=one\t#", R"(> tenon --config=one\ file.xml #)"},
        {"tenon --workspace=fol\t#", "> tenon --workspace=folder/#"},
        {"tenon plugin verify fol\t#", "> tenon plugin verify folder/#"},
    };
    for (const auto& [typed, shown] : cases) {
        SCOPED_TRACE(typed);
        terminal.send(typed);
        EXPECT_TRUE(terminal.wait_for(shown)) << terminal.screen();
        terminal.send("\x15");
        terminal.send("clear\r");
    }
    terminal.send("exit\r");
    terminal.wait();
}

// ---------------------------------------------------------------- zsh

TEST_F(Shells, ZshCompletesTypedLines) {
    const std::string zsh = shell("zsh");
    if (zsh.empty()) GTEST_SKIP() << "there is no zsh";
    dir_.write(".zshrc", "PS1='> '; fpath=(" + kScripts + " $fpath)\n" +
                             "autoload -Uz compinit && compinit -u -D\nbindkey -e\n");
    Pty terminal({zsh, "-i"}, environment_, dir_ / "w");
    ASSERT_TRUE(terminal.wait_for(">"));
    const std::pair<std::string, std::string> cases[] = {
        {"tenon job\tsh\t#", "> tenon jobs show #"},
        {"tenon --prov\tre\t#", "> tenon --provider=replay #"},
        {"tenon -D model.na\tx#", "> tenon -D model.name=x#"},
        {"tenon --config=one\t#", R"(> tenon --config=one\ file.xml #)"},
        {"tenon --workspace fol\t#", "> tenon --workspace folder/#"},
        {"tenon plugin verify fol\t#", "> tenon plugin verify folder/#"},
    };
    for (const auto& [typed, shown] : cases) {
        SCOPED_TRACE(typed);
        terminal.send(typed);
        EXPECT_TRUE(terminal.wait_for(shown)) << terminal.screen();
        terminal.send("\x15");
        terminal.send("clear\r");
    }
    terminal.send("tenon jobs \t");
    EXPECT_TRUE(terminal.wait_for("the background jobs of the store")) << terminal.screen();
    terminal.send("\x15");
    terminal.send("exit\r");
    terminal.wait();
}

// ---------------------------------------------------------------- fish

TEST_F(Shells, FishOffersCandidatesWithDescriptions) {
    const std::string fish = shell("fish");
    if (fish.empty()) GTEST_SKIP() << "there is no fish";
    const auto complete = [&](const std::string& line) {
        return run(fish, "source " + kScripts + "tenon.fish; complete -C '" + line + "'");
    };
    EXPECT_THAT(complete("tenon jobs "),
                AllOf(HasSubstr("list\tthe background jobs of the store\n"), HasSubstr("cancel\t"),
                      Not(HasSubstr("two.xml"))));
    EXPECT_THAT(complete("tenon jo"), HasSubstr("jobs\t"));
    EXPECT_THAT(complete("tenon "), HasSubstr("plugin\t"));
    EXPECT_EQ(complete("tenon --provider=re"), "--provider=replay\n");
    EXPECT_THAT(complete("tenon -D model.na"), HasSubstr("model.name=\t"));
    EXPECT_THAT(complete("tenon --config tw"), HasSubstr("two.xml"));
    EXPECT_THAT(complete("tenon --config=tw"), HasSubstr("--config=two.xml"));
    EXPECT_THAT(complete("tenon --workspace="),
                AllOf(HasSubstr("--workspace=folder/"), Not(HasSubstr("two.xml"))));
    EXPECT_THAT(complete("tenon -D log.file=tw"), HasSubstr("log.file=two.xml"));
}

}  // namespace
}  // namespace tenon::testing
