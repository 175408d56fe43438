#include "host/permission/rule_offer.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/shell/grammar.h"
#include "tests/permission/judged_workspace.h"

namespace tenon::permission {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Strings = std::vector<std::string>;

/// Answers no, and keeps the question.
class Keeper final : public Asker {
public:
    UserAnswer ask(const Question& question, std::stop_token /*stop*/) override {
        questions.push_back(question);
        return answer;
    }
    std::vector<Question> questions;
    UserAnswer answer;
};

class RuleOffers : public ::testing::Test {
protected:
    Question asked(const std::string& command, const std::string& cwd = "") {
        RuleGate gate(workspace_.config(), &keeper_);
        EXPECT_FALSE(judged(gate, command, cwd).allowed);
        EXPECT_FALSE(keeper_.questions.empty()) << command;
        return keeper_.questions.empty() ? Question{} : keeper_.questions.back();
    }
    JudgedWorkspace workspace_;
    Keeper keeper_;
};

TEST_F(RuleOffers, AreTheExactCommandAndThePrefixOfItsSubCommand) {
    struct Row {
        const char* command;
        std::vector<Strings> offers;
    };
    const std::vector<Row> rows = {
        {"git push", {{"Bash(git push)"}, {"Bash(git push *)"}}},
        {"git push --force origin main",
         {{"Bash(git push --force origin main)"}, {"Bash(git push *)"}}},
        {"make test", {{"Bash(make test)"}, {"Bash(make test *)"}}},
        {"make test-all V=1", {{"Bash(make test-all V=1)"}, {"Bash(make test-all *)"}}},
        {"npm run build", {{"Bash(npm run build)"}, {"Bash(npm run build *)"}}},
        {"npm run build:prod -- -x",
         {{"Bash(npm run build:prod -- -x)"}, {"Bash(npm run build:prod *)"}}},
        {"npm test", {{"Bash(npm test)"}, {"Bash(npm test *)"}}},
        {"cargo build --release", {{"Bash(cargo build --release)"}, {"Bash(cargo build *)"}}},
        {"git add . && git commit -m x",
         {{"Bash(git add .)", "Bash(git commit -m x)"}, {"Bash(git add *)", "Bash(git commit *)"}}},
        {"make test > log",
         {{"Edit(./log)", "Bash(make test)"}, {"Edit(./log)", "Bash(make test *)"}}},
        {"git commit -m '*'", {{"Bash(git commit -m '\\*')"}, {"Bash(git commit *)"}}},
        {"mark x", {{"Bash(mark x)"}}},
        {"make", {{"Bash(make)"}}},
        {"make -f x test", {{"Bash(make -f x test)"}}},
        {"make ./x", {{"Bash(make ./x)"}}},
        {"make 'test'", {{"Bash(make 'test')"}}},
        {"A=1 make test", {{"Bash(A=1 make test)"}}},
        {"./make test", {{"Bash(./make test)"}}},
        {"git -c a=b push", {{"Bash(git -c a=b push)"}}},
    };
    for (const auto& [command, offers] : rows) {
        SCOPED_TRACE(command);
        EXPECT_EQ(asked(command).offers, offers);
        EXPECT_THAT(keeper_.questions.back().remark, IsEmpty());
    }
}

TEST_F(RuleOffers, AreNoneForWhatRunsItsInputSinceARuleHoldsTheWordsAlone) {
    for (const char* command :
         {"python3 - <<'E'\nprint(1)\nE\n", "python3.11 <<< 'print(1)'", "echo 'f()' | node",
          "echo x | perl -w", "cat s.sql | psql db", "mark <<'E'\nx\nE\n", "cat l | xargs rm",
          "python3 /dev/stdin < a.txt", "echo x | make -f -", "git apply < a.txt",
          "cat a.txt | sed -f -", "echo x | docker exec -i c python3", "{ python3 -u; } < a.txt",
          "echo x | (cd src; node)", "cat a.txt | env python3", "sqlite3 a.db"}) {
        SCOPED_TRACE(command);
        const Question question = asked(command);
        EXPECT_THAT(question.offers, IsEmpty());
        EXPECT_THAT(question.remark, HasSubstr("any other input"));
    }
    EXPECT_THAT(asked("python3 a.py").offers, ElementsAre(Strings{"Bash(python3 a.py)"}));
    EXPECT_THAT(asked("cat a.txt | mark x").offers, ElementsAre(Strings{"Bash(mark x)"}));
    EXPECT_THAT(asked("cat > f <<'E'\nx\nE\n").offers,
                ElementsAre(Strings{"Edit(./f)", "Bash(cat)"}));
}

TEST_F(RuleOffers, AreNeverAPrefixOfWhatRunsOtherProgramsOrTakesCode) {
    for (const std::string program : {"bash",
                                      "sh",
                                      "zsh",
                                      "dash",
                                      "env",
                                      "xargs",
                                      "sudo",
                                      "su",
                                      "doas",
                                      "python",
                                      "python3",
                                      "python3.11",
                                      "node",
                                      "perl",
                                      "ruby",
                                      "php",
                                      "ssh",
                                      "docker",
                                      "podman",
                                      "kubectl",
                                      "exec",
                                      "nohup",
                                      "nice",
                                      "time",
                                      "timeout",
                                      "setsid",
                                      "watch",
                                      "npx",
                                      "bunx",
                                      "pipx",
                                      "uvx",
                                      "awk",
                                      "sed",
                                      "lua",
                                      "strace",
                                      "gdb",
                                      "chroot",
                                      "unshare",
                                      "systemd-run",
                                      "parallel",
                                      "script",
                                      "expect",
                                      "tclsh",
                                      "java",
                                      "deno",
                                      "busybox",
                                      "flock",
                                      "stdbuf",
                                      "ionice",
                                      "rsync",
                                      "scp",
                                      "tar",
                                      "zip",
                                      "crontab",
                                      "at",
                                      "git bisect",
                                      "git rebase",
                                      "git submodule",
                                      "git filter-branch",
                                      "git difftool",
                                      "git mergetool",
                                      "git config",
                                      "git grep",
                                      "git fetch",
                                      "git pull",
                                      "git clone",
                                      "git daemon",
                                      "git archive",
                                      "git svn",
                                      "cargo run",
                                      "cargo install",
                                      "go run",
                                      "go test",
                                      "go generate",
                                      "go tool",
                                      "npm exec",
                                      "npm x",
                                      "npm install",
                                      "npm explore",
                                      "yarn exec",
                                      "yarn dlx",
                                      "yarn node",
                                      "pnpm exec",
                                      "pnpm dlx",
                                      "bun x",
                                      "bun build",
                                      "mvn exec:java",
                                      "gradle run",
                                      "pip install",
                                      "poetry run",
                                      "uv run",
                                      "bundle exec",
                                      "find . -exec"}) {
        const std::string command = program + " run x";
        SCOPED_TRACE(command);
        const Question question = asked(command);
        for (const Strings& offer : question.offers)
            for (const std::string& rule : offer)
                EXPECT_EQ(rule.find('*'), std::string::npos) << rule;
    }
}

TEST_F(RuleOffers, AreMissingWhereTheCommandIsNotWhollyUnderstood) {
    for (const char* command :
         {"mark $(x)", "eval x", "git push $X", "make test; mark `x`", "f() { x; }; f"}) {
        SCOPED_TRACE(command);
        const Question question = asked(command);
        EXPECT_THAT(question.offers, IsEmpty());
        EXPECT_THAT(question.remark, HasSubstr("It is not wholly understood ("));
        EXPECT_THAT(question.remark, HasSubstr("), so only yes and no are offered."));
    }
}

TEST_F(RuleOffers, AreMissingOutsideTheWorkspaceAndForWhatIsTooLong) {
    EXPECT_THAT(asked("make test", "..").offers, IsEmpty());
    EXPECT_THAT(keeper_.questions.back().remark, HasSubstr("outside the workspace"));
    EXPECT_THAT(asked("mark " + std::string(2'000, 'x')).offers, IsEmpty());
    EXPECT_THAT(keeper_.questions.back().remark, HasSubstr("too long"));
    std::string many;
    for (int i = 0; i < 20; ++i)
        many += "mark " + std::to_string(i) + "; ";
    EXPECT_THAT(asked(many).offers, IsEmpty());
    EXPECT_THAT(keeper_.questions.back().remark, HasSubstr("too many rules"));
}

TEST_F(RuleOffers, AllowWhatWasAskedAbout) {
    for (const char* command : {"git push origin", "make test && npm run build > log",
                                "A=1 mark 'x y'", "mark *.c", "mark < ../outside/secret"}) {
        SCOPED_TRACE(command);
        const Question question = asked(command);
        for (const Strings& offer : question.offers) {
            Config config = workspace_.config();
            config.allow = rule_texts(offer);
            RuleGate gate(config);
            EXPECT_TRUE(judged(gate, command).allowed) << ::testing::PrintToString(offer);
        }
    }
}

TEST_F(RuleOffers, ArePassedOnWithTheSubagentWhoseCallItIs) {
    RuleGate gate(workspace_.config(), &keeper_);
    (void)gate.judge(own_tool("bash"), {"id", "bash", {{"command", "make test"}}, {}}, {},
                     "the subagent 'tests'");
    EXPECT_EQ(keeper_.questions.at(0).subagent, "the subagent 'tests'");
    EXPECT_EQ(keeper_.questions.at(0).who, "bash of the subagent 'tests'");
    (void)judged(gate, "make test");
    EXPECT_EQ(keeper_.questions.at(1).subagent, "");
}

TEST_F(RuleOffers, AreAnsweredWithWordsForTheModel) {
    keeper_.answer = {Consent::kNo, {}, "run the tests first"};
    RuleGate gate(workspace_.config(), &keeper_);
    EXPECT_EQ(judged(gate, "git push").reason,
              "Permission denied: bash wants to run `git push`, and the user said no. The user "
              "wants this instead: run the tests first");
}

}  // namespace
}  // namespace tenon::permission
