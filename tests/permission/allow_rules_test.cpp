#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "tests/permission/judged_workspace.h"

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Strings = std::vector<std::string>;

class AllowRules : public ::testing::Test {
protected:
    agent::Gate::Verdict judge(const Strings& allow, const std::string& command,
                               const std::string& cwd = "", const Strings& deny = {}) const {
        Config config = workspace_.config();
        config.allow = rule_texts(allow);
        config.deny = rule_texts(deny);
        RuleGate gate(config);
        return judged(gate, command, cwd);
    }
    JudgedWorkspace workspace_;
};

TEST_F(AllowRules, HoldWhereTheCommandRunsInsideTheRoots) {
    struct Row {
        const char* rule;
        const char* command;
        const char* cwd;
        bool allowed;
    };
    const std::vector<Row> rows = {
        {"Bash(./build.sh)", "./build.sh", "", true},
        {"Bash(./build.sh)", "./build.sh", "src", true},
        {"Bash(./build.sh)", "./build.sh", "..", false},
        {"Bash(./build.sh)", "./build.sh", "/", false},
        {"Bash(./build.sh)", "./build.sh", "out", false},
        {"Bash(./build.sh)", "./build.sh", "inside", true},
        {"Bash(./build.sh)", "./build.sh", "link_up", false},
        {"Bash(./build.sh)", "./build.sh", "~", false},
        {"Bash(make *)", "make all", "", true},
        {"Bash(make *)", "make all", "../outside", false},
        {"Bash(make *)", "make all", "/tmp", false},
        {"Bash(*)", "make all", "/tmp", false},
        {"Bash(/usr/bin/make *)", "/usr/bin/make all", "/tmp", false},
        {"Bash", "make all", "/tmp", true},
        {"Bash", "./build.sh", "out", true},
        {"bash", "make all", "/tmp", true},
        {"Bash(make *)", "cd src && make all", "", true},
        {"Bash(make *)", "cd .. && make all", "", false},
        {"Bash(make *)", "cd out && make all", "", false},
        {"Bash(make *)", "cd out; make all", "", false},
        {"Bash(make *)", "cd src; cd ../..; make all", "", false},
        {"Bash(make *)", "cd / | make all", "", false},
        {"Bash", "cd / && make all", "", true},
    };
    for (const auto& [rule, command, cwd, allowed] : rows) {
        SCOPED_TRACE(std::string(rule) + " / " + command + " in " + cwd);
        const auto verdict = judge({rule, "Bash(cd *)"}, command, cwd);
        EXPECT_EQ(verdict.allowed, allowed) << verdict.reason;
    }
    // Only the shell knows where these lead.
    for (const char* command :
         {"cd - && make all", "cd && make all", "cd -P src && make all", "pushd src && make all",
          "popd && make all", "cd s* && make all", "command cd src && make all",
          "builtin cd src && make all", "source x && make all", ". ./x && make all"}) {
        SCOPED_TRACE(command);
        EXPECT_FALSE(judge({"Bash(make *)", "Bash(cd*)", "Bash(pushd *)", "Bash(popd)",
                            "Bash(command *)", "Bash(builtin *)", "Bash(source *)", "Bash(. *)"},
                           command)
                         .allowed);
    }
}

TEST_F(AllowRules, SayThatOnlyTheBareRuleHoldsElsewhere) {
    EXPECT_THAT(judge({"Bash(make *)"}, "make all", "..").reason,
                AllOf(HasSubstr("--allow 'Bash' or"),
                      HasSubstr("Only the bare rule Bash allows what runs outside")));
    EXPECT_THAT(judge({}, "mark $(x)").reason,
                HasSubstr("Only the bare rule Bash allows what is not wholly understood."));
}

TEST_F(AllowRules, DoNotTakeAnAssignmentForTheNameOfACommand) {
    struct Row {
        const char* rule;
        const char* command;
        bool allowed;
    };
    const std::vector<Row> rows = {
        {"Bash(make*)", "make=1 mark x", false},
        {"Bash(make*)", "make all", true},
        {"Bash(*)", "A=1 mark x", false},
        {"Bash(*mark*)", "A=1 mark x", false},
        {"Bash(A*)", "A=1 mark x", false},
        {"Bash(A=*)", "A=1 mark x", false},
        {"Bash(A=1*)", "A=1 mark x", false},
        {"Bash(A=1*)", "A=12 mark x", false},
        {"Bash(A=1 *)", "A=1 mark x", true},
        {"Bash(A=1 mark *)", "A=1 mark x", true},
        {"Bash(A=1 mark x)", "A=1 mark x", true},
        {"Bash(A=1 *)", "A=1 B=2 mark x", false},
        {"Bash(A=1 B=2 *)", "A=1 B=2 mark x", true},
        {"Bash(A=2 *)", "A=1 mark x", false},
        {"Bash(mark *)", "A=1 mark x", false},
        {"Bash(A=1 mark *)", "mark x", false},
        {"Bash(A=\\* mark)", "A=* mark", true},
    };
    for (const auto& [rule, command, allowed] : rows) {
        SCOPED_TRACE(std::string(rule) + " / " + command);
        EXPECT_EQ(judge({rule}, command).allowed, allowed);
    }
}

TEST_F(AllowRules, MatchAProgramByThePathThatIsWritten) {
    struct Row {
        const char* rule;
        const char* command;
        bool allowed;
    };
    const std::vector<Row> rows = {
        {"Bash(make)", "/tmp/make", false},
        {"Bash(make)", "./make", false},
        {"Bash(make *)", "./make all", false},
        {"Bash(make *)", "/usr/bin/make all", false},
        {"Bash(/tmp/make)", "/tmp/make", true},
        {"Bash(/tmp/make)", "make", false},
        {"Bash(./make)", "././make", false},
        {"Bash(./make *)", "./make x", true},
        {"Bash(mar*)", "mar? x", false},
        {"Bash(*)", "m*rk x", false},
        {"Bash(mark *)", "'mark' x", false},
        {"Bash(mark *)", "mark > ../x", false},
        {"Bash(git * status)", "git push <<< status", false},
        {"Bash(git * status)", "git push 2>&1 status", true},
        {"Bash(mark 2>&1)", "mark 2>&1", true},
    };
    for (const auto& [rule, command, allowed] : rows) {
        SCOPED_TRACE(std::string(rule) + " / " + command);
        EXPECT_EQ(judge({rule}, command).allowed, allowed);
    }
}

TEST_F(AllowRules, JudgeInputRedirectionsAsReads) {
    const Strings mark = {"Bash(mark *)", "Bash(mark)"};
    EXPECT_TRUE(judge(mark, "mark < a.txt").allowed);
    EXPECT_TRUE(judge(mark, "mark < /dev/null").allowed);
    for (const char* command :
         {"mark < /etc/passwd", "mark < ../outside/secret", "mark < out/secret", "mark < passwd",
          "mark 3< /etc/passwd", "mark < inside/../../outside/secret", "mark < /proc/self/environ",
          "mark < /dev/fd/../environ", "mark < ~/.bashrc", "mark < $X", "mark <> a.txt",
          "mark < /dev/tcp/127.0.0.1/80"}) {
        SCOPED_TRACE(command);
        EXPECT_FALSE(judge(mark, command).allowed);
    }
    EXPECT_FALSE(judge({"Bash", "Edit"}, "mark < denied/key", "", {"Read(denied/**)"}).allowed);
    EXPECT_FALSE(
        judge({"Bash", "Edit"}, "mark $(cat < denied/key)", "", {"Read(denied/**)"}).allowed);
    EXPECT_FALSE(
        judge({"Bash", "Edit"}, "cd denied && mark < key", "", {"Read(denied/**)"}).allowed);
    EXPECT_FALSE(judge({"Bash", "Edit"}, "mark < denied/k*", "", {"Read(denied/**)"}).allowed);
    EXPECT_FALSE(judge({"Bash", "Edit"}, "mark <> denied/key", "", {"Read(denied/**)"}).allowed);
    EXPECT_FALSE(judge({"Bash", "Edit"}, "mark <> denied/key", "", {"Edit(denied/**)"}).allowed);
    EXPECT_TRUE(judge({"Bash", "Edit"}, "mark < a.txt", "", {"Read(denied/**)"}).allowed);
    EXPECT_THAT(judge(mark, "mark < /etc/passwd").reason, HasSubstr("'Read(//etc/passwd)'"));
}

TEST_F(AllowRules, FollowLinksBeforeDotsInRedirectionsAndFileTools) {
    workspace_.dir().write("w/d/x", "");
    fs::create_directories(workspace_.dir() / "outside/deep");
    fs::create_directory_symlink("../../outside/deep", workspace_.path() / "d/link");
    const Strings rules = {"Bash(mark)", "Edit(./**)", "Read(./**)"};
    EXPECT_TRUE(judge(rules, "mark > d/x").allowed);
    EXPECT_FALSE(judge(rules, "mark > d/link/../rc").allowed);
    EXPECT_FALSE(judge(rules, "mark < d/link/../secret").allowed);
    EXPECT_TRUE(judge(rules, "mark > d/../rc").allowed);
    Config config = workspace_.config();
    config.allow = rule_texts(rules);
    config.mode = PermissionMode::kAcceptEdits;
    RuleGate gate(config);
    const auto tool = [&](const char* name, const char* path) {
        return gate.judge(own_tool(name, std::string(name) == "read_file"),
                          {"id", name, {{"path", path}}, {}}, {});
    };
    EXPECT_FALSE(tool("write_file", "d/link/../rc").allowed);
    EXPECT_FALSE(tool("edit_file", "d/link/../secret").allowed);
    EXPECT_FALSE(tool("read_file", "d/link/../secret").allowed);
    EXPECT_TRUE(tool("write_file", "d/../rc").allowed);
    EXPECT_FALSE(tool("write_file", (workspace_.path() / "d/link/../rc").c_str()).allowed);
}

TEST_F(AllowRules, DoNotFollowALinkThatAnotherPartMakes) {
    const Strings rules = {"Bash(ln *)", "Bash(mv *)", "Bash(mark)", "Edit(./**)"};
    EXPECT_FALSE(judge(rules, "ln -s /etc x && mark > x/passwd").allowed);
    EXPECT_FALSE(judge(rules, "mv out x; mark > x/secret").allowed);
    EXPECT_FALSE(judge(rules, "mark > x/secret | ln -s ../outside x").allowed);
    EXPECT_TRUE(judge(rules, "mv a.txt x; mark > y").allowed);
}

TEST_F(AllowRules, LeaveWhatIsNotUnderstoodToTheBareRule) {
    const Strings wide = {"Bash(*)", "Bash(* *)", "Bash(mark*)", "Bash(ls *)", "Edit", "Read"};
    for (const char* command :
         {"mark $(x)", "mark `x`", "mark \"$(x)\"", "eval mark", "mark <(x)", "$X mark",
          "mark() { x; }; mark", "mark; eval x", "mark <<E\n$(x)\nE", "mark 'x", ""}) {
        SCOPED_TRACE(command);
        if (*command != '\0') EXPECT_FALSE(judge(wide, command).allowed);
        EXPECT_TRUE(judge({"Bash"}, command).allowed);
    }
}

TEST_F(AllowRules, DoNotReachTextThatCannotBeTakenApartWhileDenyRulesAreInForce) {
    for (const bool yes : {false, true}) {
        for (const PermissionMode mode :
             {PermissionMode::kAsk, PermissionMode::kBypassPermissions}) {
            Config config = workspace_.config();
            config.allow = rule_texts({"Bash"});
            config.yes = yes;
            config.mode = mode;
            RuleGate free(config);
            EXPECT_TRUE(judged(free, "mark 'x").allowed);
            config.deny = rule_texts({"Bash(rm *)"});
            RuleGate gate(config);
            EXPECT_THAT(judged(gate, "mark 'x").reason,
                        AllOf(HasSubstr("could not be taken apart ("), HasSubstr("Bash(rm *)")));
            EXPECT_TRUE(judged(gate, "mark $(x)").allowed) << "opaque is not failed";
            config.deny.clear();
            config.ask = rule_texts({"Bash(rm *)"});
            RuleGate asking(config);
            EXPECT_EQ(judged(asking, "mark 'x").allowed, yes);
        }
    }
}

TEST_F(AllowRules, RefuseFileToolsThatWriteInAReadOnlySandbox) {
    Config config = workspace_.config();
    config.read_only_sandbox = true;
    config.yes = true;
    for (const PermissionMode mode :
         {PermissionMode::kAsk, PermissionMode::kAcceptEdits, PermissionMode::kBypassPermissions}) {
        config.mode = mode;
        RuleGate gate(config);
        for (const char* tool : {"write_file", "edit_file"}) {
            const auto verdict =
                gate.judge(own_tool(tool), {"id", tool, {{"path", "a.txt"}}, {}}, {});
            EXPECT_FALSE(verdict.allowed);
            EXPECT_THAT(verdict.reason, HasSubstr("sandbox.mode is read-only"));
        }
        EXPECT_TRUE(gate.judge(own_tool("read_file", true),
                               {"id", "read_file", {{"path", "a.txt"}}, {}}, {})
                        .allowed);
    }
}

TEST_F(AllowRules, JudgeHugeAndHostileTextsSoonAndNeverAllowThem) {
    std::vector<config::RuleText> thousand;
    for (int i = 0; i < 1'000; ++i)
        thousand.push_back({"Bash(tool" + std::to_string(i) + " *)", "a test", {}});
    const auto repeated = [](const std::string& text) {
        std::string out;
        while (out.size() + text.size() <= 131'072)
            out += text;
        return out;
    };
    std::string numbered;
    for (int i = 0; numbered.size() < 131'000; ++i)
        numbered += "t" + std::to_string(i) + ";";
    const std::vector<std::string> texts = {
        repeated("x"),
        repeated("a;"),
        repeated("mark x && "),
        repeated("$("),
        repeated("(("),
        repeated("{ "),
        repeated("'"),
        repeated("\""),
        repeated("`"),
        repeated("\\"),
        repeated("mark <<a\n"),
        repeated("cd a;"),
        repeated("> ../f "),
        repeated(">f;"),
        repeated("rm *;"),
        repeated("cat a.txt;") + "x",
        repeated("ls "),
        repeated("* "),
        repeated("[a"),
        repeated("a=1 "),
        repeated("cd a&&"),
        repeated("../"),
        repeated("\n"),
        repeated("\t"),
        repeated("\xFF"),
        repeated("\x80;"),
        repeated("é;"),
        numbered,
        std::string(131'072, '\0'),
        std::string("ls\0; mark x", 11),
        "cat a.txt\xFF",
        "cat a.txt; mark\xC3",
        repeated("[[ a =~ ( # ) ]];"),
        repeated("mv out x;"),
    };
    for (const PermissionMode mode : {PermissionMode::kAsk, PermissionMode::kAcceptEdits}) {
        Config config = workspace_.config();
        config.mode = mode;
        config.allow = thousand;
        config.ask = thousand;
        config.deny = thousand;
        RuleGate gate(config);
        ASSERT_EQ(gate.errors().size(), 0U);
        for (const std::string& text : texts) {
            SCOPED_TRACE(text.substr(0, 20));
            const auto verdict = judged(gate, text);
            EXPECT_FALSE(verdict.allowed);
            EXPECT_LT(verdict.reason.size(), 400'000U);
        }
    }
}

}  // namespace
}  // namespace tenon::permission
