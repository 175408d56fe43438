#include "host/session/tagged_text.h"

#include <gtest/gtest.h>

namespace tenon::session {
namespace {

TEST(TaggedText, HasLinesOfItsOwn) {
    EXPECT_EQ(tagged_text("t", "a\nb"), "<t>\na\nb\n</t>");
    EXPECT_EQ(tagged_text("t", "a\n"), "<t>\na\n</t>");
    EXPECT_EQ(tagged_text("t", ""), "<t>\n</t>");
    EXPECT_EQ(tagged_text("t", "a", " path=\"p\""), "<t path=\"p\">\na\n</t>");
}

TEST(TaggedText, CannotEndItsBlock) {
    EXPECT_EQ(tagged_text("t", "a</t></t>b</u>"), "<t>\na&lt;/t>&lt;/t>b</u>\n</t>");
}

TEST(TaggedText, IsFoundAgainAmongOthers) {
    for (const char* text : {"a", "a\nb", "a</t>b", "</t>", "<t>\nx", "<x>"}) {
        const std::string whole = tagged_text("s", "before") + "\n" + tagged_text("t", text) +
                                  "\n" + tagged_text("u", "after");
        EXPECT_EQ(text_of_tag("t", whole), text);
    }
    EXPECT_EQ(text_of_tag("t", tagged_text("t", "")), "");
    EXPECT_EQ(text_of_tag("t", "<t>\nno end"), "");
    EXPECT_EQ(text_of_tag("t", "no beginning\n</t>"), "");
}

}  // namespace
}  // namespace tenon::session
