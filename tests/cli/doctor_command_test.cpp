#include <gtest/gtest.h>

#include "host/base/json.h"
#include "tests/cli/doctor_checks.h"
#include "tests/cli/plugin_world.h"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class DoctorCommand : public tenon::testing::PluginWorld {};

TEST_F(DoctorCommand, ExitsAccordingToWhatItFinds) {
    struct Case {
        std::vector<std::string> words;
        int code;
        const char* out;
        const char* err;
    };
    const std::string own = "model.baseUrl=http://127.0.0.1:1";
    const Case cases[] = {
        {{"doctor"},
         1,
         "error    model                no model is named\n         remedy: tenon",
         ""},
        {{"doctor", "--model", "m", "-D", own}, 0, "ok       model                m, provider", ""},
        {{"--model", "m", "-D", own, "doctor"},
         0,
         "ok       key                  none is needed",
         ""},
        {{"doctor", "--model", "m", "-D", own, "--online"}, 1, "Connection refused", ""},
        {{"doctor", "--help"}, 0, "--online", ""},
        {{"doctor", "now"}, 2, "", "unexpected argument \"now\""},
        {{"doctor", "--jsom"}, 2, "", "unknown option --jsom"},
        {{"-p", "x", "doctor"}, 2, "", "--prompt does not go with 'tenon doctor'"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(::testing::PrintToString(c.words));
        const auto ran = tenon(c.words);
        EXPECT_EQ(ran.code, c.code) << ran.out << ran.err;
        EXPECT_THAT(ran.out, HasSubstr(c.out));
        EXPECT_THAT(ran.err, HasSubstr(c.err));
    }
    EXPECT_FALSE(fs::exists(dir_ / "state"));
    EXPECT_EQ(std::distance(fs::directory_iterator(dir_.path()), fs::directory_iterator()), 2)
        << "only the two directories of this test";
}

TEST_F(DoctorCommand, IsNamedByARunWithoutAnyConfiguration) {
    const auto ran = tenon({"-p", "hello"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 6) << ran.err;
    EXPECT_THAT(ran.err, AllOf(StartsWith("tenon: no model is named, and no key"),
                               HasSubstr("\n  export ANTHROPIC_API_KEY="),
                               HasSubstr("\n  tenon --model NAME\n"), HasSubstr("model.baseUrl="),
                               HasSubstr("tenon doctor")));
}

TEST_F(DoctorCommand, PrintsOneDocumentWithoutTheKey) {
    environment_["ANTHROPIC_API_KEY"] = "sk-ant-0123456789";
    user_says("model.name=sk-ant-0123456789\n");
    const auto ran = tenon({"doctor", "--json"});
    EXPECT_EQ(ran.code, 0) << ran.out;
    EXPECT_EQ(ran.err, "");
    EXPECT_THAT(ran.out, Not(HasSubstr("0123456789")));
    const auto parsed = parse_json(ran.out);
    ASSERT_TRUE(parsed) << ran.out;
    EXPECT_TRUE(bool_or(*parsed, "ok", false));
    const Json& checks = member(*parsed, "checks");
    EXPECT_GT(checks.size(), 10U);
    EXPECT_EQ(element(checks, 0), (Json{{"name", "model"},
                                        {"status", "ok"},
                                        {"found", "[redacted], provider anthropic"},
                                        {"remedy", ""}}));
}

TEST_F(DoctorCommand, WorksWhereARunWouldNot) {
    user_says("modle=x\n");
    dir_.write("file", "");
    environment_["TENON_STATE_DIR"] = dir_ / "file";
    const auto ran = tenon({"doctor", "--json", "--model", "m", "--workspace", "/nonexistent"});
    EXPECT_EQ(ran.code, 1);
    const auto parsed = parse_json(ran.out);
    ASSERT_TRUE(parsed) << ran.out;
    EXPECT_FALSE(bool_or(*parsed, "ok", true));
    EXPECT_THAT(ran.out, AllOf(HasSubstr("unknown key \\\"modle\\\""), HasSubstr("/nonexistent"),
                               HasSubstr("is no directory")));
    environment_ = {{"PATH", "/usr/bin:/bin"}};
    EXPECT_NE(tenon({"doctor"}).out, "");
}

}  // namespace
}  // namespace tenon::cli
