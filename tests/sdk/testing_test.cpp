// The SDK's host for the tests of plugins.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include <tenon/paths.hpp>
#include <tenon/testing.hpp>

#include "tests/sdk/compilers.h"
#include "tests/support/temp_dir.h"

namespace tenon::sdk {
namespace {

using ::testing::HasSubstr;

/// A plugin that does what its arguments say.
class Obedient : public Plugin {
public:
    using Plugin::Plugin;

    void setup(JsonView config) override {
        if (config.boolean("refuse")) throw Failure("it was told to refuse");
        constexpr const char* kAnything = R"({"type":"object"})";
        tool("say", "", kAnything, TENON_CONCURRENT, [](Call& call) {
            call.write(call.args().text("text"));
            if (call.args().has("progress")) call.progress(call.args().text("progress"));
            if (call.args().boolean("fail")) throw Failure("; and failed");
        });
        tool("ask", "", kAnything, 0, [](Call& call) {
            const Reply reply = call.request(call.args().text("method"),
                                             call.args().text("params", "{\"n\":1}"), "body");
            call.write(std::to_string(reply.rc) + " " + reply.text);
        });
        tool("wait", "", kAnything, TENON_CONCURRENT, [this](Call& call) {
            ++waiting;
            pollfd cancel{call.cancel_fd(), POLLIN, 0};
            ::poll(&cancel, 1, -1);
            throw Failure(call.cancelled() ? "stopped" : "woken", TENON_CANCELLED);
        });
        tool("deadline", "", kAnything, 0,
             [](Call& call) { call.write(std::to_string(call.raw()->deadline_ns)); });
        tool("fill", "", kAnything, 0, [](Call& call) {
            call.write(call.write("0123456789") ? "+" : "-");
            call.write(call.write("x") ? "+" : "-");
        });
        tool("places", "", kAnything, 0, [this](Call& call) {
            std::ofstream(call.args().text("state") + "/file") << "x";
            call.write(host().workspace());
            host().log(TENON_LOG_WARNING, "careful");
        });
        tool("store", "", kAnything, 0, store);
    }
    void reconfigure(JsonView config) override {
        if (config.boolean("refuse")) throw Failure("stays as it is");
    }
    void begin_session(const std::string& session, const std::string& reason) override {
        begun_ = session + "/" + reason;
    }
    std::string reminder() override { return "after " + begun_; }

    inline static std::atomic<int> waiting = 0;

private:
    /// Writes `text` to each of `paths`; then `meanwhile` happens to the first, or the call fails.
    static void store(Call& call) {
        std::optional<std::string> replaces;
        if (call.args().has("replaces")) replaces = call.args().text("replaces");
        for (const std::string& path : call.args().texts("paths")) {
            const File file = Paths(call).write(path, replaces);
            file.put(call.args().text("text"));
            call.write("[" + file.version + "]");
            if (call.args().has("meanwhile")) std::ofstream(file.path) << "by somebody else";
        }
        if (call.args().boolean("fail")) throw Failure("; and failed");
    }
    std::string begun_;
};

const tenon_plugin* obedient() {
    static const tenon_plugin plugin = {sizeof(tenon_plugin),
                                        TENON_ABI_MAJOR,
                                        TENON_ABI_MINOR,
                                        {"obedient", 8},
                                        {"1", 1},
                                        {nullptr, 0},
                                        Glue<Obedient>::create,
                                        Glue<Obedient>::destroy,
                                        Glue<Obedient>::tools,
                                        Glue<Obedient>::invoke,
                                        Glue<Obedient>::reconfigure,
                                        Glue<Obedient>::extension};
    return &plugin;
}

class TestHostTest : public ::testing::Test {
protected:
    TestHostTest() { host_.use(obedient()); }
    TestHost host_;
};

TEST_F(TestHostTest, ReturnsWhatACallHasSaid) {
    const TestResult said = host_.call("say", R"({"text":"a","progress":"half"})");
    EXPECT_TRUE(said.ok());
    EXPECT_EQ(said.text, "a");
    EXPECT_EQ(said.progress, "half\n");
    const TestResult failed = host_.call("say", R"({"text":"a","fail":true})");
    EXPECT_EQ(failed.rc, TENON_FAILED);
    EXPECT_EQ(failed.text, "a; and failed");
    EXPECT_EQ(host_.call("nothing").rc, TENON_BAD_ARGS);
    EXPECT_EQ(host_.call("nothing").text, "the plugin has no tool nothing");
}

TEST_F(TestHostTest, AnswersRequestsFromATable) {
    EXPECT_EQ(host_.call("ask", R"({"method":"x/1"})").text, "5 the test has no answer to x/1");
    host_.answer("x/1", "{}");
    EXPECT_EQ(host_.call("ask", R"({"method":"x/1"})").text, "0 {}");
    host_.answer("x/1", "not now", TENON_DENIED);
    EXPECT_EQ(host_.call("ask", R"({"method":"x/1"})").text, "4 not now");
    EXPECT_EQ(host_.requests(), "x/1 {\"n\":1}\nx/1 {\"n\":1}\nx/1 {\"n\":1}\n");
}

TEST_F(TestHostTest, AnswersRequestsByAFunction) {
    host_.respond([](const TestRequest& request, std::string& answer) -> tenon_rc {
        answer = request.method + request.params + std::string(request.body);
        return TENON_BUSY;
    });
    host_.answer("table/1", "first");
    EXPECT_EQ(host_.call("ask", R"({"method":"x/1"})").text, "6 x/1{\"n\":1}body");
    EXPECT_EQ(host_.call("ask", R"({"method":"table/1"})").text, "0 first");
}

TEST_F(TestHostTest, ServesFilesOfItsWorkspace) {
    const auto open = [&](const std::string& path, const char* access) {
        const std::string params = JsonObject().text("path", path).text("access", access).json();
        return host_
            .call("ask", JsonObject().text("method", "path.open/1").text("params", params).json())
            .text;
    };
    EXPECT_THAT(open("a.txt", "read"), HasSubstr("no answer to path.open/1"));
    host_.serve_files();
    std::ofstream(host_.workspace() + "/a.txt") << "content";
    std::filesystem::create_directory(host_.workspace() + "/folder");
    for (const std::string& path : {std::string("a.txt"), host_.workspace() + "/a.txt"}) {
        const std::string answer = open(path, "read");
        ASSERT_EQ(answer.substr(0, 2), "0 ");
        const std::string json = answer.substr(2);
        EXPECT_EQ(JsonView(json).text("path"), host_.workspace() + "/a.txt");
        EXPECT_EQ(JsonView(json).text("shown"), path);
        const auto fd = static_cast<int>(JsonView(json).integer("fd", -1));
        char bytes[16] = {};
        EXPECT_EQ(::read(fd, bytes, sizeof bytes), 7);
        EXPECT_EQ(::close(fd), 0);
    }
    EXPECT_EQ(open("folder", "folder").substr(0, 2), "0 ");
    EXPECT_THAT(open("a.txt", "folder"), HasSubstr("a.txt: Not a directory"));
    EXPECT_THAT(open("b.txt", "read"), HasSubstr("b.txt: No such file"));
    EXPECT_THAT(open("/etc/passwd", "read"), HasSubstr("outside the workspace"));
    EXPECT_THAT(open("../state/x", "read"), HasSubstr("outside the workspace"));
    EXPECT_THAT(open(host_.workspace() + "-2/x", "read"), HasSubstr("outside the workspace"));
    EXPECT_EQ(open("a.txt", "append"), "2 access must be read, folder or write");
}

std::string stored(std::vector<std::string> paths, const std::string& text, JsonObject more = {}) {
    return more.texts("paths", std::move(paths)).text("text", text).json();
}

TEST_F(TestHostTest, PutsWhatACallHasWrittenInPlaceWhenItSucceeds) {
    host_.serve_files();
    host_.put_file("old.txt", "old");
    ASSERT_EQ(::chmod((host_.workspace() + "/old.txt").c_str(), 0640), 0);
    std::filesystem::create_symlink("old.txt", host_.workspace() + "/link.txt");
    EXPECT_TRUE(host_.call("store", stored({"new/a.txt", "old.txt"}, "one")).ok());
    EXPECT_EQ(host_.file("new/a.txt"), "one");
    EXPECT_EQ(host_.file("old.txt"), "one");
    EXPECT_TRUE(host_.call("store", stored({"link.txt"}, "two")).ok());
    EXPECT_EQ(host_.file("old.txt"), "two") << "what the link leads to is replaced";
    struct stat info {};
    ASSERT_EQ(::stat((host_.workspace() + "/old.txt").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0640U);
    EXPECT_TRUE(host_.call("store", stored({"twice.txt", "./twice.txt"}, "last")).ok());
    EXPECT_EQ(host_.file("twice.txt"), "last");
    EXPECT_EQ(host_.file("none.txt"), std::nullopt);
}

TEST_F(TestHostTest, DiscardsWhatACallHasWrittenWhenItFails) {
    host_.serve_files();
    host_.put_file("old.txt", "old");
    const TestResult failed = host_.call(
        "store", stored({"new.txt", "old.txt"}, "new", JsonObject().boolean("fail", true)));
    EXPECT_EQ(failed.rc, TENON_FAILED);
    EXPECT_THAT(failed.text, HasSubstr("]; and failed"));
    EXPECT_EQ(host_.file("new.txt"), std::nullopt);
    EXPECT_EQ(host_.file("old.txt"), "old");
    const std::filesystem::path folder = std::filesystem::path(host_.workspace()).parent_path();
    std::vector<std::string> left;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        left.push_back(entry.path().filename());
    EXPECT_THAT(left, ::testing::UnorderedElementsAre("state", "workspace"));
}

TEST_F(TestHostTest, ReplacesNoFileThatHasChanged) {
    host_.serve_files();
    host_.put_file("a.txt", "mine");
    const JsonObject meanwhile = JsonObject().boolean("meanwhile", true);
    const TestResult late = host_.call("store", stored({"a.txt"}, "new", meanwhile));
    EXPECT_EQ(late.rc, TENON_FAILED);
    EXPECT_EQ(late.text, "a.txt was changed by somebody else meanwhile; read it again.");
    EXPECT_EQ(host_.file("a.txt"), "by somebody else");
    const auto with = [](const std::string& version) {
        return JsonObject().text("replaces", version);
    };
    EXPECT_THAT(host_.call("store", stored({"a.txt"}, "new", with(""))).text,
                HasSubstr("a.txt was changed"));
    EXPECT_EQ(host_.call("store", stored({"b.txt"}, "new", with(""))).text, "[]");
    std::string version = host_.call("store", stored({"b.txt"}, "newer")).text;
    version = version.substr(1, version.size() - 2);
    EXPECT_THAT(host_.call("store", stored({"b.txt"}, "newest", with(version))).text,
                HasSubstr("b.txt was changed"));
    EXPECT_EQ(host_.file("b.txt"), "newer");
}

TEST_F(TestHostTest, RefusesToWriteWhatIsNoFileOfTheWorkspace) {
    host_.serve_files();
    std::filesystem::create_directory(host_.workspace() + "/folder");
    ASSERT_EQ(::mkfifo((host_.workspace() + "/pipe").c_str(), 0600), 0);
    const auto refusal = [&](const std::string& path) {
        return host_.call("store", stored({path}, "x")).text;
    };
    EXPECT_EQ(refusal("folder"), "folder is a directory, not a file.");
    EXPECT_EQ(refusal("pipe"), "pipe is not a regular file, and is left alone.");
    EXPECT_EQ(refusal("../state/x"), "../state/x is outside the workspace");
    const TestResult many = host_.call("store", stored(std::vector<std::string>(65, "a"), "x"));
    EXPECT_EQ(many.rc, TENON_BUSY);
    EXPECT_THAT(many.text, HasSubstr("at most 64 files"));
}

/// A whole test in C.
TEST(TestHost, ServesFilesToAPluginInC) {
    const tenon::testing::TempDir dir;
    for (const std::string& compiler : testing::compilers("c")) {
        const std::string program = (dir / "files_test").string();
        const std::string line = compiler + " -std=c11 -pedantic-errors" + testing::kStrict +
                                 TENON_SDK_TESTS "/files_test.c -o " + program +
                                 " -pthread -ldl && " + program;
        EXPECT_EQ(std::system(line.c_str()), 0) << line;
    }
}

TEST_F(TestHostTest, CancelsBeforeACallOrAfterItsProgressOrFromAnotherThread) {
    host_.cancel_after(0);
    EXPECT_EQ(host_.call("wait").text, "stopped");
    host_.cancel_after(-1);
    Obedient::waiting = 0;
    std::vector<std::thread> callers;
    std::atomic<int> stopped{0};
    for (int i = 0; i < 2; ++i)
        callers.emplace_back([&] { stopped += host_.call("wait").rc == TENON_CANCELLED ? 1 : 0; });
    while (Obedient::waiting < 2)
        std::this_thread::yield();
    host_.cancel();
    for (std::thread& caller : callers)
        caller.join();
    EXPECT_EQ(stopped, 2);
}

TEST_F(TestHostTest, GivesCallsADeadlineAndALimit) {
    EXPECT_EQ(host_.call("deadline").text, "0");
    tenon_test_time_limit(host_.c(), 60'000);
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    const std::chrono::nanoseconds deadline(std::stoll(host_.call("deadline").text));
    EXPECT_GE(deadline, now + std::chrono::seconds(60));
    tenon_test_result_limit(host_.c(), 12);
    EXPECT_EQ(host_.call("fill").text, "0123456789+x");
}

TEST_F(TestHostTest, HasFoldersThatItRemoves) {
    const std::string workspace = host_.workspace(), state = host_.state_dir();
    EXPECT_EQ(host_.call("places", JsonObject().text("state", state).json()).text, workspace);
    EXPECT_EQ(host_.log(), "warning: careful\n");
    EXPECT_TRUE(std::filesystem::exists(state + "/file"));
    std::filesystem::create_directories(workspace + "/a/b");
    EXPECT_EQ(host_.end(), 0);
    EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(state).parent_path()));
}

TEST_F(TestHostTest, CallsHooks) {
    EXPECT_EQ(host_.hook("begin", R"({"session":"s","reason":"new"})"), "");
    EXPECT_EQ(host_.hook("remind"), "after s/new");
    EXPECT_EQ(host_.hook("carry"), "");
    EXPECT_EQ(host_.hook("nothing"), "");
}

TEST_F(TestHostTest, ReconfiguresAndStartsAgain) {
    EXPECT_EQ(host_.reconfigure("{}"), TENON_OK);
    EXPECT_EQ(host_.reconfigure(R"({"refuse":true})"), TENON_FAILED);
    EXPECT_STREQ(tenon_test_error(host_.c()), "stays as it is");
    try {
        host_.use(obedient(), R"({"refuse":true})");
        FAIL();
    } catch (const std::runtime_error& e) {
        EXPECT_STREQ(e.what(), "the plugin does not start: it was told to refuse");
    }
    EXPECT_EQ(host_.call("say").rc, TENON_BAD_ARGS) << "there is no plugin";
    EXPECT_EQ(host_.end(), 1);
}

/// A plugin whose list of tools is changed by its call.
const tenon_tool* const* changing_list;
std::uint32_t changing_count = 1;

tenon_rc list_changing(void*, const tenon_tool* const** list, std::uint32_t* count) {
    *list = changing_list;
    *count = changing_count;
    return TENON_OK;
}

TEST(TestHost, ReadsTheToolsAgainWhenThePluginSaysSo) {
    static const tenon_host* asked = nullptr;
    static const tenon_tool one = {sizeof(tenon_tool), 0, {"one", 3}, {"", 0}, {"{}", 2}, {"", 0}};
    static const tenon_tool two = {sizeof(tenon_tool), 0, {"two", 3}, {"", 0}, {"{}", 2}, {"", 0}};
    static const tenon_tool* const both[] = {&one, &two};
    changing_list = both;
    changing_count = 1;
    tenon_plugin plugin = *obedient();
    plugin.create = [](const tenon_host* host, tenon_str, void** self, tenon_sink) -> tenon_rc {
        asked = host;
        *self = nullptr;
        return TENON_OK;
    };
    plugin.destroy = [](void*) {};
    plugin.tools = list_changing;
    plugin.invoke = [](void*, const tenon_call*) -> tenon_rc { return 99; };
    TestHost host;
    host.use(&plugin);
    EXPECT_EQ(host.call("one").rc, TENON_FAULT) << "a code that the ABI does not know";
    changing_count = 2;
    EXPECT_EQ(host.tool("two"), nullptr);
    std::string answer;
    EXPECT_EQ(asked->request(asked, nullptr, {"tools.changed/1", 15}, {"{}", 2}, {nullptr, 0},
                             {&answer, detail::append_to_string}),
              TENON_OK);
    EXPECT_EQ(host.tool("two"), &two);
}

TEST(TestHost, SaysWhatIsWrongWithAPlugin) {
    static const tenon_tool unnamed = {sizeof(tenon_tool), 0,      {"Bad", 3}, {"", 0},
                                       {"{}", 2},          {"", 0}};
    static const tenon_tool one = {sizeof(tenon_tool), 0, {"one", 3}, {"", 0}, {"{}", 2}, {"", 0}};
    static const tenon_tool short_one = {8, 0, {"one", 3}, {"", 0}, {"{}", 2}, {"", 0}};
    static const tenon_tool *const misnamed[] = {&unnamed}, *const twice[] = {&one, &one},
                                   *const null[] = {nullptr}, *const too_short[] = {&short_one};
    const auto with = [](auto change) {
        tenon_plugin plugin = *obedient();
        change(plugin);
        return plugin;
    };
    const auto listing = [&](const tenon_tool* const* list, std::uint32_t count) {
        changing_list = list;
        changing_count = count;
        return with([](tenon_plugin& p) { p.tools = list_changing; });
    };
    const auto reason = [](const tenon_plugin& plugin) -> std::string {
        TestHost host;
        try {
            host.use(&plugin);
            return "none";
        } catch (const std::runtime_error& e) {
            return e.what();
        }
    };
    EXPECT_THAT(reason(with([](auto& p) { p.size = 4; })), HasSubstr("returned no plugin"));
    EXPECT_THAT(reason(with([](auto& p) { p.abi_minor = 0; })), HasSubstr("another ABI"));
    EXPECT_THAT(reason(with([](auto& p) { p.abi_major = 2; })), HasSubstr("another ABI"));
    EXPECT_EQ(reason(with([](auto& p) { p.abi_minor = 9; })), "none");
    EXPECT_THAT(reason(with([](auto& p) { p.size = 64; })), HasSubstr("too short"));
    EXPECT_THAT(reason(with([](auto& p) { p.destroy = nullptr; })), HasSubstr("is missing"));
    EXPECT_THAT(reason(with([](auto& p) { p.id = {"Obedient", 8}; })), HasSubstr("the id is not"));
    EXPECT_THAT(reason(listing(misnamed, 1)), HasSubstr("the name of a tool"));
    EXPECT_THAT(reason(listing(twice, 2)), HasSubstr("the same name"));
    EXPECT_THAT(reason(listing(null, 1)), HasSubstr("null or incomplete"));
    EXPECT_THAT(reason(listing(too_short, 1)), HasSubstr("null or incomplete"));
    EXPECT_THAT(reason(listing(nullptr, 3)), HasSubstr("list of tools is null"));
    TestHost host;
    EXPECT_THROW(host.open("/nowhere/x.so"), std::runtime_error);
    EXPECT_THAT(tenon_test_error(host.c()), HasSubstr("/nowhere/x.so"));
}

TEST(TestHostDeathTest, EndsTheTestWhenACallIsUsedAfterItsReturn) {
    static const tenon_call* kept = nullptr;
    tenon_plugin plugin = *obedient();
    plugin.invoke = [](void*, const tenon_call* call) -> tenon_rc {
        kept = call;
        return TENON_OK;
    };
    TestHost host;
    host.use(&plugin);
    EXPECT_TRUE(host.call("say").ok());
    EXPECT_DEATH(kept->write(kept, {"x", 1}), "used a call of say after its invoke had returned");
    EXPECT_DEATH(kept->progress(kept, {"x", 1}), "after its invoke had returned");
    EXPECT_DEATH(kept->cancelled(kept), "after its invoke had returned");
}

TEST(TestHost, CountsExpectationsThatFail) {
    tenon_test* const test = tenon_test_new();
    EXPECT_EQ(TENON_EXPECT(test, 1 + 1 == 2), 1);
    EXPECT_EQ(TENON_EXPECT_TEXT(test, "a", "a"), 1);
    EXPECT_EQ(tenon_test_end(test), 0);
    tenon_test* const other = tenon_test_new();
    EXPECT_EQ(TENON_EXPECT_TEXT(other, "a", "b"), 0);
    EXPECT_EQ(tenon_test_end(other), 1);
}

/// The examples in the comments of the headers are whole programs.
TEST(TestHost, CompilesAsC11AndAsCxx17) {
    tenon::testing::TempDir dir;
    const auto compiles = [](const std::string& command, const std::filesystem::path& source) {
        const std::string line = command + testing::kStrict + "-fsyntax-only " + source.string();
        EXPECT_EQ(std::system(line.c_str()), 0) << line;
    };
    const auto c =
        dir.write("x.c",
                  "#include <tenon/testing.h>\n"
                  "int main(void) {\n"
                  "    tenon_test *test = tenon_test_new();\n"
                  "    tenon_test_open(test, \"build/hello.so\", \"{}\");\n"
                  "    tenon_test_result hello = tenon_test_call(test, \"hello\", \"\");\n"
                  "    TENON_EXPECT(test, hello.rc == TENON_OK);\n"
                  "    return tenon_test_end(test);\n"
                  "}\n");
    for (const std::string& compiler : testing::compilers("c")) {
        compiles(compiler + " -std=c11 -pedantic-errors", c);
        compiles(compiler + " -std=gnu17", c);
    }
    const auto cxx = dir.write("x.cpp",
                               "#include <tenon/testing.hpp>\n#include <tenon/plugin.hpp>\n"
                               "int main() {\n"
                               "    tenon::TestHost host;\n"
                               "    host.open(\"build/hello.so\");\n"
                               "    return host.call(\"hello\").ok() ? host.end() : 1;\n"
                               "}\n");
    for (const std::string& compiler : testing::compilers("c++"))
        for (const char* standard : {" -std=c++17", " -std=c++20"})
            compiles(compiler + standard, cxx);
}

}  // namespace
}  // namespace tenon::sdk
