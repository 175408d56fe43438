#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill
#include <sys/stat.h>

#include "tests/cli/plugin_world.h"

namespace tenon::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class PluginVerify : public tenon::testing::PluginWorld {
protected:
    /// The lines of the verdict, without `ok`.
    static std::string not_ok(const Json& document) {
        std::string out;
        for (const Json& check : member(document, "checks"))
            if (string_or(check, "verdict") != "ok")
                out += string_or(check, "verdict") + " " + string_or(check, "check") + ": " +
                       string_or(check, "text") + "; " + string_or(check, "remedy") + "\n";
        return out;
    }
    /// Nothing of a run is left: no process of its file, no temporary folder.
    void expect_nothing_left() const {
        const std::string mark = dir_.path().string();
        for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
            std::ostringstream line;
            line << std::ifstream(entry.path() / "cmdline", std::ios::binary).rdbuf();
            EXPECT_EQ(line.str().find(mark), std::string::npos) << line.str();
        }
        for (const auto& entry : std::filesystem::directory_iterator(dir_ / "state"))
            EXPECT_FALSE(entry.path().filename().string().starts_with("verify-")) << entry.path();
    }
};

TEST_F(PluginVerify, FindsNothingWrongWithPluginsThatWork) {
    for (const char* name : {"good", "plain", "rename"}) {
        SCOPED_TRACE(name);
        const Json document = json({"verify", fixture(name)}, 0);
        EXPECT_EQ(member(document, "passed"), true) << not_ok(document);
        EXPECT_EQ(string_or(document, "id"), name);
        EXPECT_GT(member(document, "checks").size(), 15U);
    }
    expect_nothing_left();
}

TEST_F(PluginVerify, FindsNothingWrongWithThePluginsOfTheHost) {
    for (const char* name : {"bash", "file", "skill", "subagent", "task"}) {
        SCOPED_TRACE(name);
        const Json document =
            json({"verify", std::string(TENON_PREFIX) + "/lib/tenon/plugins/" + name + ".so"}, 0);
        EXPECT_EQ(member(document, "passed"), true) << not_ok(document);
    }
}

TEST_F(PluginVerify, PrintsOneVerdictALine) {
    const auto ran = plugin({"verify", fixture("plain")});
    EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
    EXPECT_EQ(ran.err, "");
    std::istringstream lines(ran.out);
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count)
        EXPECT_TRUE(line.starts_with("ok      ") || line.starts_with("remark  ")) << line;
    EXPECT_GT(count, 15);
    EXPECT_THAT(ran.out, HasSubstr("ok      note: the id plain, for the ABI 1.1\n"));
}

struct Fault {
    const char* fixture;
    const char* verdict;  // its beginning
    const char* remedy;   // a part of the line
};

TEST_F(PluginVerify, NamesWhatIsWrongAndWhatToDo) {
    const Fault rows[] = {
        {"no_note", "failed format: not a plugin: a shared library without the note", "SDK"},
        {"wrong_abi", "failed note: the id misfit, for the ABI 7.3", "SDK of Tenon"},
        {"no_export", "failed exports: it does not export tenon_plugin_v1", "TENON_EXPORT"},
        {"loose_faulty", "remark exports: it also exports faulty_helper", "tenon_add_plugin"},
        {"loose_unique", "failed unique symbols: GNU_UNIQUE symbols (", "-fno-gnu-unique"},
        {"faulty_text_relocation", "failed text relocations: ", "-fPIC"},
        {"faulty_exec_stack", "remark stack: it asks for an executable stack", "noexecstack"},
        {"needs_absent", "failed libraries: these are not found from the private copy", "ldconfig"},
        {"needs_beside", "failed libraries: these are not found from the private copy", "$ORIGIN"},
        {"other_id", "failed load: its note says misfit, its code somebody-else", "build it again"},
        {"returns_null", "failed load: tenon_plugin_v1 returned null", "build it again"},
        {"too_short", "failed load: its tenon_plugin is incomplete", "build it again"},
        {"faulty_crash_at_load",
         "failed load: while its library was loaded: the process was ended by SIGSEGV", "debugger"},
        {"faulty_exit_at_load",
         "failed load: while its library was loaded: it has ended the process with the exit "
         "status 0",
         "never call exit()"},
        {"throws_at_load",
         "failed load: while its library was loaded: the process was ended by SIGABRT",
         "not today"},
        {"faulty_crash_at_end",
         "failed load: at the end of the process: the process was ended by SIGABRT", "debugger"},
        {"create_fails", "failed create: create refuses the configuration {}: no licence",
         "config_schema"},
        {"faulty_crashes_on_config", "failed broken configuration: create with the configuration ",
         "SIGABRT"},
        {"faulty_closes_descriptors", "failed create: ", "not its own"},
        {"faulty_changes_signals", "failed create: it has changed handlers of signals",
         "THREADS in tenon/plugin.h"},
        {"faulty_leaves_processes", "failed create: processes that it had started were still there",
         "destroy"},
        {"same_tool_twice", "failed tools: it lists the tool misfit twice", "name of its own"},
        {"null_tool", "failed create: the tool at position 2 of the list is null", "tenon_tool"},
        {"bad_name", "failed tools: 'Bad-Name' is no name for a tool", "tenon_tool"},
        {"bad_schema", "failed tools: the input schema of misfit: ", "tenon_tool"},
        {"misspelt_required",
         "failed tools: the input schema of misfit requires \"nmae\", which its properties do not "
         "have",
         "required"},
        {"misspelt_required_key",
         "failed configuration: its config_schema requires \"nmae\", which its properties do not "
         "have",
         "required"},
        {"named_like_ours", "failed tools: read_file is also the name of a tool that comes with",
         "another name"},
        {"named_like_mcp",
         "failed tools: its tool mcp__misfit__x is named like a tool of an MCP server",
         "tenon/plugin.h"},
        {"unknown_need", "failed format: a need that it states cannot be met: \"teleport\"",
         "the SDK's README"},
        {"malformed_needs", "failed format: its note of needs is malformed", "build it again"},
        {"needs_no_summary", "remark needs: network, without a word what for",
         "TENON_PLUGIN_NEEDS"},
        {"faults", "failed call faults: faults with valid arguments: invoke reports a defect",
         "TENON_FAILED"},
        {"raw_throw",
         "failed call raw_throw: raw_throw with valid arguments: an exception left the plugin",
         "none may cross"},
        {"faulty_crashes_on_empty",
         "failed call work: work with empty arguments: the process was ended by SIGSEGV",
         "debugger"},
        {"faulty_crashes_on_huge",
         "failed call work: work with huge arguments: the process was ended by SIGFPE", "debugger"},
        {"faulty_exits_in_call",
         "failed call work: work with valid arguments: it has ended the process with the exit "
         "status 3",
         "never call exit()"},
        {"faulty_closes_cancel_fd", "failed call work: work has closed cancel_fd", "host"},
        {"faulty_uses_call_late", "failed call work: it used a tenon_call after invoke", "thread"},
        {"faulty_reads_beyond_call",
         "failed call work: work with valid arguments: the process was ended by SIGSEGV",
         "debugger"},
        {"faulty_unknown_code",
         "failed call work: work with valid arguments: invoke returns the unknown code 42",
         "tenon_rc"},
        {"faulty_refuses_arguments",
         "remark call work: work with empty arguments: the tool refuses {}, which its schema "
         "allows",
         "let the schema say"},
        {"faulty_not_concurrent", "failed threads: calls that overlap report defects",
         "TENON_CONCURRENT"},
        {"faulty_any_extension",
         "failed create: extension returns a table for an id that nobody knows", "NULL"},
        {"faulty_prints", "remark output: it prints on standard output in the check ",
         "tenon_host.log"},
    };
    for (const Fault& row : rows) {
        SCOPED_TRACE(row.fixture);
        const bool fails = std::string_view(row.verdict).starts_with("failed");
        std::vector<std::string> words = {"verify", fixture(row.fixture)};
        // Confined, it could not start a process.
        if (std::string_view(row.fixture) == "faulty_leaves_processes")
            words.insert(words.end(), {"-D", "plugins.faulty.isolated=false"});
        if (std::string_view(row.fixture) == "needs_no_summary")
            words.insert(words.end(), {"-D", "plugins.misfit.grants.1=network"});
        const Json document = json(words, fails ? 1 : 0);
        const std::string found = not_ok(document);
        const auto at = found.find(row.verdict);
        ASSERT_NE(at, std::string::npos) << found;
        EXPECT_THAT(found.substr(at, found.find('\n', at) - at), HasSubstr(row.remedy));
    }
    expect_nothing_left();
}

/// The verdicts are for the maker of the plugin, who is not to be told to report anything.
TEST_F(PluginVerify, SpeaksToTheMakerOfThePlugin) {
    for (const char* name : {"no_note", "other_id", "returns_null", "unknown_need", "bad_schema",
                             "malformed_needs", "two_notes", "needs"}) {
        SCOPED_TRACE(name);
        const std::string found = not_ok(json({"verify", fixture(name)}, 1));
        for (const char* word : {"author", "report it", "folder"})
            EXPECT_THAT(found, Not(HasSubstr(word)));
    }
    const std::string needs = not_ok(json({"verify", fixture("needs")}, 1));
    EXPECT_THAT(needs, HasSubstr("grant it for this check: -D plugins.needs.grants.1=network -D "
                                 "plugins.needs.grants.2=read:/data"));
}

/// Memory is not measured under a sanitizer, which has its own malloc.
TEST_F(PluginVerify, FindsLeaks) {
    const Fault rows[] = {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        {"faulty_leaks_memory", "failed leaks: it leaks 10", "bytes each time"},
#endif
        {"faulty_leaks_descriptors", "failed leaks: it leaves descriptors open", "/dev/null"},
        {"faulty_leaks_threads", "failed leaks: it leaves threads behind", "join"},
    };
    for (const Fault& row : rows) {
        SCOPED_TRACE(row.fixture);
        const std::string found = not_ok(json({"verify", fixture(row.fixture)}, 1));
        EXPECT_THAT(found, AllOf(HasSubstr(row.verdict), HasSubstr(row.remedy)));
    }
}

TEST_F(PluginVerify, EndsAPluginThatHangs) {
    const Fault rows[] = {
        {"faulty_hang_at_load",
         "failed load: while its library was loaded: it did not return within 5 s", "limit"},
        {"faulty_ignores_cancel",
         "failed call work: work with valid arguments: it did not return within 5 s after its "
         "call was cancelled",
         "cancel_fd"},
        {"faulty_hangs_when_cancelled",
         "failed cancel work: work with valid arguments, cancelled before it began: it did not "
         "return within 5 s after its call was cancelled",
         "cancel_fd"},
        {"faulty_slow_hook", "failed hooks: the hook remind: it did not return within 3 s",
         "limit"},
    };
    for (const Fault& row : rows) {
        SCOPED_TRACE(row.fixture);
        const std::string found = not_ok(json({"verify", fixture(row.fixture)}, 1));
        EXPECT_THAT(found, AllOf(HasSubstr(row.verdict), HasSubstr(row.remedy)));
    }
    expect_nothing_left();
}

TEST_F(PluginVerify, RunsNothingOfAFileThatMustNotBeRun) {
    const auto file = install("faulty_nothing");
    ::chmod(file.c_str(), 0666);
    const std::string found = not_ok(json({"verify", file}, 1));
    EXPECT_THAT(found, AllOf(HasSubstr("failed file: the file is writable by everybody"),
                             HasSubstr("remark run: what runs its code was not checked")));
    const struct {
        std::string file, verdict;
    } rows[] = {
        {dir_ / "none.so", "failed file: open "},
        {dir_ / "plugins", "failed file: a directory, not a file; name the library"},
        {dir_.write("text.so", "text"), "failed format: not a plugin: "},
        {dir_.write("empty.so", ""), "failed format: not a plugin: the file is too short"},
        {"/dev/null", "failed file: not a regular file"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.file);
        EXPECT_THAT(not_ok(json({"verify", row.file}, 1)), HasSubstr(row.verdict));
    }
}

TEST_F(PluginVerify, CreatesThePluginWithItsConfiguration) {
    const Json configured = json({"verify", fixture("plain"), "-D", "plugins.plain.depth=3"}, 0);
    EXPECT_THAT(dump_json(configured), HasSubstr("plugins.plain.* fits its config_schema"));
    const std::string found =
        not_ok(json({"verify", fixture("plain"), "-D", "plugins.plain.depth=10"}, 0));
    EXPECT_THAT(found, HasSubstr("remark configuration: plugins.plain.* does not fit: depth"));
}

TEST_F(PluginVerify, ConfinesThePluginToWhatIsGranted) {
    const std::string refused = not_ok(json({"verify", fixture("needs")}, 1));
    EXPECT_THAT(refused, AllOf(HasSubstr("failed confinement: "),
                               HasSubstr("plugins.needs.grants.1=network"),
                               HasSubstr("remark run: what runs its code was not checked")));
    EXPECT_EQ(member(json({"verify", fixture("faulty_leaves_processes")}, 0), "passed"), true)
        << "confined, it starts no process";
}

TEST_F(PluginVerify, EndsAtASignalAndLeavesNothing) {
    tenon::testing::Process program(
        {TENON_PROGRAM, "plugin", "verify", fixture("faulty_hang_at_load")}, environment_,
        dir_ / "w");
    ASSERT_TRUE(program.wait_for_output("ok      libraries"));
    program.send_signal(SIGINT);
    EXPECT_EQ(program.wait().code, 130);
    expect_nothing_left();
}

TEST_F(PluginVerify, RefusesWrongUsage) {
    EXPECT_EQ(plugin({"verify"}).code, 2);
    EXPECT_THAT(plugin({"verify"}).err, HasSubstr("usage: tenon plugin verify FILE"));
    EXPECT_EQ(plugin({"verify", "a", "b"}).code, 2);
    EXPECT_EQ(plugin({"verify", "a", "--lang", "c"}).code, 2);
}

}  // namespace
}  // namespace tenon::cli
