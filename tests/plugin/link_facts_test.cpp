#include "host/plugin/link_facts.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <random>

#include <gtest/gtest.h>

#include "host/base/unique_fd.h"
#include "tests/support/temp_dir.h"

namespace tenon::plugin {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::filesystem::path library(const char* name) {
    return std::filesystem::path(TENON_FIXTURES) / (std::string(name) + ".so");
}

Result<LinkFacts, Refusal> facts_of(const std::filesystem::path& file) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    return read_link_facts(fd.get());
}

TEST(LinkFacts, OfAPluginThatTheSdkHasBuilt) {
    const auto facts = facts_of(library("good"));
    ASSERT_TRUE(facts) << facts.error().reason;
    EXPECT_THAT(facts->exports, ElementsAre("tenon_plugin_v1"));
    EXPECT_THAT(facts->unique, IsEmpty());
    EXPECT_THAT(facts->needed, Contains("libc.so.6"));
    EXPECT_TRUE(facts->has_symbol_table);
    EXPECT_FALSE(facts->text_relocations);
    EXPECT_FALSE(facts->executable_stack);
}

TEST(LinkFacts, ShowWhatABuildWithoutTheSdkLeaves) {
    EXPECT_THAT(facts_of(library("loose_faulty"))->exports, Contains("faulty_helper"));
    EXPECT_THAT(facts_of(library("loose_unique"))->unique, Contains(HasSubstr("shared_count")));
    EXPECT_TRUE(facts_of(library("faulty_text_relocation"))->text_relocations);
    EXPECT_TRUE(facts_of(library("faulty_exec_stack"))->executable_stack);
    EXPECT_THAT(facts_of(library("needs_absent"))->needed, Contains("libtenon-absent.so"));
    EXPECT_THAT(facts_of(library("needs_absent"))->search, IsEmpty());
    EXPECT_THAT(facts_of(library("needs_beside"))->search, ElementsAre("$ORIGIN"));
}

/// Every result is fine; a crash, a hang or an endless allocation is not.
TEST(LinkFacts, StandFilesThatLie) {
    const testing::TempDir dir;
    std::ifstream in(library("faulty_nothing"), std::ios::binary);
    const std::string whole((std::istreambuf_iterator<char>(in)), {});
    ASSERT_GT(whole.size(), 1000U);
    EXPECT_FALSE(facts_of(dir.write("cut.so", whole.substr(0, 100))));
    EXPECT_FALSE(facts_of(dir.write("text.so", "text")));
    std::mt19937 random(1);
    int refused = 0;
    for (int round = 0; round < 1000; ++round) {
        std::string bytes = whole;
        // Headers and tables of symbols are at the beginning, section headers at the end.
        const std::size_t range = round % 2 == 0 ? 2048 : bytes.size();
        for (int i = 0; i < 4; ++i)
            bytes[random() % std::min(range, bytes.size())] = static_cast<char>(random());
        if (round % 5 == 0) bytes.resize(random() % bytes.size());
        if (!facts_of(dir.write("lie.so", bytes))) ++refused;
    }
    EXPECT_GT(refused, 50);
}

}  // namespace
}  // namespace tenon::plugin
