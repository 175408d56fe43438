#include "host/plugins/loader.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): setenv
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "host/base/limits.h"
#include "host/base/unique_fd.h"
#include "host/plugin/library.h"
#include "host/plugin/running.h"
#include "tests/plugins/workbench.h"
#include "tests/support/sanitizers.h"

namespace tenon::plugins {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using testing::Workbench;

/// Names a file in an environment variable during the lifetime of the object.
class Mark {
public:
    Mark(const char* variable, std::filesystem::path file)
        : variable_(variable), file_(std::move(file)) {
        ::setenv(variable_, file_.c_str(), 1);
    }
    ~Mark() { ::unsetenv(variable_); }
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;
    [[nodiscard]] bool made() const { return std::filesystem::exists(file_); }

private:
    const char* variable_;
    std::filesystem::path file_;
};

std::vector<std::string> ids(const Loaded& loaded) {
    std::vector<std::string> out;
    for (const auto& plugin : loaded.plugins)
        out.push_back(plugin->id());
    return out;
}

TEST(Loader, RefusesAFileWithTheReasonAndRunsNoneOfItsCode) {
    const struct {
        const char* fixture;
        const char* reason;
    } cases[] = {
        {"wrong_abi", "built for plugin ABI 7.3; this host supports 1.1 and later minor versions"},
        {"no_note", "without the note"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.fixture);
        Workbench bench;
        const Mark constructed("TENON_TEST_CONSTRUCTED", bench.dir / "constructed");
        const auto file = bench.put(row.fixture, "misfit");
        bench.open();
        ASSERT_EQ(bench.problems.size(), 1U);
        EXPECT_EQ(bench.problems[0].file, file);
        EXPECT_THAT(bench.problems[0].reason, HasSubstr(row.reason));
        EXPECT_NE(bench.problems[0].remedy, "");
        EXPECT_FALSE(constructed.made());
    }
}

TEST(Loader, RunsNoCodeOfAFileThatOthersCouldHaveWritten) {
    Workbench bench;
    const Mark constructed("TENON_TEST_CONSTRUCTED", bench.dir / "constructed");
    ::chmod(bench.put("plain", "plain").c_str(), 0666);
    std::filesystem::create_symlink(bench.put("second", "second"), bench.folder() / "link.so");
    std::filesystem::permissions(bench.folder() / "second.so", std::filesystem::perms(0646));
    bench.dir.write("plugins/text.so", "no library at all");
    bench.open();
    std::vector<std::string> reasons;
    for (const Problem& problem : bench.problems)
        reasons.push_back(problem.file.filename().string() + ": " + problem.reason);
    EXPECT_THAT(reasons,
                ::testing::ElementsAre(HasSubstr("link.so: the file is writable by everybody"),
                                       HasSubstr("plain.so: the file is writable by everybody"),
                                       HasSubstr("second.so: the file is writable by everybody"),
                                       HasSubstr("text.so: not a plugin")));
    EXPECT_FALSE(constructed.made());
}

TEST(Loader, RefusesAMappedPluginThatIsWrong) {
    const struct {
        const char* fixture;
        const char* reason;
    } cases[] = {
        {"no_export", "does not export tenon_plugin_v1"},
        {"returns_null", "returned null"},
        {"too_short", "incomplete"},
        {"other_id", "its note says misfit, its code somebody-else"},
        {"create_fails", "it does not start: no licence"},
        {"same_tool_twice", "lists the tool misfit twice"},
        {"null_tool", "null or incomplete"},
        {"bad_name", "'Bad-Name' is no name for a tool"},
        {"bad_schema", "the input schema of misfit: schema at /patternProperties"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.fixture);
        Workbench bench;
        bench.put(row.fixture, "misfit");
        bench.put("plain", "plain");
        const Loaded loaded = load(bench.options, bench.services);
        EXPECT_EQ(ids(loaded), std::vector<std::string>{"plain"}) << "the host loads the others";
        ASSERT_EQ(loaded.problems.size(), 1U);
        EXPECT_THAT(loaded.problems[0].reason, HasSubstr(row.reason));
    }
}

TEST(Loader, RefusesAFileThatIsCutOffAndLoadsTheOthers) {
    const std::string whole =
        tenon::testing::TempDir().read(std::string(TENON_FIXTURES) + "/plain.so");
    Workbench bench;
    bench.put("second", "second");
    bench.options.by_id["plain"].isolated = false;
    for (std::size_t length = 0; length < whole.size(); length += whole.size() / 24) {
        SCOPED_TRACE(length);
        bench.dir.write("plugins/plain.so", whole.substr(0, length));
        const Loaded loaded = load(bench.options, bench.services);
        EXPECT_EQ(ids(loaded), std::vector<std::string>{"second"});
        ASSERT_EQ(loaded.problems.size(), 1U);
        EXPECT_NE(loaded.problems[0].remedy, "");
    }
}

TEST(Loader, ReportsAShortageOfDescriptorsAndNoDefectOfTheFiles) {
    if (tenon::testing::kSanitizerNeedsDescriptors)
        GTEST_SKIP() << tenon::testing::kWhySanitizerNeedsDescriptors;
    Workbench bench;
    bench.put("plain");
    bench.put("second");
    bench.write_manifest(R"({"v":1,"plugins":["plain.so","second.so"]})");
    const rlim_t before = descriptor_limit();
    const UniqueFd next(::open("/", O_PATH | O_CLOEXEC));
    const auto in_use = static_cast<rlim_t>(next.get());
    std::size_t shortages = 0;
    bool complete = false;
    for (rlim_t left = 1; !complete && left < 200; ++left) {
        SCOPED_TRACE(left);
        set_descriptor_limit(in_use + left);
        const Loaded loaded = load(bench.options, bench.services);
        set_descriptor_limit(before);
        complete = loaded.plugins.size() == 2 && loaded.problems.empty();
        if (complete) continue;
        ++shortages;
        ASSERT_THAT(loaded.problems, Not(IsEmpty()));
        for (const Problem& problem : loaded.problems) {
            // Without the manifest every plugin counts as a third-party plugin.
            const bool third_party =
                problem.reason.find("did not come with this host") != std::string::npos;
            EXPECT_TRUE(problem.shortage || (third_party && loaded.problems[0].shortage))
                << problem.file << ": " << problem.reason;
            if (problem.shortage) EXPECT_THAT(problem.reason, HasSubstr("ulimit -n"));
        }
    }
    EXPECT_TRUE(complete) << "it is loaded once there are enough";
    EXPECT_GT(shortages, 1U);
}

TEST(Loader, RefusesThirdPartyPluginsUnlessTheyMayRunInTheHost) {
    Workbench bench;
    bench.put("plain");
    const Loaded loaded = load(bench.options, bench.services);
    EXPECT_THAT(loaded.plugins, IsEmpty());
    ASSERT_EQ(loaded.problems.size(), 1U);
    EXPECT_THAT(loaded.problems[0].reason, HasSubstr("tenon-plugin-host"));
    EXPECT_THAT(loaded.problems[0].remedy, HasSubstr("plugins.plain.isolated=false"));
}

TEST(Loader, LoadsAThirdPartyPluginFromAPrivateCopy) {
    Workbench bench;
    bench.put("plain", "plain");
    const Loaded loaded = load(bench.options, bench.services);
    ASSERT_EQ(ids(loaded), std::vector<std::string>{"plain"});
    EXPECT_FALSE(loaded.plugins[0]->first_party());
    struct stat folder {};
    ASSERT_EQ(::stat((bench.dir / "state/plugins").c_str(), &folder), 0);
    EXPECT_EQ(folder.st_mode & 07777U, 0700U);
    std::vector<std::string> copies;
    for (const auto& entry : std::filesystem::directory_iterator(bench.dir / "state/plugins"))
        copies.push_back(entry.path().filename());
    EXPECT_THAT(copies, ::testing::ElementsAre(MatchesRegex("plain\\.[0-9a-f]{12}\\.[0-9]+\\.so")));
}

TEST(Loader, LoadsFirstPartyPluginsInPlaceAndInTheManifestsOrder) {
    Workbench bench;
    bench.put("plain");
    bench.put("second");
    bench.write_manifest(R"({"v":1,"plugins":["second.so","plain.so"]})");
    const Loaded loaded = load(bench.options, bench.services);
    EXPECT_THAT(loaded.problems, IsEmpty());
    EXPECT_EQ(ids(loaded), (std::vector<std::string>{"second", "plain"}));
    EXPECT_TRUE(loaded.plugins[0]->first_party());
    EXPECT_FALSE(std::filesystem::exists(bench.dir / "state/plugins"));
}

TEST(Loader, IgnoresTheManifestOfAnotherFolder) {
    Workbench bench;
    bench.put("plain");
    bench.write_manifest(R"({"v":1,"plugins":["plain.so"]})");
    bench.options.first_party_folder = bench.dir / "elsewhere";
    EXPECT_THAT(load(bench.options, bench.services).plugins, IsEmpty());
}

TEST(Loader, ReportsABadManifestAndTakesNoPluginForFirstParty) {
    for (const char* text :
         {"{", R"({"v":2,"plugins":[]})", R"({"v":1})", R"({"v":1,"plugins":[7]})"}) {
        SCOPED_TRACE(text);
        Workbench bench;
        bench.put("plain");
        bench.write_manifest(text);
        const Loaded loaded = load(bench.options, bench.services);
        EXPECT_THAT(loaded.plugins, IsEmpty());
        ASSERT_EQ(loaded.problems.size(), 2U);
        EXPECT_THAT(loaded.problems[0].reason, HasSubstr("manifest is malformed"));
    }
}

TEST(Loader, SkipsADisabledPluginWithoutAReport) {
    Workbench bench;
    bench.put("plain");
    bench.options.by_id["plain"].enabled = false;
    const Loaded loaded = load(bench.options, bench.services);
    EXPECT_THAT(loaded.plugins, IsEmpty());
    EXPECT_THAT(loaded.problems, IsEmpty());
}

TEST(Loader, LoadsTheFirstOfTwoPluginsWithOneId) {
    Workbench bench;
    bench.put("plain", "plain");
    const auto again = bench.put("plain_again");
    const Loaded loaded = load(bench.options, bench.services);
    ASSERT_EQ(ids(loaded), std::vector<std::string>{"plain"});
    EXPECT_EQ(loaded.plugins[0]->tools()[0]->spec().name, "plain");
    ASSERT_EQ(loaded.problems.size(), 1U);
    EXPECT_EQ(loaded.problems[0].file, again);
    EXPECT_THAT(loaded.problems[0].reason, HasSubstr("a second plugin with the id plain"));
}

TEST(Loader, ChecksTheConfigurationBeforeThePluginGetsIt) {
    Workbench bench;
    bench.put("plain", "plain");
    bench.options.by_id["plain"].own = {{"depth", "12"}, {"dept", "3"}};
    const Loaded loaded = load(bench.options, bench.services);
    ASSERT_EQ(loaded.problems.size(), 1U);
    EXPECT_THAT(loaded.problems[0].reason, HasSubstr("depth must be at most 9, not 12"));
}

TEST(Loader, LoadsAPluginWithoutTheKeysThatItDoesNotHave) {
    Workbench bench;
    bench.put("plain", "plain");
    bench.options.by_id["plain"].own = {{"depth", "2"}, {"dept", "3"}};
    bench.options.by_id["plain"].origins = {{"dept", "/etc/tenon/tenon.xml:4"}};
    const Loaded loaded = load(bench.options, bench.services);
    EXPECT_THAT(loaded.problems, IsEmpty());
    ASSERT_EQ(ids(loaded), std::vector<std::string>{"plain"});
    EXPECT_THAT(loaded.plugins[0]->warnings(),
                ::testing::ElementsAre("/etc/tenon/tenon.xml:4: plugins.plain.dept has no effect: "
                                       "the plugin plain has no such key; did you mean "
                                       "plugins.plain.depth?"));
}

TEST(Loader, ReportsAPluginOfTheHostThatIsNotThere) {
    Workbench bench;
    bench.put("plain");
    bench.write_manifest(R"({"v":1,"plugins":["plain.so","second.so"]})");
    const Loaded loaded = load(bench.options, bench.services);
    EXPECT_TRUE(loaded.has_first_party_list);
    ASSERT_EQ(loaded.problems.size(), 1U);
    EXPECT_EQ(loaded.problems[0].file, bench.folder() / "second.so");
    EXPECT_THAT(loaded.problems[0].reason, HasSubstr("it came with this host and is not there"));
}

TEST(Loader, KnowsTheIdsOfAllFilesItCouldRead) {
    Workbench bench;
    bench.put("plain", "plain");
    bench.put("second");
    bench.options.by_id["second"].enabled = false;
    const Loaded loaded = load(bench.options, bench.services);
    EXPECT_EQ(loaded.ids, (std::set<std::string>{"plain", "second"}));
    EXPECT_FALSE(loaded.has_first_party_list);
}

TEST(Loader, IgnoresAFolderThatDoesNotExist) {
    Workbench bench;
    bench.options.folders = {bench.dir / "nowhere"};
    const Loaded loaded = load(bench.options, bench.services);
    EXPECT_THAT(loaded.problems, IsEmpty());
}

TEST(Loader, LoadsAChangedFileAfterAReload) {
    Workbench bench;
    bench.put("plain", "plain");
    const Loaded before = load(bench.options, bench.services);
    std::filesystem::copy_file(std::filesystem::path(TENON_FIXTURES) / "plain_again.so",
                               bench.folder() / "plain.so",
                               std::filesystem::copy_options::overwrite_existing);
    const Loaded after = load(bench.options, bench.services);
    ASSERT_EQ(after.plugins.size(), 1U);
    EXPECT_EQ(before.plugins.at(0)->tools()[0]->spec().name, "plain");
    EXPECT_EQ(after.plugins[0]->tools()[0]->spec().name, "again");
}

}  // namespace
}  // namespace tenon::plugins
