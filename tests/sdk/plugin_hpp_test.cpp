// The C++ layer with hosts of other versions: structs that end earlier.
#include <cstddef>

#include <gtest/gtest.h>

#include <tenon/jobs.hpp>
#include <tenon/paths.hpp>

namespace tenon {
namespace {

/// A host that records requests and answers each with the same text.
struct FakeHost : tenon_host {
    FakeHost() : tenon_host{} {
        size = sizeof(tenon_host);
        state_dir = {"/state", 6};
        log = [](const tenon_host*, std::int32_t, tenon_str) {};
        request = [](const tenon_host* host, const tenon_call* call, tenon_str method,
                     tenon_str params, tenon_str, tenon_sink out) -> tenon_rc {
            auto& self = *const_cast<FakeHost*>(static_cast<const FakeHost*>(host));
            self.asked += std::string(call != nullptr ? "call " : "") +
                          std::string(method.p, method.n) + " " + std::string(params.p, params.n);
            out.put(out.ctx, {self.answer.data(), self.answer.size()});
            return self.rc;
        };
    }
    std::string asked, answer = "{}";
    tenon_rc rc = TENON_OK;
};

class LayerTest : public ::testing::Test {
protected:
    LayerTest() {
        raw_.size = sizeof raw_;
        raw_.deadline_ns = 5'000'000'000;
    }
    FakeHost host_;
    tenon_call raw_{};
};

TEST_F(LayerTest, HasTheFolderOfThePluginIfTheHostGivesOne) {
    EXPECT_EQ(Host(&host_).state_dir(), "/state");
    host_.size = offsetof(tenon_host, state_dir);
    EXPECT_EQ(Host(&host_).state_dir(), "");
}

TEST_F(LayerTest, HasTheDeadlineOfACallIfItHasOne) {
    using Clock = std::chrono::steady_clock;
    EXPECT_EQ(Call(Host(&host_), &raw_).deadline(), Clock::time_point(std::chrono::seconds(5)));
    raw_.size = offsetof(tenon_call, deadline_ns);
    EXPECT_EQ(Call(Host(&host_), &raw_).deadline(), std::nullopt);
    raw_.size = sizeof raw_;
    raw_.deadline_ns = 0;
    EXPECT_EQ(Call(Host(&host_), &raw_).deadline(), std::nullopt);
}

TEST_F(LayerTest, SaysThatToolsHaveChangedOutsideACall) {
    Host(&host_).tools_changed();
    EXPECT_EQ(host_.asked, "tools.changed/1 {}");
}

TEST_F(LayerTest, AsksForFilesAndJobsAndReadsTheAnswers) {
    const Call call(Host(&host_), &raw_);
    host_.answer = R"({"path":"/w/a","shown":"a","version":"v1"})";
    const File file = Paths(call).write("a", "");
    EXPECT_EQ(host_.asked, R"(call path.open/1 {"path":"a","access":"write","replaces":""})");
    EXPECT_EQ(file.path + " " + file.shown + " " + file.version, "/w/a a v1");
    EXPECT_FALSE(file.fd);

    host_.answer =
        R"({"jobs":[{"id":"1","status":"error","ended":true,"exit_code":3},{"id":"2","exit_code":null}]})";
    const auto jobs = Jobs(call).list();
    ASSERT_EQ(jobs.size(), 2U);
    EXPECT_EQ(jobs[0].exit_code, 3);
    EXPECT_EQ(jobs[1].exit_code, std::nullopt);

    host_.answer = "Unknown job 3";
    host_.rc = TENON_FAILED;
    try {
        Jobs(call).cancel("3");
        FAIL() << "it was refused";
    } catch (const Failure& failure) {
        EXPECT_STREQ(failure.what(), "Unknown job 3");
        EXPECT_EQ(failure.rc(), TENON_FAILED);
    }
    host_.rc = TENON_CANCELLED;
    EXPECT_TRUE(Jobs(call).wait({}, 1).cancelled);
}

}  // namespace
}  // namespace tenon
