#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "host/cli/commands.h"
#include "tests/config/world.h"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class PluginNew : public ::testing::Test {
protected:
    PluginNew() { world_.sources.prefix = TENON_PREFIX; }

    int run(std::vector<std::string> words) {
        out_.str("");
        err_.str("");
        Options options;
        options.command = "plugin";
        options.rest = std::move(words);
        return run_plugin(options, world_.sources, {out_, err_}, {});
    }
    int make(const std::string& name, const std::string& language) {
        return run({"new", name, "--lang", language, "--dir", (dir_ / "in").string()});
    }
    /// The files of a directory, relative to it.
    static std::set<std::string> files_of(const fs::path& folder) {
        std::set<std::string> found;
        for (const auto& entry : fs::recursive_directory_iterator(folder))
            if (!entry.is_directory())
                found.insert(entry.path().lexically_relative(folder).string());
        return found;
    }
    /// What is in the directory where projects are made, hidden entries too.
    [[nodiscard]] std::set<std::string> made() const {
        std::set<std::string> found;
        for (const auto& entry : fs::directory_iterator(dir_ / "in"))
            found.insert(entry.path().filename().string());
        return found;
    }

    void SetUp() override { fs::create_directory(dir_ / "in"); }

    config::World world_;
    tenon::testing::TempDir dir_;
    std::ostringstream out_, err_;
};

TEST_F(PluginNew, WritesAProjectOfThatNameInEachLanguage) {
    const std::set<std::string> in_c = {"CMakeLists.txt", "README.md", "plugin.c", "plugin_test.c"};
    const std::set<std::string> in_cpp = {"CMakeLists.txt", "README.md", "plugin.cpp",
                                          "plugin_test.cpp"};
    const std::set<std::string> in_rust = {"Cargo.toml", "README.md", "src/lib.rs", "src/tenon.rs",
                                           "src/tenon_testing.rs"};
    const struct {
        const char* language;
        const std::set<std::string>& files;
        const char* source;
        const char* build;
    } rows[] = {{"c", in_c, "plugin.c", "cmake -B build && cmake --build build"},
                {"cpp", in_cpp, "plugin.cpp", "cmake -B build && cmake --build build"},
                {"rust", in_rust, "src/lib.rs", "cargo build --release"}};
    for (const auto& row : rows) {
        SCOPED_TRACE(row.language);
        const std::string name = std::string("say-") + row.language;
        EXPECT_EQ(make(name, row.language), 0) << err_.str();
        const fs::path project = dir_ / "in" / name;
        EXPECT_EQ(files_of(project), row.files);
        EXPECT_THAT(out_.str(), HasSubstr("Made " + project.string()));
        EXPECT_THAT(out_.str(), HasSubstr(row.build));
        const std::string source = dir_.read("in/" + name + "/" + row.source);
        EXPECT_THAT(source, HasSubstr("\"" + name + "\""));
        EXPECT_THAT(source, HasSubstr("\"say_" + std::string(row.language) + "\"")) << "the tool";
        EXPECT_THAT(dir_.read("in/" + name + "/README.md"), HasSubstr("tenon tool say_"));
        for (const std::string& file : row.files) {
            EXPECT_FALSE(fs::is_symlink(project / file)) << file;
            EXPECT_EQ(dir_.read("in/" + name + "/" + file).find("my-plugin"), std::string::npos)
                << file;
        }
    }
}

TEST_F(PluginNew, TakesANameThatContainsTheOneOfTheTemplate) {
    EXPECT_EQ(make("a-my_plugin", "c"), 0) << err_.str();
    const std::string source = dir_.read("in/a-my_plugin/plugin.c");
    EXPECT_THAT(source, HasSubstr("TENON_PLUGIN_NOTE(\"a-my_plugin\")"));
    EXPECT_THAT(source, HasSubstr("STR(\"a_my_plugin\")"));
}

TEST_F(PluginNew, UsesTheCurrentDirectoryByDefault) {
    world_.sources.cwd = dir_ / "in";
    EXPECT_EQ(run({"new", "--lang=c", "here"}), 0) << err_.str();
    EXPECT_EQ(made(), std::set<std::string>{"here"});
    world_.sources.cwd.clear();
    EXPECT_NE(run({"new", "there", "--lang=c"}), 0);
    EXPECT_NE(err_.str(), "");
}

TEST_F(PluginNew, RefusesWrongUsageWithExitCode2) {
    const std::string longest(32, 'x');
    const struct {
        std::vector<std::string> words;
        const char* message;
    } rows[] = {
        {{}, "usage: tenon plugin "},
        {{"new"}, "usage: tenon plugin new"},
        {{"new", "a", "b", "--lang", "c"}, "unexpected argument"},
        {{"nwe", "a"}, "unknown: tenon plugin nwe"},
        {{"new", "a"}, "--lang is missing: it is c, cpp or rust"},
        {{"new", "a", "--lang", "go"}, "\"go\" is not one of c, cpp, rust"},
        {{"new", "a", "--lang", ""}, "is not one of c, cpp, rust"},
        {{"new", "a", "--lang", "C"}, "is not one of c, cpp, rust"},
        {{"new", "a", "--lang", "../c"}, "is not one of c, cpp, rust"},
        {{"new", "a", "--lang", "c", "--dir", ""}, "--dir: the value is empty"},
        {{"new", "a", "--language", "c"}, "unknown option"},
        {{"new", "", "--lang", "c"}, "\"\" is not a plugin id"},
        {{"new", "Hello", "--lang", "c"}, "is not a plugin id"},
        {{"new", "9lives", "--lang", "c"}, "is not a plugin id"},
        {{"new", "a.b", "--lang", "c"}, "is not a plugin id"},
        {{"new", "..", "--lang", "c"}, "is not a plugin id"},
        {{"new", "in/a", "--lang", "c"}, "--dir DIR says where"},
        {{"new", "h\xc3\xa4", "--lang", "c"}, "is not a plugin id"},
        {{"new", "a\x1b[2J", "--lang", "c"}, "is not a plugin id"},
        {{"new", longest + "x", "--lang", "c"}, "is not a plugin id"},
        {{"new", "file", "--lang", "c"}, "comes with Tenon"},
    };
    world_.sources.cwd = dir_ / "in";
    for (const auto& row : rows) {
        SCOPED_TRACE(::testing::PrintToString(row.words));
        EXPECT_EQ(run(row.words), 2);
        EXPECT_THAT(err_.str(), HasSubstr(row.message));
        EXPECT_EQ(err_.str().find('\x1b'), std::string::npos);
        EXPECT_EQ(out_.str(), "");
    }
    EXPECT_TRUE(made().empty());
    EXPECT_EQ(run({"new", longest, "--lang", "c"}), 0) << "the longest name";
}

TEST_F(PluginNew, LeavesAloneWhatIsThere) {
    fs::create_directory(dir_ / "in/folder");
    dir_.write("in/text", "mine");
    fs::create_symlink("nowhere", dir_ / "in/link");
    for (const char* name : {"folder", "text", "link"}) {
        SCOPED_TRACE(name);
        EXPECT_EQ(make(name, "c"), 1);
        EXPECT_THAT(err_.str(), HasSubstr("exists already"));
    }
    EXPECT_EQ(made(), (std::set<std::string>{"folder", "text", "link"}));
    EXPECT_TRUE(fs::is_empty(dir_ / "in/folder"));
    EXPECT_EQ(dir_.read("in/text"), "mine");
}

TEST_F(PluginNew, SaysWhichDirectoryIsMissingOrCannotBeWritten) {
    EXPECT_EQ(run({"new", "a", "--lang", "c", "--dir", dir_ / "none"}), 1);
    EXPECT_THAT(err_.str(), HasSubstr("--dir " + (dir_ / "none").string() +
                                      ": there is no such directory; make it first"));
    EXPECT_EQ(run({"new", "a", "--lang", "c", "--dir", dir_.write("text", "")}), 1);
    EXPECT_THAT(err_.str(), HasSubstr("text: it is no directory"));
    EXPECT_EQ(run({"new", "a", "--lang", "c", "--dir", "/proc/self"}), 1);
    EXPECT_THAT(err_.str(), HasSubstr("/proc/self"));
}

TEST_F(PluginNew, LeavesNothingBehindWhenTheTemplatesAreMissingOrCannotBeRead) {
    world_.sources.prefix = dir_ / "prefix";
    EXPECT_EQ(make("a", "c"), 1);
    EXPECT_THAT(err_.str(), HasSubstr("the templates are missing"));
    EXPECT_THAT(err_.str(), HasSubstr((dir_ / "prefix/share/tenon/template/c").string()));

    // The second file of the template is no file that anybody would use.
    dir_.write("prefix/share/tenon/template/c/src/a.txt", "my-plugin");
    const auto huge = dir_.write("prefix/share/tenon/template/c/src/b.txt", "");
    fs::resize_file(huge, 16U << 20U);
    EXPECT_EQ(make("a", "c"), 1);
    EXPECT_THAT(err_.str(), HasSubstr("b.txt"));
    EXPECT_TRUE(made().empty());

    fs::remove(huge);
    EXPECT_EQ(make("a", "c"), 0) << err_.str();
    EXPECT_EQ(dir_.read("in/a/src/a.txt"), "a");
}

TEST_F(PluginNew, NeedsNoConfiguration) {
    world_.dir.write("ws/.tenon/tenon.xml", "<not xml");
    world_.dir.write("home/.config/tenon/tenon.properties", "no.such.key=1\n");
    EXPECT_EQ(make("a", "cpp"), 0);
    EXPECT_EQ(err_.str(), "");
}

TEST_F(PluginNew, HasHelp) {
    Options options;
    options.command = "plugin";
    options.help = true;
    EXPECT_EQ(run_plugin(options, world_.sources, {out_, err_}, {}), 0);
    EXPECT_THAT(out_.str(), HasSubstr("new NAME --lang LANGUAGE"));
}

}  // namespace
}  // namespace tenon::cli
