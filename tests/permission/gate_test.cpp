#include "tests/permission/gate_support.h"

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(GateTest, SaysOfARuleForAnInterpreterThatItHoldsForAnyInput) {
    EXPECT_THAT(bash({}, "python3 - <<'E'\nx\nE\n").reason,
                HasSubstr("--allow 'Bash(python3 -)' or permissions.allow in the configuration. It "
                          "would hold for any other input too."));
}

TEST_F(GateTest, NamesBareRulesThatReallySufficeWhereThereAreTooManyForOneMessage) {
    std::string command;
    for (int i = 0; i < 150; ++i)
        command += "make t" + std::to_string(i) + " > f" + std::to_string(i) + "\n";
    const std::string reason = bash({}, command).reason;
    EXPECT_THAT(reason, HasSubstr("(parts left out: 200)"));
    EXPECT_THAT(reason, HasSubstr("--allow 'Edit' --allow 'Bash'"));
    EXPECT_TRUE(bash({.allow = {"Edit", "Bash"}}, command).allowed);
}

TEST_F(GateTest, RefusesWithoutAnAskerAndNamesTheRuleToAdd) {
    EXPECT_EQ(bash({}, "npm test").reason,
              "Permission denied: bash wants to run `npm test`. Allow it with --allow 'Bash(npm "
              "test)' or permissions.allow in the configuration.");
    EXPECT_EQ(bash({.allow = {"Bash(b)"}}, "a 'x' && b | c").reason,
              "Permission denied: bash wants to run `a 'x'` and run `c`. Allow it with --allow "
              "'Bash(a '\\''x'\\'')' --allow 'Bash(c)' or "
              "permissions.allow in the configuration.");
    EXPECT_EQ(write({}, "src/a.c").reason,
              "Permission denied: write_file wants to write src/a.c. Allow it with --allow "
              "'Edit(src/a.c)' or permissions.allow in the configuration.");
    EXPECT_THAT(bash({}, "a $(b)").reason,
                AllOf(HasSubstr("not wholly understood: "), HasSubstr("--allow 'Bash' or")));
    EXPECT_THAT(call({}, first_party("strange"), {}).reason, HasSubstr("--allow 'strange'"));
}

TEST_F(GateTest, NamesNoRuleForAPathThatNoRuleOpens) {
    EXPECT_EQ(read({}, "/etc/passwd").reason,
              "Permission denied: read_file wants to read /etc/passwd, which is outside its "
              "folders: the workspace and those given with --add-dir DIR.");
    EXPECT_THAT(write({}, "/etc/passwd").reason, HasSubstr("--add-dir DIR"));
    // An allowed shell may use any directory.
    EXPECT_THAT(bash({}, "echo > /etc/passwd").reason, HasSubstr("'Edit(//etc/passwd)'"));
}

/// The rules of a refusal: --allow 'RULE' --allow …
Strings rules_in(const std::string& reason) {
    const std::string option = " --allow '";
    Strings rules;
    for (auto at = reason.find(option); at != std::string::npos; at = reason.find(option, at)) {
        std::string rule;
        for (at += option.size(); at < reason.size(); ++at) {
            if (reason.compare(at, 4, "'\\''") == 0) {
                rule += '\'';
                at += 3;
            } else if (reason[at] == '\'') {
                break;
            } else {
                rule += reason[at];
            }
        }
        rules.push_back(rule);
    }
    return rules;
}

TEST_F(GateTest, AllowsWithExactlyTheRulesItNamed) {
    for (const std::string command : {"npm test",
                                      "a 'x y' && ls *.c > out.txt",
                                      "make -f \\*.c",
                                      "FOO=1 a",
                                      "echo hi >> ~/x 2>&1",
                                      "a; [[ -f x && b ]]",
                                      "a $(b)",
                                      "x=$(y)",
                                      "echo > src/q",
                                      "echo > $f",
                                      "cd src && echo > f",
                                      "env -i a",
                                      "'",
                                      "a:*",
                                      "{ a; } > f",
                                      "cat <<E > f\nx\nE",
                                      "a 'b\nc'",
                                      "f() { a; }; f",
                                      "for i in $(a); do b > \"$i\"; done",
                                      "> [x]",
                                      "> '~y'",
                                      ""}) {
        SCOPED_TRACE(command);
        const Strings named = rules_in(bash({}, command).reason);
        ASSERT_THAT(named, ::testing::Not(::testing::IsEmpty()));
        EXPECT_TRUE(bash({.allow = named}, command).allowed) << ::testing::PrintToString(named);
        for (std::size_t i = 0; i < named.size(); ++i) {
            Strings fewer = named;
            fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
            EXPECT_FALSE(bash({.allow = fewer}, command).allowed) << "needless: " << named[i];
        }
    }
}

TEST_F(GateTest, JudgesCommandsPartByPart) {
    struct Row {
        Given setup;
        std::string command;
        bool allowed;
    };
    const std::vector<Row> rows = {
        {{.allow = {"Bash(touch:*)"}}, "touch a && touch b", true},
        {{.allow = {"Bash(touch:*)"}}, "touch a && python3 -c 1", false},
        {{.allow = {"Bash(touch:*)"}}, "touch a $(python3 -c 1)", false},
        {{.allow = {"Bash(touch:*)"}}, "FOO=1 touch a", false},
        {{.allow = {"Bash(touch:*)"}}, "make > /dev/null && touch a", false},
        {{.allow = {"Bash(touch:*)", "Bash(make)"}}, "make > /dev/null && touch a", true},
        {{.allow = {"Bash(touch:*)"}}, "ls > /dev/null && touch a", true},
        {{.allow = {"Bash(touch:*)"}}, "for f in $(a); do touch $f; done", false},
        {{.allow = {"Bash(touch:*)"}}, "touch() { rm x; }; touch a", false},
        {{.allow = {"Bash"}, .deny = {"Bash(touch:*)"}}, "echo a && touch b", false},
        {{.allow = {"Bash"}, .deny = {"Bash(touch:*)"}}, "echo $(touch b)", false},
        {{.allow = {"Bash"}, .deny = {"Bash(touch:*)"}}, "FOO=1 env touch b", false},
        {{.allow = {"Bash"}, .deny = {"Bash(touch:*)"}}, "echo touch b", true},
        {{.allow = {"Bash(aws s3 ls)"}, .deny = {"Bash(aws *)"}}, "aws s3 ls", false},
        {{.allow = {"Bash"}, .ask = {"Bash(git push:*)"}}, "git push origin", false},
        {{.allow = {"Bash"}, .ask = {"Bash(git push:*)"}}, "A=1 git push", false},
        {{.allow = {"Bash"}, .ask = {"Bash(git push:*)"}}, "git pull", true},
        {{.allow = {"Bash"}}, "eval \"$x\" `y`", true},
        {{.allow = {"Bash(*)"}}, "eval x", false},
        {{.allow = {"bash"}}, "eval x", true},
        {{.allow = {"Bash(echo:*)"}}, "echo hi > f", false},
        {{.allow = {"Bash(echo:*)", "Edit(f)"}}, "echo hi > f", true},
        {{.allow = {"Bash(echo:*)", "Edit(f)"}}, "echo hi > g", false},
        {{.allow = {"Bash(echo:*)", "Edit"}}, "echo hi > g", true},
        {{.allow = {"Bash(echo:*)"}}, "echo hi 2>/dev/null >&2", true},
        {{.allow = {"Bash", "Edit"}, .deny = {"Edit(secret*)"}}, "echo hi > src/secret.txt", false},
        {{.allow = {"Bash", "Edit"}, .deny = {"Edit(secret*)"}}, "a $(echo hi > secret)", false},
        {{.allow = {"Bash", "Edit"}, .deny = {"Edit(secret*)"}},
         "bash -c 'echo hi > secret'",
         false},
        {{.allow = {"Bash(cd:*)", "Bash(echo:*)", "Edit(./f)"}}, "cd src && echo hi > f", false},
        {{.allow = {"Edit(f)"}}, "> f", true},
        {{}, "ls", true},
        {{}, "cat a", true},
        {{}, "true", true},
        {{}, "make", false},
    };
    for (const auto& [setup, command, allowed] : rows) {
        SCOPED_TRACE(command + " / " + ::testing::PrintToString(setup.allow) +
                     ::testing::PrintToString(setup.deny));
        const auto verdict = bash(setup, command);
        EXPECT_EQ(verdict.allowed, allowed) << verdict.reason;
        EXPECT_EQ(verdict.reason.empty(), allowed);
    }
}

TEST_F(GateTest, KeepsTheBuiltInListInEveryMode) {
    for (const Given& setup :
         {Given{}, Given{.allow = {"Bash"}}, Given{.mode = PermissionMode::kBypassPermissions},
          Given{.yes = true}, Given{.mode = PermissionMode::kAcceptEdits}}) {
        const auto verdict = bash(setup, "ls && echo $(sudo reboot)");
        EXPECT_FALSE(verdict.allowed);
        EXPECT_THAT(verdict.reason,
                    AllOf(HasSubstr("`sudo reboot`"), HasSubstr("built-in deny list")));
    }
    EXPECT_TRUE(bash({.yes = true}, "rm -rf ./build 2>/dev/null; echo sudo").allowed);
}

TEST_F(GateTest, SaysWhichRuleDenied) {
    EXPECT_EQ(bash({.deny = {"Bash(touch:*)"}}, "a; touch b").reason,
              "Permission denied: bash wants to run `touch b`, which is denied by the rule "
              "Bash(touch:*) (--deny).");
}

TEST_F(GateTest, FollowsTheMode) {
    struct Row {
        PermissionMode mode;
        std::string command;
        bool allowed;
    };
    const std::vector<Row> rows = {
        {PermissionMode::kAsk, "touch a", false},
        {PermissionMode::kDontAsk, "touch a", false},
        {PermissionMode::kPlan, "ls", true},
        {PermissionMode::kPlan, "make", false},
        {PermissionMode::kDontAsk, "ls", true},
        {PermissionMode::kBypassPermissions, "anything $(at all)", true},
        {PermissionMode::kAcceptEdits, "touch a", true},
        {PermissionMode::kAcceptEdits,
         "mkdir -p src/x/y && mv src/a b && cp -r b c && rm -rf c && rmdir d", true},
        {PermissionMode::kAcceptEdits, "rm *.o src/*.o", true},
        {PermissionMode::kAcceptEdits, "touch a > f", true},
        {PermissionMode::kAcceptEdits, "touch a > ../outside/f", false},
        {PermissionMode::kAcceptEdits, "touch ../outside/a", false},
        {PermissionMode::kAcceptEdits, "touch /etc/x", false},
        {PermissionMode::kAcceptEdits, "touch ~/x", false},
        {PermissionMode::kAcceptEdits, "touch $X", false},
        {PermissionMode::kAcceptEdits, "touch {a,../../b}", false},
        {PermissionMode::kAcceptEdits, "A=1 touch a", false},
        {PermissionMode::kAcceptEdits, "cp -t../outside a", false},
        {PermissionMode::kAcceptEdits, "cp --target-directory=../outside a", false},
        {PermissionMode::kAcceptEdits, "cp -t ../outside a", false},
        {PermissionMode::kAcceptEdits, "rm -rf .", false},
        {PermissionMode::kAcceptEdits, "rm -rf */x", true},
        {PermissionMode::kAcceptEdits, "cd src && touch a", true},
        {PermissionMode::kAcceptEdits, "cd .. && touch a", false},
        {PermissionMode::kAcceptEdits, "python3 x", false},
        {PermissionMode::kAcceptEdits, "env touch a", false},
        {PermissionMode::kAcceptEdits, "touch a $(b)", false},
    };
    for (const auto& [mode, command, allowed] : rows) {
        SCOPED_TRACE(command + " / " + std::string(to_string(mode)));
        EXPECT_EQ(bash({.mode = mode}, command).allowed, allowed);
    }
    EXPECT_TRUE(write({.mode = PermissionMode::kAcceptEdits}, "src/new/file").allowed);
    EXPECT_TRUE(write({.mode = PermissionMode::kAcceptEdits}, at("added/file")).allowed);
    EXPECT_FALSE(write({.mode = PermissionMode::kAcceptEdits}, at("outside/file")).allowed);
    EXPECT_FALSE(
        bash({.deny = {"Read(.env)"}, .mode = PermissionMode::kAcceptEdits}, "cp .env x").allowed);
    EXPECT_FALSE(
        call({.mode = PermissionMode::kAcceptEdits}, stranger("write_file"), {{"path", "a"}})
            .allowed)
        << "a stranger's";
}

TEST_F(GateTest, RefusesInPlanModeWhatIsNotReadOnlyInSpiteOfAllowRules) {
    const Given plan{.allow = {"Bash", "Edit", "task_create", "strange"},
                     .mode = PermissionMode::kPlan,
                     .yes = true};
    EXPECT_THAT(bash(plan, "make").reason, HasSubstr("mode is plan"));
    EXPECT_FALSE(write(plan, "a").allowed);
    EXPECT_FALSE(call(plan, first_party("task_create"), {}).allowed);
    EXPECT_FALSE(call(plan, stranger("strange", true), {}).allowed)
        << "a stranger's flag is a claim";
    EXPECT_TRUE(read(plan, "a").allowed);
    EXPECT_TRUE(call(plan, first_party("task_list", true), {}).allowed);
    EXPECT_TRUE(call(plan, first_party("todo"), {}).allowed);
    EXPECT_TRUE(call(plan, first_party("agent"), {}).allowed);
}

TEST_F(GateTest, AsksNothingForFirstPartyToolsThatNeedNoQuestion) {
    for (const char* name :
         {"todo", "compact", "task_create", "task_update", "agent", "background_cancel"}) {
        SCOPED_TRACE(name);
        EXPECT_TRUE(call({}, first_party(name), {}).allowed);
        EXPECT_FALSE(call({}, stranger(name, true), {}).allowed) << "a stranger's";
    }
    for (const char* name :
         {"task_list", "task_get", "load_skill", "background_check", "background_wait"}) {
        SCOPED_TRACE(name);
        EXPECT_TRUE(call({}, first_party(name, true), {}).allowed);
        EXPECT_FALSE(call({}, stranger(name, true), {}).allowed) << "a stranger's";
    }
    EXPECT_TRUE(read({}, "src/a").allowed);
    EXPECT_TRUE(read({}, at("added/a")).allowed);
    EXPECT_TRUE(read({}, at("skills/a")).allowed);
    EXPECT_TRUE(call({}, first_party("grep", true), {{"pattern", "/etc"}}).allowed);
    EXPECT_TRUE(call({}, first_party("glob", true), {{"pattern", "**/*.c"}}).allowed);
    EXPECT_FALSE(call({}, first_party("glob", true), {{"pattern", "/etc/*"}}).allowed);
    EXPECT_FALSE(call({}, first_party("glob", true), {{"pattern", "../outside/*"}}).allowed);
    EXPECT_TRUE(
        call({}, first_party("glob", true), {{"pattern", "../*"}, {"path", "src"}}).allowed);
    EXPECT_FALSE(
        call({}, first_party("glob", true), {{"pattern", "../../*"}, {"path", "src"}}).allowed);
    EXPECT_FALSE(read({}, "../outside/a").allowed);
    EXPECT_TRUE(read({.allow = {"Read(../outside/**)"}}, "../outside/a").allowed);
}

TEST_F(GateTest, DeniesAgentsSkillsAndToolsByName) {
    EXPECT_FALSE(
        call({.deny = {"Agent(x)"}}, first_party("agent"), {{"prompt", ""}, {"subagent_type", "x"}})
            .allowed);
    EXPECT_TRUE(
        call({.deny = {"Agent(x)"}}, first_party("agent"), {{"prompt", ""}, {"subagent_type", "y"}})
            .allowed);
    EXPECT_FALSE(
        call({.deny = {"Skill(pdf)"}}, first_party("load_skill", true), {{"name", "pdf"}}).allowed);
    EXPECT_FALSE(call({.deny = {"todo"}}, first_party("todo"), {}).allowed);
    EXPECT_TRUE(call({.allow = {"strange"}}, stranger("strange"), {}).allowed);
    EXPECT_FALSE(
        call({.allow = {"strange"}, .deny = {"strange"}}, stranger("strange"), {}).allowed);
}

TEST_F(GateTest, JudgesPathsAfterSymlinks) {
    fs::create_directory_symlink(dir_ / "outside", dir_ / "w/link");
    fs::create_symlink(dir_ / "w/src/key", dir_ / "w/alias");
    fs::create_symlink(dir_ / "outside/new", dir_ / "w/dangling");
    EXPECT_FALSE(read({}, "link/a").allowed) << "it lies outside";
    EXPECT_FALSE(write({.allow = {"Edit(link/**)", "Edit(./dangling)"}}, "link/a").allowed);
    EXPECT_FALSE(write({.allow = {"Edit(**)"}}, "dangling").allowed);
    EXPECT_FALSE(write({.mode = PermissionMode::kAcceptEdits}, "dangling").allowed);
    EXPECT_FALSE(bash({.allow = {"Bash", "Edit(./**)"}}, "a > dangling").allowed);
    EXPECT_TRUE(write({.allow = {"Edit(../outside/**)"}}, "link/a").allowed);
    EXPECT_FALSE(read({.deny = {"Read(src/key)"}}, "alias").allowed) << "denied where it leads";
    EXPECT_FALSE(read({.deny = {"Read(alias)"}}, "alias").allowed) << "denied as it is written";
    EXPECT_FALSE(read({.deny = {"Read(link/**)"}}, at("outside/a")).allowed)
        << "denied by the rule's own link";
    EXPECT_FALSE(read({.deny = {"Read(src/key)"}}, "src/../src/./key").allowed);
    EXPECT_FALSE(bash({.mode = PermissionMode::kAcceptEdits}, "touch link/a").allowed);
    EXPECT_FALSE(bash({.mode = PermissionMode::kAcceptEdits}, "touch link/../a").allowed)
        << "the .. is that of the folder behind the link";
}

TEST_F(GateTest, TakesCommandsFromTheirOwnFolder) {
    const Json input = {{"command", "echo > f"}, {"cwd", "src"}};
    EXPECT_TRUE(call({.allow = {"Bash", "Edit(src/f)"}}, first_party("bash"), input).allowed);
    EXPECT_FALSE(call({.allow = {"Bash", "Edit(./f)"}}, first_party("bash"), input).allowed);
    EXPECT_FALSE(call({.mode = PermissionMode::kAcceptEdits}, first_party("background_run"),
                      {{"command", "touch f"}, {"cwd", "/"}})
                     .allowed);
}

TEST_F(GateTest, AnswersEveryAskWithYesWhenTold) {
    EXPECT_TRUE(bash({.ask = {"Bash"}, .yes = true}, "a $(b) > /tmp/x").allowed);
    EXPECT_FALSE(bash({.deny = {"Bash(a:*)"}, .yes = true}, "a").allowed);
    EXPECT_FALSE(bash({.mode = PermissionMode::kDontAsk, .yes = true}, "a").allowed)
        << "in this mode nothing asks";
}

TEST_F(GateTest, SaysWhenAnAskRuleWantsAnAnswerThatNobodyCanGive) {
    EXPECT_EQ(bash({.allow = {"Bash"}, .ask = {"Bash(git push:*)"}}, "ls; git push").reason,
              "Permission denied: bash wants to run `git push`. The rule Bash(git push:*) "
              "(permissions.ask) asks for it, and nobody can be asked; "
              "--yes answers with yes.");
}

TEST_F(GateTest, JudgesAStrangersCommandByTheBashRules) {
    RuleGate gate(config({.allow = {"Bash(make:*)"}, .deny = {"Bash(make clean)"}}));
    EXPECT_TRUE(gate.judge_command("lint", "make all", "", {}).allowed);
    EXPECT_FALSE(gate.judge_command("lint", "make clean", "", {}).allowed);
    EXPECT_THAT(gate.judge_command("lint", "npm x", "src", {}).reason,
                AllOf(HasSubstr("lint wants to run `npm x`"), HasSubstr("'Bash(npm x)'")));
    EXPECT_FALSE(gate.judge_command("lint", "sudo x", "", {}).allowed);
}

TEST_F(GateTest, JudgesAStrangersSubagentByTheAgentRules) {
    // The tool itself needs no question.
    const agent::ToolSpec tool = first_party("agent");
    const auto verdict = [&](const auto& rules) {
        return RuleGate(config(rules)).judge_subagent("lint", tool, {{"prompt", "count"}}, {});
    };
    EXPECT_THAT(verdict(Given{}).reason,
                AllOf(HasSubstr("a subagent of the plugin lint wants"), HasSubstr("'agent'")));
    EXPECT_TRUE(verdict(Given{.allow = {"Agent"}}).allowed);
    EXPECT_TRUE(verdict(Given{.allow = {"agent"}}).allowed);
    EXPECT_FALSE(verdict(Given{.allow = {"Agent"}, .deny = {"Agent"}}).allowed);
    EXPECT_FALSE(verdict(Given{.allow = {"agent"}, .deny = {"agent"}}).allowed);
}

TEST_F(GateTest, JudgesAStrangersFileByTheEditRules) {
    const auto source = dir_ / "w/src/a.c";
    const auto other = dir_ / "w/other";
    RuleGate gate(config({.allow = {"Edit(src/**)"}, .deny = {"Edit(src/secret)"}}));
    EXPECT_TRUE(gate.judge_edit("lint", source, {}).allowed);
    EXPECT_FALSE(gate.judge_edit("lint", dir_ / "w/src/secret", {}).allowed);
    EXPECT_THAT(gate.judge_edit("lint", other, {}).reason,
                AllOf(HasSubstr("lint wants to write other"), HasSubstr("'Edit(./other)'")));
    EXPECT_TRUE(RuleGate(config({.mode = PermissionMode::kAcceptEdits}))
                    .judge_edit("lint", source, {})
                    .allowed);
    EXPECT_FALSE(RuleGate(config({.mode = PermissionMode::kAcceptEdits}))
                     .judge_edit("lint", dir_ / "w/.git/hooks/pre-commit", {})
                     .allowed);
    EXPECT_THAT(RuleGate(config({.allow = {"Edit"}, .mode = PermissionMode::kPlan}))
                    .judge_edit("lint", source, {})
                    .reason,
                HasSubstr("the permission mode is plan"));
    Person person(Consent::kYes);
    EXPECT_TRUE(RuleGate(config({}), &person).judge_edit("lint", other, {}).allowed);
    ASSERT_EQ(person.questions.size(), 1U);
    EXPECT_EQ(person.questions[0].title, "lint wants to write other");
    EXPECT_EQ(person.questions[0].tool, "lint");
    Config sandboxed = config({.allow = {"Edit"}, .yes = true});
    sandboxed.read_only_sandbox = true;
    EXPECT_THAT(RuleGate(std::move(sandboxed)).judge_edit("lint", source, {}).reason,
                HasSubstr("sandbox.mode is read-only: no file is written"));
}

TEST_F(GateTest, PutsAPluginsOwnQuestion) {
    Person person(Consent::kYes);
    EXPECT_TRUE(RuleGate(config({}), &person).ask("lint", "Send the report?", {}).allowed);
    ASSERT_EQ(person.questions.size(), 1U);
    EXPECT_EQ(person.questions[0].title, "Send the report?");
    EXPECT_FALSE(RuleGate(config({})).ask("lint", "Send?", {}).allowed);
    EXPECT_TRUE(RuleGate(config({.yes = true})).ask("lint", "Send?", {}).allowed);
    EXPECT_FALSE(RuleGate(config({.mode = PermissionMode::kPlan, .yes = true}))
                     .ask("lint", "Send?", {})
                     .allowed);
}

TEST_F(GateTest, TellsWhichPathsAreDenied) {
    const RuleGate gate(
        config({.allow = {"Read"}, .deny = {"Read(.env)", "Edit(src/**)", "Read(//etc/shadow)"}}));
    const auto named = [](const Rule* rule) { return rule == nullptr ? "" : rule->text(); };
    EXPECT_EQ(named(gate.denied_read(dir_ / "w/a/.env")), "Read(.env)");
    EXPECT_EQ(named(gate.denied_read("/etc/shadow")), "Read(//etc/shadow)");
    EXPECT_EQ(named(gate.denied_read(dir_ / "w/src/a")), "");
    EXPECT_EQ(named(gate.denied_edit(dir_ / "w/src/a")), "Edit(src/**)");
    EXPECT_EQ(named(gate.denied_edit(dir_ / "w/.env")), "");
}

TEST_F(GateTest, TellsWhetherReadingIsDeniedAnywhere) {
    EXPECT_TRUE(RuleGate(config({.deny = {"Edit", "Read(.env)"}})).denies_any_read());
    EXPECT_TRUE(RuleGate(config({.deny = {"Read"}})).denies_any_read());
    EXPECT_FALSE(RuleGate(config({.allow = {"Read"}, .deny = {"Edit(src/**)", "read_file"}}))
                     .denies_any_read());
}

TEST_F(GateTest, TellsWhichToolsABareDenyRuleTakesAway) {
    const RuleGate gate(config({.deny = {"Bash", "Edit(x)", "todo"}}));
    EXPECT_TRUE(gate.removes(first_party("bash")));
    EXPECT_TRUE(gate.removes(first_party("background_run")));
    EXPECT_TRUE(gate.removes(first_party("todo")));
    EXPECT_FALSE(gate.removes(first_party("write_file")));
}

TEST_F(GateTest, ReportsRulesItCannotRead) {
    RuleGate gate(config({.allow = {"Nope(", "Bash(a)"}, .deny = {"Write(x)"}}));
    ASSERT_EQ(gate.errors().size(), 2U);
    EXPECT_THAT(gate.errors()[0].message, HasSubstr("--deny: rule 'Write(x)'"));
    EXPECT_EQ(gate.rules().allow.size(), 1U);
}

}  // namespace
}  // namespace tenon::permission
